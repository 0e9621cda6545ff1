//! Request, response and event types, identifiers and error codes; no I/O.

pub mod catalogue;
pub mod changes;
mod channel_id;
pub mod error;
pub mod feeds;
pub mod guide;
pub mod links;
pub mod on_air;
pub mod paging;
pub mod programme;
pub mod providers;
mod reason;
mod secret;
pub mod session;
pub mod sign_in;
pub mod system;
pub mod time;

pub use channel_id::{ChannelId, InvalidChannelId};
pub use error::{ErrorBody, ErrorCode};
pub use paging::Paging;
pub use reason::Reason;
pub use secret::Secret;
pub use session::SessionView;
pub use sign_in::Role;
