//! The newest parts of a feed, shared by all who read it.
//!
//! One writer, any number of readers, none of whom can slow another: a reader that falls behind what
//! the ring keeps goes on from the newest keyframe and is told so.

use super::budget::{Budget, Held};
use super::part::Part;
use super::rhythm::Rhythm;
use crate::ts::MediaTime;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Where a reader begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// At the oldest keyframe kept: HLS, which lists what was.
    Oldest,
    /// At the newest keyframe.
    Newest,
    /// At the newest keyframe that has at least this much media after it, else at the oldest.
    Behind(MediaTime),
}

/// What a reader gets.
#[derive(Debug, Clone)]
pub enum Item {
    /// The next part.
    Part(Arc<Held>),
    /// Nothing new came for a while: whoever collects parts may close what it has.
    Gap,
    /// The reader was too slow; what follows begins with the newest keyframe.
    Skipped,
    /// The feed is over.
    Closed,
}

#[derive(Debug)]
enum Slot {
    Part(Arc<Held>),
    Gap,
}

#[derive(Debug)]
struct Inner {
    slots: VecDeque<Slot>,
    /// Sequence number of `slots[0]`.
    first: u64,
    bytes: usize,
    rhythm: Rhythm,
}

/// See the module.
#[derive(Debug)]
pub struct Ring {
    inner: Mutex<Inner>,
    /// The next sequence number; `u64::MAX` once closed.
    head: watch::Sender<u64>,
    budget: Arc<Budget>,
    keep: MediaTime,
    keep_bytes: usize,
}

const CLOSED: u64 = u64::MAX;

impl Ring {
    /// Keeps the newest `keep` of media, and never more than `keep_bytes`.
    pub fn new(keep: MediaTime, keep_bytes: usize, budget: Arc<Budget>) -> Arc<Self> {
        let inner = Inner { slots: VecDeque::new(), first: 0, bytes: 0, rhythm: Rhythm::default() };
        Arc::new(Self { inner: Mutex::new(inner), head: watch::Sender::new(0), budget, keep, keep_bytes })
    }

    /// Publishes parts and lets go of the oldest.
    pub fn push(&self, parts: impl IntoIterator<Item = Part>) {
        let mut inner = self.inner.lock();
        inner.rhythm.came(Instant::now());
        for part in parts {
            inner.bytes += part.bytes.len();
            let end = part.end;
            inner.slots.push_back(Slot::Part(Held::new(part, &self.budget)));
            inner.evict(end, self.keep, self.keep_bytes);
        }
        self.announce(&inner);
    }

    /// What there was has run out: the silence is no part of the source's rhythm.
    pub fn ran_out(&self) {
        self.inner.lock().rhythm.paused();
    }

    /// Tells readers that the media pauses here.
    pub fn mark_gap(&self) {
        let mut inner = self.inner.lock();
        if matches!(inner.slots.back(), Some(Slot::Part(_))) {
            inner.slots.push_back(Slot::Gap);
            self.announce(&inner);
        }
    }

    /// Ends all readers once they have read what is there.
    pub fn close(&self) {
        self.head.send_replace(CLOSED);
    }

    /// Bytes kept.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }

    /// The longest silence between two deliveries of the last minute or two; `None`: not known yet.
    pub fn silence(&self) -> Option<Duration> {
        self.inner.lock().rhythm.silence(Instant::now())
    }

    /// Whether a reader could begin now.
    pub fn has_keyframe(&self) -> bool {
        self.inner.lock().slots.iter().any(Slot::is_keyframe)
    }

    /// A reader that begins at `join`, or at the first keyframe to come.
    pub fn reader(self: &Arc<Self>, join: Join) -> Reader {
        let inner = self.inner.lock();
        let next = inner.find(join).unwrap_or(inner.first + inner.slots.len() as u64);
        drop(inner);
        Reader { ring: Arc::clone(self), next, aligned: false, head: self.head.subscribe() }
    }

    fn announce(&self, inner: &Inner) {
        let next = inner.first + inner.slots.len() as u64;
        self.head.send_if_modified(|head| *head != CLOSED && std::mem::replace(head, next) != next);
    }
}

impl Slot {
    fn is_keyframe(&self) -> bool {
        matches!(self, Self::Part(part) if part.keyframe)
    }
}

impl Inner {
    fn evict(&mut self, end: MediaTime, keep: MediaTime, keep_bytes: usize) {
        while self.slots.len() > 1 {
            match &self.slots[0] {
                // An older timeline may have any times: those go by order alone, with the bytes.
                Slot::Part(oldest) if end - oldest.end < keep && self.bytes <= keep_bytes => return,
                Slot::Part(oldest) => self.bytes -= oldest.bytes.len(),
                Slot::Gap => {}
            }
            self.slots.pop_front();
            self.first += 1;
        }
    }

