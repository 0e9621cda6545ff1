//! What can be opened, and what comes of it.

use crate::wire::Reason;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// One address of a channel, with what its provider wants to see. Its `Debug` and `Display` never show credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// `http https rtmp rtmps rtsp rtsps srt udp rtp`; holds the provider's credentials.
    pub url: String,
    /// Sent as `User-Agent`.
    pub user_agent: Option<String>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Given by the network's public side (a provider's list) rather than by an administrator: then it may
    /// not point at private addresses.
    pub public_only: bool,
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Endless TS over HTTP, read by relais.
    HttpTs,
    /// HLS with TS segments, read by relais.
    Hls,
    /// Through an FFmpeg process.
    Ffmpeg,
}

/// What a running source tells its feed, in order.
#[derive(Debug, Clone)]
pub enum Event {
    /// It answered and looks right. `target_duration` where it is HLS.
    Opened {
        /// How it is read.
        kind: Kind,
        /// `EXT-X-TARGETDURATION` of an HLS source.
        target_duration: Option<Duration>,
    },
    /// Bytes of the stream, any length, not aligned to packets.
    Data(Bytes),
    /// The source itself says that what follows is another timeline (`EXT-X-DISCONTINUITY`, a lost segment).
    Boundary,
}

/// How it ended. `detail` is for people and masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// The words of it: "HTTP 403 from provider.example", FFmpeg's last line. No credentials.
    pub detail: String,
    /// The provider's own wish (`Retry-After`).
    pub retry_after: Option<Duration>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

impl fmt::Display for Source {
    /// Scheme and host only: an Xtream path and many queries are credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match url::Url::parse(&self.url) {
            Ok(url) => write!(f, "{}://{}/…", url.scheme(), url.host_str().unwrap_or("")),
            Err(_) => f.write_str("(malformed address)"),
        }
    }
}
