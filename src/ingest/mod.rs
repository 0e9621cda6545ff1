//! Sources: direct HTTP TS, HLS read by relais, everything else through FFmpeg, and the slate.
//!
//! A source runs once, from its opening to its end; what follows (another try, another address) is the feed's
//! decision. Nothing is paced or buffered here: bytes are read as fast as the bounded channel takes them.

mod direct;
mod hls;
mod psi;
mod sink;
pub mod slate;
mod sniff;
pub mod source;
mod through;
mod variant;

pub use source::{Ended, Event, Kind, Source};

use crate::ffmpeg::args::Scheme;
use crate::ffmpeg::{self, Tool};
use crate::net::mask::{self, Secrets};
use crate::net::{FetchError, Get, Outbound};
use crate::wire::Reason;
use bytes::Bytes;
use futures_util::Stream;
use sink::Sink;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Time-outs and limits of all sources.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// From a request to the head of its answer: panels start channels on request.
    pub header_timeout: Duration,
    /// Silence after which a source has ended. Longer than the feed's own patience, which knows the stream.
    pub idle_timeout: Duration,
    /// From FFmpeg's start to its first byte.
    pub ffmpeg_open_timeout: Duration,
    /// The largest HLS segment that is taken.
    pub max_segment: usize,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            ffmpeg_open_timeout: Duration::from_secs(15),
            max_segment: 64 << 20,
        }
    }
}

/// Opens sources. Cheap to clone.
#[derive(Clone)]
pub struct Ingest(Arc<Inner>);

struct Inner {
    outbound: Outbound,
    ffmpeg: Option<Tool>,
    options: IngestOptions,
}

/// How a part of a source's run ends: cleanly, or with a reason.
type Outcome = Result<(), Ended>;

impl Ingest {
    /// Without FFmpeg, sources that need it end with [`Reason::Internal`].
    pub fn new(outbound: Outbound, ffmpeg: Option<Tool>, options: IngestOptions) -> Self {
        Self(Arc::new(Inner { outbound, ffmpeg, options }))
    }

    /// Opens and reads one source to its end or until cancelled. [`Event::Opened`] comes first, then data and
    /// boundaries; a full channel holds the reading back. `name` is the feed's, for the log.
    pub async fn run(
        &self,
        name: &str,
        source: &Source,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Ended {
        let mut sink = Sink::new(events);
        let outcome = match Url::parse(source.url.trim()) {
            Err(error) => Err(ended(Reason::Unsupported, format!("the address is malformed: {error}"))),
            Ok(url) => match (url.scheme(), Scheme::of(&url)) {
                ("http" | "https", _) => tokio::select! {
                    biased;
                    () = cancel.cancelled() => Err(stopped()),
                    outcome = direct::run(self, name, source, &mut sink) => outcome,
                },
                (_, Some(scheme)) => {
                    through::network(self, name, source, &url, scheme, &mut sink, &cancel).await
                }
                (other, None) => Err(ended(Reason::Unsupported, format!("{other} addresses are not read"))),
            },
        };
        let end = outcome.err().unwrap_or_else(|| ended(Reason::Ended, Reason::Ended.words()));
        tracing::info!(feed = name, source = %source, reason = ?end.reason, detail = %end.detail, "source ended");
        end
    }

    /// The web variant: TS in, the same pictures with one AAC track out. `language` (ISO 639) chooses among the
    /// input's sounds, otherwise the first is taken.
    pub async fn variant(
        &self,
        name: &str,
        language: Option<&str>,
        input: impl Stream<Item = Bytes> + Send + Unpin,
        events: mpsc::Sender<Event>,
        cancel: CancellationToken,
    ) -> Ended {
        let outcome = variant::run(self, name, language, input, &mut Sink::new(events), &cancel).await;
        outcome.err().unwrap_or_else(|| ended(Reason::Ended, Reason::Ended.words()))
    }

    fn request(&self, source: &Source, url: &str) -> Get {
        let mut get = Get::new(url);
        get.user_agent.clone_from(&source.user_agent);
        get.headers.clone_from(&source.headers);
        get.verify_tls = source.verify_tls;
        get.public_only = source.public_only;
        get.header_timeout = self.0.options.header_timeout;
        get.idle_timeout = self.0.options.idle_timeout;
        get
    }

    fn tool(&self) -> Result<&Tool, Ended> {
        self.0.ffmpeg.as_ref().ok_or_else(|| {
            ended(
                Reason::Internal,
                "this source needs FFmpeg, and none was found: install it, or name it in the configuration",
            )
        })
    }

    fn spawn(
        &self,
        name: &str,
        args: Vec<String>,
        stdin: bool,
        secrets: Secrets,
    ) -> Result<ffmpeg::Process, Ended> {
        let spawn = ffmpeg::Spawn { name: name.to_owned(), args, stdin, secrets };
        ffmpeg::Process::spawn(self.tool()?, spawn)
            .map_err(|error| ended(Reason::Internal, error.to_string()))
    }
}

fn ended(reason: Reason, detail: impl AsRef<str>) -> Ended {
    Ended { reason, detail: mask::text(detail.as_ref()), retry_after: None }
}

fn stopped() -> Ended {
    ended(Reason::Ended, "stopped")
}

impl From<FetchError> for Ended {
    fn from(error: FetchError) -> Self {
        Self { reason: error.reason, detail: error.detail, retry_after: error.retry_after }
    }
}

#[cfg(test)]
mod tests;
