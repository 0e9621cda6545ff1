//! What a feed has to know of its channel, looked up anew at each connect.

use crate::ingest::Source;
use crate::wire::ChannelId;
use futures_util::future::BoxFuture;

/// A channel as the feed sees it.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name, for people.
    pub name: String,
    /// Where it comes from: the first is preferred, the others are fall-backs. Never empty.
    pub sources: Vec<Source>,
    /// Whose connections it uses up.
    pub provider: Option<Provider>,
}

/// A provider's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// Which.
    pub id: i64,
    /// Connections it allows at once; 0: it does not say.
    pub max_connections: u32,
}

/// The channel could not be looked up: the words of the store.
#[derive(Debug, Clone, thiserror::Error)]
#[error("channel {id} could not be looked up: {detail}")]
pub struct BookError {
    /// Which.
    pub id: ChannelId,
    /// Why.
    pub detail: String,
}

/// Who knows the channels.
pub trait Book: Send + Sync + 'static {
    /// The channel, or `None` where there is no active one of that id.
    fn channel<'a>(&'a self, id: &'a ChannelId) -> BoxFuture<'a, Result<Option<Channel>, BookError>>;
}
