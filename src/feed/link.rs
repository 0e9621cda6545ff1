//! One connection of a feed: to its source, to its base feed through FFmpeg, or to the slate.

use super::book::Provider;
use super::part::{Origin, Shape};
use super::registry::Feeds;
use super::ring::{Item, Join, Reader};
use super::shared::{Lease, Shared};
use crate::ingest::{Ended, Event, Kind, slate};
use crate::wire::Reason;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Chunks under way between a source and its feed: back-pressure reaches the socket after these.
const QUEUE: usize = 32;

/// A running connection. Dropping it cancels it; [`Link::close`] gives the task to wait for.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) events: mpsc::Receiver<Event>,
    task: JoinHandle<Ended>,
    cancel: CancellationToken,
    pub(super) opened: Option<Instant>,
    pub(super) first_media: Option<Instant>,
    pub(super) last_data: Instant,
    pub(super) longest_gap: Duration,
    pub(super) target: Option<Duration>,
    pub(super) kind: Option<Kind>,
}

impl Link {
    fn spawn<F>(run: impl FnOnce(mpsc::Sender<Event>, CancellationToken) -> F) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(QUEUE);
        let cancel = CancellationToken::new();
        let task = tokio::spawn(run(sender, cancel.clone()));
        Self {
            events,
            task,
            cancel,
            opened: None,
            first_media: None,
            last_data: Instant::now(),
            longest_gap: Duration::ZERO,
            target: None,
            kind: None,
        }
    }

    /// Opens source number `index` of the feed's channel: once the connection before it is closed, with a slot
    /// of the provider, its address looked up now.
    pub(super) fn source(
        feeds: Feeds,
        shared: Arc<Shared>,
        index: usize,
        before: Option<JoinHandle<Ended>>,
    ) -> Self {
        Self::spawn(|events, cancel| async move {
            closed(before).await;
            open_source(&feeds, &shared, index, events, &cancel).await
        })
    }

    /// Opens the web variant of `base`.
    pub(super) fn variant(
        feeds: Feeds,
        name: String,
        base: &Lease,
        before: Option<JoinHandle<Ended>>,
    ) -> Self {
        let ring = Arc::clone(base.ring());
        Self::spawn(|events, cancel| async move {
            closed(before).await;
            let input = Box::pin(media(ring.reader(Join::Newest)));
            let language = feeds.inner.options.language.as_deref();
            feeds.inner.ingest.variant(&name, language, input, events, cancel).await
        })
    }

    /// The "no signal" loop.
    pub(super) fn slate(ahead: Duration) -> Self {
        Self::spawn(|events, cancel| async move {
            slate::run(events, cancel, ahead).await;
            Ended { reason: Reason::Ended, detail: String::new(), retry_after: None }
        })
    }

    /// Something came.
    pub(super) fn note_data(&mut self, now: Instant) {
        self.longest_gap = self.longest_gap.max(now - self.last_data);
        self.last_data = now;
    }

    /// How long it delivered.
    pub(super) fn lasted(&self, now: Instant) -> Duration {
        self.first_media.map_or(Duration::ZERO, |first| now - first)
    }

    /// Cancels; what comes back ends when everything is closed.
    pub(super) fn close(self) -> JoinHandle<Ended> {
        self.cancel.cancel();
        self.task
    }

    /// After `events` has ended: how.
    pub(super) async fn ended(self) -> Ended {
        self.task.await.unwrap_or_else(|error| Ended {
            reason: Reason::Internal,
            detail: format!("the reading task failed: {error}"),
            retry_after: None,
        })
    }
}

/// Waits for a connection that was closed before.
pub(super) async fn closed(before: Option<JoinHandle<Ended>>) {
    if let Some(before) = before {
        // Its end was asked for; how it went is of no interest any more.
        before.await.ok();
    }
}

async fn open_source(
    feeds: &Feeds,
    shared: &Arc<Shared>,
    index: usize,
    events: mpsc::Sender<Event>,
    cancel: &CancellationToken,
) -> Ended {
    let fail = |reason, detail| Ended { reason, detail, retry_after: None };
    let channel = match feeds.inner.book.channel(&shared.key.channel).await {
        Ok(Some(channel)) => channel,
        Ok(None) => return fail(Reason::NotFound, "the channel was removed or disabled".into()),
        Err(error) => return fail(Reason::Internal, error.to_string()),
    };
    shared.sources.store(channel.sources.len().max(1), Ordering::Relaxed);
    let Some(source) = channel.sources.get(index).or(channel.sources.first()) else {
        return fail(Reason::Unsupported, "the channel has no address".into());
    };
    let slots = &feeds.inner.slots;
    let slot = match channel.provider {
        None => None,
        Some(provider) => {
            let slot = tokio::select! {
                slot = slots.acquire(provider, shared) => slot,
                () = cancel.cancelled() => return fail(Reason::Ended, String::new()),
            };
            match slot {
                Ok(slot) => Some(slot),
                Err(error) => return fail(Reason::Limit, error.to_string()),
            }
        }
    };
    shared.status.send_modify(|status| status.source = source.to_string());
    let opened = Instant::now();
    let mut ended = feeds.inner.ingest.run(&shared.key.to_string(), source, events, cancel.clone()).await;
    if let (Some(slot), Some(Provider { id, .. })) = (&slot, channel.provider) {
        // At the limit providers close a new connection cleanly, at once: the limit, not the end.
        let at_once = opened.elapsed() < Duration::from_secs(3) && !cancel.is_cancelled();
        if ended.reason == Reason::Ended && slot.was_last && at_once {
            ended.reason = Reason::Limit;
        }
        if ended.reason == Reason::Limit {
            slots.refused(id);
        }
    }
    ended
}

/// The channel's own media, as bytes; ends with the ring, and where the codecs change: FFmpeg has made up its mind
/// on the first, so another one begins.
fn media(reader: Reader) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((reader, None), |(mut reader, mut carried)| async move {
        loop {
            match reader.next().await {
                Item::Part(part) if part.origin == Origin::Source => {
                    let carries = codecs(&part.shape);
                    if *carried.get_or_insert_with(|| carries.clone()) != carries {
                        return None;
                    }
                    return Some((part.bytes.clone(), (reader, carried)));
                }
                Item::Part(_) | Item::Gap | Item::Skipped => {}
                Item::Closed => return None,
            }
        }
    })
}

/// What FFmpeg settles on when it begins.
fn codecs(shape: &Shape) -> (Option<(&'static str, u32, u32)>, Vec<&'static str>) {
    let video = shape.video.as_ref().map(|video| (video.codec, video.width, video.height));
    (video, shape.audio.iter().map(|audio| audio.codec).collect())
}
