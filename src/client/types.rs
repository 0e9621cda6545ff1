//! What the command line reads from answers. Only the fields that it shows; all that may be missing is
//! optional, so that another version's answer can still be read.

use crate::wire::ChannelId;
use serde::Deserialize;

/// `GET /api/system/version`
#[derive(Debug, Clone, Deserialize)]
pub struct Version {
    /// The service's version.
    pub version: String,
    /// Seconds since it started.
    pub uptime: Option<u64>,
    /// Its process.
    pub pid: Option<u32>,
}

/// `GET /stream_status`
#[derive(Debug, Clone, Deserialize)]
pub struct OnAir {
    /// Whether a channel is on air.
    pub active: bool,
    /// Which.
    pub channel_id: Option<ChannelId>,
    /// Its name.
    pub channel_name: Option<String>,
    /// Since when, RFC 3339 without zone, UTC.
    pub started_at: Option<String>,
    /// `live`, `starting`, `reconnecting`, `failed`, `idle`.
    pub state: Option<String>,
    /// Who watches.
    pub viewers: Option<u64>,
}

/// `POST /start_stream`
#[derive(Debug, Clone, Deserialize)]
pub struct Started {
    /// The channel that is on air now.
    pub channel_name: String,
    /// For people.
    pub message: Option<String>,
}

/// `POST /stop_stream`
#[derive(Debug, Clone, Deserialize)]
pub struct Stopped {
    /// For people.
    pub message: Option<String>,
}

/// `GET /api/feeds`
#[derive(Debug, Clone, Deserialize)]
pub struct Feeds {
    /// The feeds that run.
    pub feeds: Vec<Feed>,
}

/// A running feed.
#[derive(Debug, Clone, Deserialize)]
pub struct Feed {
    /// Its channel.
    pub channel_id: ChannelId,
    /// The channel's name.
    pub name: Option<String>,
    /// Where it is in its life.
    pub state: String,
    /// Why it is not live.
    pub reason: Option<String>,
    /// The words of it.
    pub detail: Option<String>,
    /// Who watches.
    pub viewers: Option<u64>,
    /// kbit/s.
    pub bitrate: Option<f64>,
}

/// `GET /channels`
#[derive(Debug, Clone, Deserialize)]
pub struct ChannelPage {
    /// This page's channels.
    pub items: Vec<Channel>,
    /// How many there are on all pages.
    pub total: u64,
}

/// A channel of the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    /// Its id.
    pub channel_id: ChannelId,
    /// Its name.
    pub name: String,
    /// The provider's group.
    pub group: Option<String>,
    /// `tv`, `movies`, `series`, `other`.
    pub category: Option<String>,
}

/// `POST /generate_link`
#[derive(Debug, Clone, Deserialize)]
pub struct Link {
    /// Endless TS, absolute.
    pub url: String,
    /// HLS, absolute.
    pub hls_url: Option<String>,
    /// When it lapses.
    pub expires_at: Option<String>,
}

/// `GET /api/providers`
#[derive(Debug, Clone, Deserialize)]
pub struct Providers {
    /// All of them.
    pub providers: Vec<Provider>,
}

/// A provider, without credentials.
#[derive(Debug, Clone, Deserialize)]
pub struct Provider {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// `xtream` or `m3u`.
    pub kind: String,
    /// Its host.
    #[serde(alias = "address")]
    pub host: Option<String>,
    /// Connections at once; 0: unlimited.
    pub max_connections: Option<u32>,
    /// Connections open now.
    pub open_connections: Option<u32>,
    /// Channels it brought.
    pub channel_count: Option<u64>,
    /// Whether it is being read now.
    pub refreshing: Option<bool>,
    /// When it was last read with success.
    pub last_refresh: Option<String>,
    /// Why the last reading failed.
    #[serde(alias = "last_error")]
    pub error: Option<String>,
}

/// The answer to `POST /api/providers`
#[derive(Debug, Clone, Deserialize)]
pub struct ProviderCreated {
    /// What was made.
    pub provider: Provider,
}

/// The answer to `POST /api/providers/{id}/refresh`
#[derive(Debug, Clone, Deserialize)]
pub struct Refresh {
    /// One was running already.
    #[serde(default)]
    pub already_running: bool,
}

/// The answer to `POST /api/admin/password`
#[derive(Clone, Deserialize)]
pub struct AdminPassword {
    /// Whose it is.
    pub username: Option<String>,
    /// The one that the service made, where none was given.
    pub password: Option<String>,
}

impl std::fmt::Debug for AdminPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AdminPassword({:?})", self.username)
    }
}
