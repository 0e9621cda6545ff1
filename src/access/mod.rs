//! who may watch and who is watching: passwords, tokens, links, sessions.
//!
//! Invariant: what is asked on every request ([`Access::authenticate`], [`Access::resolve_link`], [`Watching`]) is
//! answered from memory. No secret is stored in clear or shown by `Debug`.

mod error;
mod gate;
mod identity;
mod keys;
mod links;
mod passwords;
mod secret_key;
mod signer;
mod throttle;
mod tokens;
mod watching;

pub use crate::store::Vault;
pub use crate::store::links::Link;
pub use crate::wire::session::Protocol;
pub use error::AccessError;
pub use gate::{ADMINISTRATOR, Access, Opened, Options, SignedIn};
pub use identity::{Identity, IdentityKind, Role};
pub use keys::NewKey;
pub use links::{DEFAULT_HOURS, Resolved};
pub use secret_key::{SecretKey, SecretKeyError};
pub use signer::{Claims, Signer, Target};
pub use watching::{Limits, Polled, Refusal, Seat, Watching, Who};
