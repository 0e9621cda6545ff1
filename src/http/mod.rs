//! Listeners, routers, principals, errors and handlers.
//!
//! [`server`] takes bound listeners and knows nothing of handlers; [`routes`] is the one table of paths, roles
//! and limits, and the guard enforces it; handlers call the traits of [`services`] and nothing else.

pub mod admin_socket;
mod auth;
pub mod bind;
mod catalogue;
mod changes;
pub mod context;
pub mod error;
mod fields;
mod guard;
mod guide;
mod keys;
pub mod local;
pub mod media;
mod negotiate;
mod on_air;
mod openapi;
mod player;
pub mod principal;
mod providers;
pub mod rates;
pub mod routes;
pub mod server;
pub mod services;
mod system;
#[cfg(test)]
pub(crate) mod testing;

pub use context::{Client, ClientAddress, Context, Options};
pub use error::ApiError;
pub use on_air::on_air_m3u::on_air_m3u;
pub use principal::{Identity, Principal};
pub use rates::Rates;
pub use server::{Limits, Listener, MediaFuture, MediaService, Peer, Service, serve};
pub use services::Services;

#[cfg(test)]
mod tests;