    fn find(&self, join: Join) -> Option<u64> {
        let newest = self.slots.iter().rev().find_map(|slot| match slot {
            Slot::Part(part) => Some(part),
            Slot::Gap => None,
        })?;
        let (newest_end, newest_epoch) = (newest.end, newest.epoch);
        // Only HLS can tell its players of a break; all others begin in the epoch that is on.
        let fits = |slot: &Slot| {
            let in_epoch = matches!(slot, Slot::Part(part) if part.epoch == newest_epoch);
            slot.is_keyframe() && (in_epoch || join == Join::Oldest)
        };
        let mut keyframes = self.slots.iter().enumerate().filter(|(_, slot)| fits(slot));
        let index = match join {
            Join::Oldest => keyframes.next(),
            Join::Newest => keyframes.next_back(),
            Join::Behind(span) => {
                let mut newest_first = keyframes.rev().peekable();
                let mut oldest = newest_first.peek().copied();
                newest_first
                    .find(|entry| {
                        oldest = Some(*entry);
                        matches!(entry.1, Slot::Part(part) if newest_end - part.start >= span)
                    })
                    .or(oldest)
            }
        };
        index.map(|(index, _)| self.first + index as u64)
    }
}

/// One who reads a ring, at its own pace.
#[derive(Debug)]
pub struct Reader {
    ring: Arc<Ring>,
    next: u64,
    /// The first part given out was a keyframe, so the rest may follow.
    aligned: bool,
    head: watch::Receiver<u64>,
}

impl Reader {
    /// The next item; waits for it. Cancel-safe.
    pub async fn next(&mut self) -> Item {
        loop {
            if let Some(item) = self.try_next() {
                return item;
            }
            if self.head.changed().await.is_err() {
                return Item::Closed;
            }
        }
    }

    /// The next item if it is there.
    pub fn try_next(&mut self) -> Option<Item> {
        let closed = *self.head.borrow_and_update() == CLOSED;
        let inner = self.ring.inner.lock();
        if self.next < inner.first {
            let end = inner.first + inner.slots.len() as u64;
            self.next = inner.find(Join::Newest).unwrap_or(end);
            if std::mem::replace(&mut self.aligned, false) {
                return Some(Item::Skipped);
            }
        }
        while let Some(slot) = inner.slots.get((self.next - inner.first) as usize) {
            self.next += 1;
            self.aligned |= slot.is_keyframe();
            match slot {
                _ if !self.aligned => {}
                Slot::Part(part) => return Some(Item::Part(Arc::clone(part))),
                Slot::Gap => return Some(Item::Gap),
            }
        }
        closed.then_some(Item::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::part::{Origin, Shape};
    use bytes::Bytes;

    fn part(start_ms: i64, keyframe: bool) -> Part {
        Part {
            bytes: Bytes::from(vec![0x47; 188]),
            start: MediaTime::from_millis(start_ms),
            end: MediaTime::from_millis(start_ms + 100),
            epoch: 0,
            origin: Origin::Source,
            keyframe,
            segment: keyframe,
            shape: Arc::new(Shape::default()),
        }
    }

    fn ring(keep_ms: i64) -> Arc<Ring> {
        Ring::new(MediaTime::from_millis(keep_ms), usize::MAX, Budget::new(usize::MAX))
    }

    fn start(item: Option<Item>) -> i64 {
        match item {
            Some(Item::Part(part)) => part.start.0 / 90,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn readers_begin_at_a_keyframe() {
        let ring = ring(100_000);
        let mut early = ring.reader(Join::Newest);
        ring.push((0..40).map(|n| part(n * 100, n % 10 == 5)));
        assert_eq!(start(early.try_next()), 500);
        assert_eq!(start(ring.reader(Join::Oldest).try_next()), 500);
        assert_eq!(start(ring.reader(Join::Newest).try_next()), 3500);
        assert_eq!(start(ring.reader(Join::Behind(MediaTime::from_millis(600))).try_next()), 2500);
        assert_eq!(start(ring.reader(Join::Behind(MediaTime::from_millis(60_000))).try_next()), 500);
    }

    #[test]
    fn a_slow_reader_is_told_and_goes_on_at_the_newest_keyframe() {
        let ring = ring(1000);
        ring.push([part(0, true)]);
        let mut slow = ring.reader(Join::Newest);
        assert_eq!(start(slow.try_next()), 0);
        ring.push((1..60).map(|n| part(n * 100, n % 10 == 5)));
        assert!(matches!(slow.try_next(), Some(Item::Skipped)));
        assert_eq!(start(slow.try_next()), 5500);
        assert_eq!(start(slow.try_next()), 5600);
    }

    #[test]
    fn the_budget_counts_until_the_last_holder_lets_go() {
        let budget = Budget::new(1000);
        let ring = Ring::new(MediaTime::from_millis(200), usize::MAX, Arc::clone(&budget));
        ring.push([part(0, true)]);
        let Some(Item::Part(held)) = ring.reader(Join::Newest).try_next() else { panic!() };
        ring.push((1..10).map(|n| part(n * 100, false)));
        let kept = ring.bytes();
        assert!(kept <= 3 * 188, "{kept}");
        assert_eq!(budget.used(), kept + 188);
        drop(held);
        assert_eq!(budget.used(), kept);
        drop(ring);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn gaps_and_the_end_are_told_once_all_is_read() {
        let ring = ring(1000);
        let mut reader = ring.reader(Join::Newest);
        ring.push([part(0, true)]);
        ring.mark_gap();
        ring.mark_gap();
        ring.close();
        assert!(matches!(reader.next().await, Item::Part(_)));
        assert!(matches!(reader.next().await, Item::Gap));
        assert!(matches!(reader.next().await, Item::Closed));
    }
}
