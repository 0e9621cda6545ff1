//! One connection of a feed: to its source, to its base feed through FFmpeg, or to the slate.

use super::book::Provider;
use super::part::{Origin, Shape};
use super::registry::Feeds;
use super::rhythm::Rhythm;
use super::ring::{Item, Join, Reader, Ring};
use super::shared::Shared;
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
/// A provider that counts a connection as too many says so sooner.
const SETTLED: Duration = Duration::from_secs(10);

/// A running connection. Dropping it cancels it; [`Link::close`] gives the task to wait for.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) events: mpsc::Receiver<Event>,
    task: JoinHandle<Ended>,
    cancel: CancellationToken,
    pub(super) opened: Option<Instant>,
    pub(super) first_media: Option<Instant>,
    pub(super) last_media: Option<Instant>,
    pub(super) last_data: Instant,
    pub(super) rhythm: Rhythm,
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
            last_media: None,
            last_data: Instant::now(),
            rhythm: Rhythm::default(),
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

    /// Opens the web variant of the feed whose ring this is.
    pub(super) fn variant(
        feeds: Feeds,
        name: String,
        ring: Arc<Ring>,
        before: Option<JoinHandle<Ended>>,
    ) -> Self {
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
        self.rhythm.came(now);
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
        self.task.await.unwrap_or_else(|error| {
            // Its words are for the log: viewers read the detail.
            tracing::error!(%error, "reading a source failed inside");
            let detail = "relais failed while it read the source; its log says more".to_owned();
            Ended { reason: Reason::Internal, detail, retry_after: None }
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
        match ended.reason {
            Reason::Limit => slots.refused(id),
            _ if opened.elapsed() > SETTLED => slots.accepted(slot),
            _ => {}
        }
    }
    ended
}

/// The channel's own media, as bytes; ends with the ring, and where a codec changes: FFmpeg's decoder and copy
/// stay what they were at its start, so another FFmpeg has to go on.
fn media(reader: Reader) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((reader, None), |(mut reader, mut known)| async move {
        loop {
            match reader.next().await {
                Item::Part(part) if part.origin == Origin::Source => {
                    let known = known.get_or_insert_with(|| Arc::clone(&part.shape));
                    if !Arc::ptr_eq(known, &part.shape) {
                        if is_recoded(known, &part.shape) {
                            return None;
                        }
                        // A sound that falls silent is not forgotten: it may come back as it was.
                        if !part.shape.audio.is_empty() {
                            *known = Arc::clone(&part.shape);
                        }
                    }
                    let known = Some(Arc::clone(known));
                    return Some((part.bytes.clone(), (reader, known)));
                }
                Item::Part(_) | Item::Gap | Item::Skipped => {}
                Item::Closed => return None,
            }
        }
    })
}

/// Whether a picture's or a sound's codec is another than it was.
fn is_recoded(before: &Shape, after: &Shape) -> bool {
    let picture = |shape: &Shape| shape.video.as_ref().map(|video| video.codec);
    let sounds = |shape: &Shape| shape.audio.iter().map(|audio| audio.codec).collect::<Vec<_>>();
    picture(before) != picture(after) || (!after.audio.is_empty() && sounds(before) != sounds(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Budget;
    use crate::feed::part::{AudioInfo, Part, VideoInfo};
    use crate::ts::MediaTime;
    use futures_util::StreamExt;

    fn shape(sounds: &[&'static str], width: u32) -> Arc<Shape> {
        let video = Some(VideoInfo { codec: "h264", width, ..VideoInfo::default() });
        let audio = sounds.iter().map(|codec| AudioInfo { codec, ..AudioInfo::default() });
        Arc::new(Shape { video, audio: audio.collect(), others: 0 })
    }

    fn part(fill: u8, origin: Origin, shape: &Arc<Shape>) -> Part {
        Part {
            bytes: Bytes::from(vec![fill; 188]),
            start: MediaTime::ZERO,
            end: MediaTime::ZERO,
            epoch: 0,
            origin,
            keyframe: true,
            segment: true,
            shape: Arc::clone(shape),
        }
    }

    #[tokio::test]
    async fn a_variants_input_ends_where_a_codec_changes_and_not_before() {
        let ring = Ring::new(MediaTime(i64::MAX), usize::MAX, Budget::new(usize::MAX));
        let reader = ring.reader(Join::Newest);
        let mp2 = shape(&["mp2"], 0);
        ring.push([
            part(0, Origin::Source, &mp2),
            part(1, Origin::Source, &shape(&["mp2"], 1920)),
            part(9, Origin::Slate, &shape(&["aac"], 640)),
            part(2, Origin::Source, &shape(&[], 1920)),
            part(3, Origin::Source, &shape(&["mp2"], 1280)),
            part(4, Origin::Source, &shape(&["ac3"], 1280)),
        ]);
        let sent: Vec<_> = media(reader).map(|bytes| bytes[0]).collect().await;
        assert_eq!(sent, [0, 1, 2, 3]);
    }
}
