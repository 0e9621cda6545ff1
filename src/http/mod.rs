//! listeners, routers, principals, errors and handlers.
