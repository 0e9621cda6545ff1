//! What is told on the bus.

use crate::wire::{ChannelId, Reason};
use jiff::Timestamp;
use serde::Serialize;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened. Texts are masked: no credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Kind {
    /// A feed came into another state.
    Feed {
        /// The feed's channel.
        channel: ChannelId,
        /// The new state.
        state: FeedState,
        /// Why, where that is known.
        reason: Option<Reason>,
        /// For people; may be empty.
        detail: String,
    },
    /// Another channel is on air, or none.
    OnAir {
        /// What is on air now.
        channel: Option<ChannelId>,
    },
    /// A provider's list is being fetched.
    Refreshing {
        /// The provider's name.
        provider: String,
        /// Thousandths done, an estimate.
        permille: u16,
    },
    /// A provider's list was taken over.
    Refreshed {
        /// The provider's name.
        provider: String,
        /// Channels in it.
        channels: u64,
    },
    /// A provider's list could not be fetched or was refused; the old one stays.
    RefreshFailed {
        /// The provider's name.
        provider: String,
        /// Why.
        error: String,
    },
}

/// The states of a feed (design, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Nobody wants it.
    Idle,
    /// Wanted, nothing to send yet.
    Starting,
    /// Sending.
    Live,
    /// Nobody watches any more; stops soon.
    Lingering,
    /// The source broke off; trying again.
    Reconnecting,
    /// Given up until someone asks again.
    Failed,
}
