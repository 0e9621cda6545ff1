//! Endless MPEG-TS: a feed's parts as one response body.

use crate::access::Seat;
use crate::feed::{Held, Item, Lease, Origin, Reader, Shape};
use crate::hls::programme::Current;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a viewer is kept while there is nothing that its decoder could play.
const SILENCE: Duration = Duration::from_secs(20);

/// A channel, for set-top apps and players: goes on over reconnects and skips. The slate is sent only where its
/// codecs are those of the channel, for a decoder that was started on others breaks; else there is silence, and
/// after 20 s of it a clean end.
pub fn channel(
    lease: Lease,
    reader: Reader,
    seat: Seat,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let state = Channel { _lease: lease, reader, seat, shape: None, last: Instant::now() };
    stream::unfold(state, |mut state| async move {
        let part = state.next().await?;
        state.seat.add_bytes(part.bytes.len() as u64);
        Some((Ok(part.bytes.clone()), state))
    })
}

struct Channel {
    _lease: Lease,
    reader: Reader,
    seat: Seat,
    /// Of the channel's own media, as sent last.
    shape: Option<Arc<Shape>>,
    last: Instant,
}

impl Channel {
    async fn next(&mut self) -> Option<Arc<Held>> {
        loop {
            let item = tokio::select! {
                biased;
                () = self.seat.ended() => return None,
                item = self.reader.next() => item,
                () = tokio::time::sleep_until(self.last + SILENCE) => return None,
            };
            match item {
                Item::Part(part) => {
                    if part.origin == Origin::Source {
                        self.shape = Some(Arc::clone(&part.shape));
                    } else if !self.shape.as_ref().is_none_or(|shape| same_codecs(shape, &part.shape)) {
                        continue;
                    }
                    self.last = Instant::now();
                    return Some(part);
                }
                Item::Gap | Item::Skipped => {}
                Item::Closed => return None,
            }
        }
    }
}

fn same_codecs(a: &Shape, b: &Shape) -> bool {
    let codecs = |shape: &Shape| {
        (shape.video.as_ref().map(|video| video.codec), shape.audio.first().map(|audio| audio.codec))
    };
    codecs(a) == codecs(b)
}

/// What is on air, for our own page: ends cleanly at every epoch, skip, slate and switch, because mpegts.js
/// ignores discontinuities and drops the sound after a jump back; the page rejoins from the ring at once.
/// `generation` is that of the [`Current`] which `reader` reads.
pub fn on_air(
    current: watch::Receiver<Option<Current>>,
    generation: u64,
    reader: Reader,
    seat: Seat,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let state = OnAir { current, generation, reader, seat, epoch: None };
    stream::unfold(state, |mut state| async move {
        let part = state.next().await?;
        state.seat.add_bytes(part.bytes.len() as u64);
        Some((Ok(part.bytes.clone()), state))
    })
}

struct OnAir {
    current: watch::Receiver<Option<Current>>,
    generation: u64,
    reader: Reader,
    seat: Seat,
    epoch: Option<u32>,
}

impl OnAir {
    async fn next(&mut self) -> Option<Arc<Held>> {
        let generation = self.generation;
        loop {
            let item = tokio::select! {
                biased;
                () = self.seat.ended() => return None,
                _ = self.current.wait_for(|current| {
                    current.as_ref().is_none_or(|current| current.generation != generation)
                }) => return None,
                item = self.reader.next() => item,
            };
            match item {
                Item::Part(part) => {
                    let epoch = *self.epoch.get_or_insert(part.epoch);
                    return (epoch == part.epoch).then_some(part);
                }
                Item::Gap => {}
                Item::Skipped | Item::Closed => return None,
            }
        }
    }
}
