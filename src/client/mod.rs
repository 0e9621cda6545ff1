//! typed client of the admin socket.
