//! What the guide needs to know of channels and providers: `app` joins it to the catalogue.

use crate::wire::ChannelId;
use futures_util::future::BoxFuture;
use std::fmt;
use tokio::sync::watch;

/// A channel that may have a guide.
#[derive(Debug, Clone, PartialEq)]
pub struct LineupChannel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its name in guides, as the provider says.
    pub tvg_id: Option<String>,
    /// The provider's group; may name a country.
    pub group: Option<String>,
    /// Its provider's number.
    pub provider: Option<i64>,
    /// Minutes by which its provider says that it is later than its guide.
    pub shift: i32,
    /// Its number, for those who write guides.
    pub number: Option<f64>,
    /// A picture of it, likewise.
    pub logo_url: Option<String>,
}

/// Some channels, and where to go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The channels.
    pub channels: Vec<LineupChannel>,
    /// `None`: those were the last.
    pub next: Option<u64>,
}

/// The channels can't be had now; why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineupError(pub String);

/// The channels that may have a guide: live ones, of all providers.
pub trait Lineup: Send + Sync + 'static {
    /// Some thousand channels, in an order of its own; `from`: 0, or a batch's `next`. Changes meanwhile may be missed,
    /// for [`Lineup::changes`] tells of them.
    fn batch(&self, from: u64) -> BoxFuture<'_, Result<Batch, LineupError>>;

    /// Rises with each change of channels or providers.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A provider that may have a guide of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideProvider {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub enabled: bool,
}

/// Where a guide is. Holds credentials: its `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `http` or `https`.
    pub url: String,
    /// `None`: the configured one.
    pub user_agent: Option<String>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// It may not lead to a private address.
    pub public_only: bool,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", crate::net::mask::url(&self.url))
    }
}

/// Providers' own guides. Addresses are asked for when they are needed, and kept nowhere.
pub trait ProviderGuides: Send + Sync + 'static {
    /// Providers that have one, or may.
    fn providers(&self) -> BoxFuture<'_, Result<Vec<GuideProvider>, LineupError>>;

    /// Where a provider's guides are; none: it has none, or its credentials are not known any more.
    fn addresses(&self, provider: i64) -> BoxFuture<'_, Result<Vec<Address>, LineupError>>;
}
