//! Request, response and event types, identifiers and error codes; no I/O.

mod channel_id;
mod reason;

pub use channel_id::{ChannelId, InvalidChannelId};
pub use reason::Reason;
