//! Media for players: playlists, segments, endless TS. Matched by hand before the router, because these are the
//! requests that come in thousands.
//!
//! Refusals are a status and a short text: players show no more. Never 401 or 404 for a gap in the source:
//! some never come back from those.

mod answer;
mod endless;
mod gate;
mod multivariant;
mod path;
mod playlist;
mod segment;
mod service;

pub use gate::{Gate, LinkState};
pub use service::Shared;

use crate::access::{Signer, Watching, Who};
use crate::feed::Feeds;
use crate::hls::{OnAir, Programmes};
use answer::Response;
use http::{HeaderMap, Method, Uri};
use ipnet::IpNet;
use path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What can be set.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a request for a channel that is not ready is held.
    pub hold: Duration,
    /// Media that the page is given in hand at once where the ring has it.
    pub page_delay: Duration,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The base of URLs handed out; `None`: from the request.
    pub public_url: Option<String>,
}

/// All that media requests need.
pub struct Media {
    /// The channels' feeds.
    pub feeds: Feeds,
    /// Their programmes.
    pub programmes: Programmes,
    /// The one that is on air.
    pub on_air: OnAir,
    /// Who watches.
    pub watching: Arc<Watching>,
    /// Signs sessions.
    pub signer: Arc<Signer>,
    /// Who may watch.
    pub gate: Arc<dyn Gate>,
    /// See there.
    pub options: Options,
    /// Requests that may wait for a channel at the same time.
    pub held: Semaphore,
}

impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Media").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A request that may have to wait, as far as media cares.
#[derive(Debug)]
struct Request {
    /// GET or HEAD.
    method: Method,
    /// Path and query.
    uri: Uri,
    headers: HeaderMap,
    /// The viewer: its address behind trusted proxies, its `User-Agent`.
    who: Who,
    /// `https://host`, for the one list that needs absolute URLs.
    base_url: String,
}

impl Media {
    /// What may have to start a channel first.
    async fn open(&self, path: Path<'_>, request: &Request) -> Response {
        let Ok(_held) = self.held.try_acquire() else {
            return answer::unavailable("too many requests are waiting for channels to start", 5);
        };
        let (grant, hls) = match path {
            Path::OnAir => return multivariant::on_air(self, request).await,
            Path::PageHls => return multivariant::page(self, request).await,
            Path::PageTs => return endless::page(self, request).await,
            Path::ChannelHls(id) => (gate::channel(self, id, request), Some("../")),
            Path::ChannelTs(id) => (gate::channel(self, id, request), None),
            Path::LinkHls(id) => (gate::link(self, id), Some("../live/")),
            Path::LinkTs(id) => (gate::link(self, id), None),
            Path::Segment(_) | Path::Playlist(_) => return answer::not_found(),
        };
        match (grant, hls) {
            (Ok(grant), Some(prefix)) => multivariant::channel(self, grant, prefix, request).await,
            (Ok(grant), None) => endless::channel(self, grant, request).await,
            (Err(refused), _) => refused.into(),
        }
    }
}
