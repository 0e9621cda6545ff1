//! The way out to the network: DNS of our own, HTTP with redirects we follow ourselves, the guard that
//! keeps foreign addresses away from private ones, and who a viewer behind proxies is.
//!
//! Invariants: no look-up goes through getaddrinfo (a static glibc can't do it); the address that was checked
//! is the address that is connected to; no error or log text holds a URL's credentials, path or query.

mod client_address;
mod dns;
mod fetch;
mod guard;
pub mod mask;
mod outbound;
mod redirect;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod unpack;

pub use client_address::{ClientAddress, Scheme, client_address, default_trusted_proxies};
pub use dns::{DnsError, Resolver};
pub use fetch::{FetchError, Fetched, Get};
pub use guard::{is_private_host, is_public};
pub use outbound::{NetError, Outbound, OutboundOptions};
pub use unpack::{Unpacked, unpack};
