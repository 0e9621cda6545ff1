//! Request, response and event types, identifiers and error codes; no I/O.

pub mod catalogue;
mod channel_id;
mod reason;
pub mod session;

pub use channel_id::{ChannelId, InvalidChannelId};
pub use reason::Reason;
pub use session::SessionView;
