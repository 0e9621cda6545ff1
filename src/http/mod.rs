//! Listeners, routers, principals, errors and handlers.

pub mod error;
pub mod server;
#[cfg(test)]
pub(crate) mod testing;

pub use error::ApiError;
pub use server::{Limits, Listener, MediaFuture, MediaService, Peer, Service, serve};
pub mod media;
