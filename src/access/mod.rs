//! who may watch and who is watching: passwords, tokens, links, sessions.

mod secret_key;
mod signer;
mod watching;

pub use secret_key::{SecretKey, SecretKeyError};
pub use signer::{Claims, Signer, Target};
pub use watching::{Limits, Polled, Refusal, Seat, Watching, Who};
