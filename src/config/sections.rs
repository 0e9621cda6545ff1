//! The sections of `relais.toml`, each with its defaults. `packaging/relais.toml` explains the keys to
//! those who write the file, and a test holds the two together.

use super::units;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where relais listens; `None` turns a listener off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The whole API.
    pub api: Option<SocketAddr>,
    /// What a stranger may reach: the player page and media.
    pub public: Option<SocketAddr>,
    /// The RTMP server.
    pub rtmp: Option<SocketAddr>,
    /// The Unix socket of the command line and the dashboard.
    pub admin_socket: Option<PathBuf>,
    /// The group that may use that socket, where it exists.
    pub admin_group: String,
}

/// Reverse proxies and tunnels in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Whose `X-Forwarded-*`, `CF-*` and `X-Real-IP` headers are believed.
    pub trusted: Vec<ipnet::IpNet>,
}

/// How providers are spoken to.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provider {
    /// How old a catalogue may get before it is fetched again (`CACHE_TTL_SECONDS`); zero: never by itself.
    #[serde(with = "units::seconds")]
    pub refresh: Duration,
    /// Whether providers' certificates must be valid (`VERIFY_SSL`).
    pub verify_tls: bool,
    /// Sent to providers, where a channel has none of its own; empty in the file: `relais/{version}`.
    pub user_agent: String,
    /// Until a connection stands.
    #[serde(with = "units::seconds")]
    pub connect_timeout: Duration,
    /// Until an answer begins.
    #[serde(with = "units::seconds")]
    pub header_timeout: Duration,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(12 * 3600),
            verify_tls: true,
            user_agent: String::new(),
            connect_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
        }
    }
}

/// The programme guide.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guide {
    /// Days of the past that are kept.
    pub days_back: u32,
    /// Days to come that are taken.
    pub days_ahead: u32,
    /// How old a guide may get before it is fetched again, where its source says nothing else; zero: never by itself.
    #[serde(with = "units::seconds")]
    pub refresh: Duration,
    /// The language to take where a guide has several (`fr`); empty: its first.
    pub language: String,
}

impl Default for Guide {
    fn default() -> Self {
        Self {
            days_back: 1,
            days_ahead: 14,
            refresh: Duration::from_secs(12 * 3600),
            language: String::new(),
        }
    }
}

/// Segments and playlists.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hls {
    /// `EXT-X-TARGETDURATION`, whole seconds; a constant of a programme's life (RFC 8216, 4.3.3.1).
    pub target_duration: u32,
    /// A segment is cut at the first keyframe after this.
    #[serde(with = "units::seconds")]
    pub segment_min: Duration,
    /// How much media a playlist lists; at least three target durations.
    #[serde(with = "units::seconds")]
    pub window: Duration,
}

impl Default for Hls {
    fn default() -> Self {
        Self { target_duration: 4, segment_min: Duration::from_secs(2), window: Duration::from_secs(16) }
    }
}

/// A channel's life.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// How long a feed runs on after its last viewer left.
    #[serde(with = "units::seconds")]
    pub idle_timeout: Duration,
    /// How long a request for an idle channel is held before 503; common players give up at 10 s.
    #[serde(with = "units::seconds")]
    pub hold: Duration,
    /// Silence that counts as a stall; raised by itself for sources that arrive in bursts.
    #[serde(with = "units::seconds")]
    pub stall: Duration,
    /// Media kept in memory per feed.
    #[serde(with = "units::seconds")]
    pub ring_seconds: Duration,
    /// Bytes kept in memory per feed.
    #[serde(with = "units::size")]
    pub ring_bytes: u64,
    /// Bytes kept in memory by all feeds; `None`: half of this machine's memory. New feeds are refused beyond it.
    #[serde(with = "units::size_or_auto")]
    pub memory_budget: Option<u64>,
    /// The largest access unit, in bytes, that is not dropped as garbage.
    #[serde(with = "units::size")]
    pub max_access_unit: u64,
    /// Bytes that may pass without a keyframe before the source is given up.
    #[serde(with = "units::size")]
    pub max_without_keyframe: u64,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(30),
            hold: Duration::from_secs(8),
            stall: Duration::from_secs(8),
            ring_seconds: Duration::from_secs(12),
            ring_bytes: 256 << 20,
            memory_budget: None,
            max_access_unit: 8 << 20,
            max_without_keyframe: 64 << 20,
        }
    }
}

/// What the player page plays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// TS first, HLS where that does not work.
    Auto,
    /// Endless TS only.
    Ts,
    /// HLS only: where a cache in front should carry the viewers.
    Hls,
}

impl Engine {
    /// As the page's protocol and the configuration spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ts => "ts",
            Self::Hls => "hls",
        }
    }
}

/// The player page.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Player {
    /// What it plays with.
    pub engine: Engine,
    /// Media in hand that the TS engine builds up against stalls.
    #[serde(with = "units::seconds")]
    pub delay: Duration,
}

impl Default for Player {
    fn default() -> Self {
        Self { engine: Engine::Auto, delay: Duration::from_secs(2) }
    }
}

/// The on-air stream.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnAir {
    /// While nothing is on air: a "no signal" slate instead of 503.
    pub slate: bool,
}

/// FFmpeg.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ffmpeg {
    /// The program; empty: `ffmpeg` from `PATH`.
    pub path: PathBuf,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs, to stderr always and to files.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a tracing filter (`RELAIS_LOG`).
    pub level: String,
    /// How a line is written.
    pub format: LogFormat,
    /// Where the files are; empty: `logs` in the data directory.
    pub dir: PathBuf,
    /// The size at which a file is closed and the next begun.
    #[serde(with = "units::size")]
    pub max_size: u64,
    /// How many files are kept; 0: none is written.
    pub files: u32,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
            dir: PathBuf::new(),
            max_size: 10 << 20,
            files: 5,
        }
    }
}

/// Caps that keep one visitor from taking everything.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Open connections per listener.
    pub connections: u32,
    /// Requests that may wait for a channel to start, in all.
    pub held_requests: u32,
    /// Viewers from one address; 0: no cap.
    pub sessions_per_address: u32,
    /// The largest request body.
    #[serde(with = "units::size")]
    pub body: u64,
    /// Requests an hour per signed-in identity; 0: no cap.
    pub requests_per_hour: u32,
    /// Requests an hour per address without sign-in; 0: no cap.
    pub anonymous_per_hour: u32,
    /// Starts, stops and creations a minute per identity; 0: no cap.
    pub controls_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            held_requests: 1024,
            sessions_per_address: 1000,
            body: 1 << 20,
            requests_per_hour: 1000,
            anonymous_per_hour: 100,
            controls_per_minute: 60,
        }
    }
}

/// Who may watch, and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// How long a generated link works where the request does not say.
    pub link_hours: u32,
    /// How long a sign-in lasts.
    #[serde(with = "units::seconds")]
    pub sign_in: Duration,
}

impl Default for Access {
    fn default() -> Self {
        Self { link_hours: 24, sign_in: Duration::from_secs(3600) }
    }
}

/// What browsers get.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Audio tracks by preference, as ISO 639 codes (`fra`, `fre`, `eng`); otherwise the source's first.
    pub audio_languages: Vec<String>,
}
