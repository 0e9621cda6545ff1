//! Reasons alone.

#[path = "../../../src/wire/reason.rs"]
mod reason;

pub use reason::Reason;
