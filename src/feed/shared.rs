//! What a feed's actor shares with the world: its ring, its leases, its status.

use super::part::Shape;
use super::ring::Ring;
use super::state::Phase;
use crate::ingest::Kind;
use crate::ts::MediaTime;
use crate::wire::{ChannelId, Reason};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Notify, watch};

/// Which feed: a channel, as it is or with the sound that browsers play.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedKey {
    /// The channel.
    pub channel: ChannelId,
    /// The web variant.
    pub web: bool,
}

impl fmt::Display for FeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.channel, if self.web { "#web" } else { "" })
    }
}

/// A feed as it is now. Measured, never guessed.
#[derive(Debug, Clone)]
pub struct Status {
    /// The channel's name.
    pub name: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// Why it is not live.
    pub reason: Option<Reason>,
    /// The last failure's words, masked.
    pub detail: Option<String>,
    /// Since when it is in this phase.
    pub since: SystemTime,
    /// The channel has shown its own media; a viewer can begin.
    pub ready: bool,
    /// The slate stands in.
    pub slate: bool,
    /// Scheme and host of the source that is open or next.
    pub source: String,
    /// How the source is read.
    pub kind: Option<Kind>,
    /// What it carries.
    pub shape: Arc<Shape>,
    /// Bits per second of media, over the last seconds.
    pub bitrate: u64,
    /// Seconds between the last two keyframes.
    pub gop: f64,
    /// Continuity errors of the source so far.
    pub continuity_errors: u64,
    /// Access units that were dropped as damaged.
    pub dropped_units: u64,
    /// Times the source was opened again.
    pub reconnects: u64,
    /// Bytes of packets that the source sent.
    pub bytes_in: u64,
    /// Bytes that were published.
    pub bytes_out: u64,
    /// Breaks of timeline, codec or origin.
    pub epochs: u32,
    /// Which of the channel's addresses is open or next, from 0.
    pub source_index: u32,
    /// Leases held.
    pub leases: usize,
    /// Bytes in the ring.
    pub ring_bytes: usize,
    /// Where the published media ends.
    pub end: MediaTime,
    /// What was published lies in the past up to here, by the wall clock.
    pub position: MediaTime,
}

impl Status {
    /// What comes now is the channel's own.
    pub fn is_itself(&self) -> bool {
        self.ready && !self.slate && self.phase == Phase::Live
    }
}

#[derive(Debug, Default)]
struct Leases {
    active: usize,
    /// Held by who is about to let go: a switch that waits for the other channel.
    yielding: usize,
    /// Since when nobody but yielders holds it.
    idle_since: Option<Instant>,
    /// Leases that want the slate even before the first picture.
    eager_slate: usize,
    evict: bool,
    withdrawn: bool,
    closed: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Shared {
    /// Which feed.
    pub(super) key: FeedKey,
    /// Its media.
    pub(super) ring: Arc<Ring>,
    leases: Mutex<Leases>,
    pub(super) wake: Notify,
    pub(super) status: watch::Sender<Status>,
    /// How many sources the channel had when it was last looked up.
    pub(super) sources: AtomicUsize,
    /// Of a web variant: the feed that it is made from. It may yield whenever the variant itself may.
    pub(super) base: Mutex<Option<Lease>>,
}

/// What the actor reads from the leases.
pub(super) struct Wishes {
    pub(super) held: usize,
    pub(super) evict: bool,
    pub(super) withdrawn: bool,
}

impl Shared {
    pub(super) fn new(key: FeedKey, name: String, ring: Arc<Ring>, base: Option<Lease>) -> Arc<Self> {
        let status = Status {
            name,
            phase: Phase::Idle,
            reason: None,
            detail: None,
            since: SystemTime::now(),
            ready: false,
            slate: false,
            source: String::new(),
            kind: None,
            shape: Arc::default(),
            bitrate: 0,
            gop: 0.0,
            continuity_errors: 0,
            dropped_units: 0,
            reconnects: 0,
            bytes_in: 0,
            bytes_out: 0,
            epochs: 0,
            source_index: 0,
            leases: 0,
            ring_bytes: 0,
            end: MediaTime::ZERO,
            position: MediaTime::ZERO,
        };
        Arc::new(Self {
            key,
            ring,
            leases: Mutex::default(),
            wake: Notify::new(),
            status: watch::Sender::new(status),
            sources: AtomicUsize::new(1),
            base: Mutex::new(base),
        })
    }

    /// A lease, or `None` where the actor has ended.
    pub(super) fn lease(self: &Arc<Self>, eager_slate: bool) -> Option<Lease> {
        let mut leases = self.leases.lock();
        if leases.closed {
            return None;
        }
        leases.active += 1;
        leases.eager_slate += usize::from(eager_slate);
        leases.idle_since = None;
        self.pass_on(false);
        drop(leases);
        self.wake.notify_one();
        Some(Lease { shared: Arc::clone(self), yielding: false, eager_slate })
    }

    /// Ends the feed for good unless somebody has come meanwhile.
    pub(super) fn close(&self, even_if_held: bool) -> bool {
        let mut leases = self.leases.lock();
        leases.closed |= even_if_held || leases.active + leases.yielding == 0;
        leases.closed
    }

    pub(super) fn wishes(&self) -> Wishes {
        let mut leases = self.leases.lock();
        Wishes {
            held: leases.active + leases.yielding,
            evict: std::mem::take(&mut leases.evict),
            withdrawn: std::mem::take(&mut leases.withdrawn),
        }
    }

    pub(super) fn wants_eager_slate(&self) -> bool {
        self.leases.lock().eager_slate > 0
    }

    pub(super) fn wishes_held(&self) -> usize {
        let leases = self.leases.lock();
        leases.active + leases.yielding
    }

    pub(super) fn evictable_since(&self) -> Option<Instant> {
        self.leases.lock().idle_since
    }

    pub(super) fn evict(&self) {
        self.leases.lock().evict = true;
        self.wake.notify_one();
    }

    /// Nobody may read the source any more: it is let go.
    pub(super) fn withdraw(&self) {
        self.leases.lock().withdrawn = true;
        self.wake.notify_one();
    }

    fn change(&self, change: impl FnOnce(&mut Leases)) {
        let mut leases = self.leases.lock();
        change(&mut leases);
        if leases.active == 0 {
            leases.idle_since.get_or_insert_with(Instant::now);
            self.pass_on(true);
        }
        drop(leases);
        self.wake.notify_one();
    }

    /// The connection belongs to the base feed: it is needed as much as this one is. Called while the leases are
    /// locked, so that the last word is the true one; a base has no base, so nothing can lock in a circle.
    fn pass_on(&self, yields: bool) {
        if let Some(base) = &mut *self.base.lock() {
            base.set_yielding(yields);
        }
    }
}

/// The right to a running feed: it lives while anyone holds one, and lingers after the last.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    yielding: bool,
    eager_slate: bool,
}

/// A feed had nothing to show in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("channel {name}: {}{}", reason.map_or("no picture yet", Reason::words), detail.as_ref().map(|d| format!(" ({d})")).unwrap_or_default())]
pub struct NotReady {
    /// The channel's name.
    pub name: String,
    /// Why, where it is known.
    pub reason: Option<Reason>,
    /// The last failure's words.
    pub detail: Option<String>,
}

impl Lease {
    /// Which feed.
    pub fn key(&self) -> &FeedKey {
        &self.shared.key
    }

    /// The media.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.shared.ring
    }

    /// The feed as it is, and as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }

    /// Another channel may take this one's provider slot: the holder lets go as soon as it has shown it.
    pub fn yield_slot(&mut self) {
        self.set_yielding(true);
    }

    fn set_yielding(&mut self, yields: bool) {
        if std::mem::replace(&mut self.yielding, yields) == yields {
            return;
        }
        self.shared.change(|leases| {
            let (less, more) = match yields {
                true => (&mut leases.active, &mut leases.yielding),
                false => (&mut leases.yielding, &mut leases.active),
            };
            *less -= 1;
            *more += 1;
            if !yields {
                leases.idle_since = None;
            }
        });
    }

    /// Waits until the channel itself has something to show; fails at once where the feed says that it failed.
    pub async fn ready(&self, hold: Duration) -> Result<(), NotReady> {
        self.wait(hold, |status| status.ready).await
    }

    /// The same, and the slate is good enough.
    pub async fn showable(&self, hold: Duration) -> Result<(), NotReady> {
        let ring = Arc::clone(self.ring());
        let mut status = self.status();
        let wait = status.wait_for(|status| (status.ready || status.slate) && ring.has_keyframe());
        match tokio::time::timeout(hold, wait).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.not_ready()),
        }
    }

    /// Waits until what comes now is the channel's own, whatever was before.
    pub async fn shows_itself(&self, hold: Duration) -> Result<(), NotReady> {
        let ring = Arc::clone(self.ring());
        let mut status = self.status();
        let wait = status.wait_for(|status| status.is_itself() && ring.has_keyframe());
        match tokio::time::timeout(hold, wait).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(self.not_ready()),
        }
    }

    async fn wait(&self, hold: Duration, good: impl Fn(&Status) -> bool) -> Result<(), NotReady> {
        let mut status = self.status();
        let wait = status.wait_for(|status| good(status) || status.phase == Phase::Failed);
        match tokio::time::timeout(hold, wait).await {
            Ok(Ok(status)) if good(&status) => Ok(()),
            _ => Err(self.not_ready()),
        }
    }

    fn not_ready(&self) -> NotReady {
        let status = self.shared.status.borrow();
        NotReady { name: status.name.clone(), reason: status.reason, detail: status.detail.clone() }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (yielding, eager) = (self.yielding, self.eager_slate);
        self.shared.change(|leases| {
            let held = if yielding { &mut leases.yielding } else { &mut leases.active };
            *held -= 1;
            leases.eager_slate -= usize::from(eager);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Budget;

    fn shared(web: bool, base: Option<Lease>) -> Arc<Shared> {
        let ring = Ring::new(MediaTime::from_millis(1000), 1 << 20, Budget::new(usize::MAX));
        Shared::new(FeedKey { channel: 1.into(), web }, "one".into(), ring, base)
    }

    #[test]
    fn a_channel_watched_only_through_a_variant_that_yields_can_be_evicted() {
        let base = shared(false, None);
        let held = base.lease(false).expect("open");
        let web = shared(true, Some(held));
        let mut watched = web.lease(true).expect("open");
        assert!(base.evictable_since().is_none(), "somebody watches the variant");
        watched.yield_slot();
        assert!(base.evictable_since().is_some(), "its only viewer is about to let go");
        let back = web.lease(false).expect("open");
        assert!(base.evictable_since().is_none(), "somebody came");
        drop(back);
        assert!(base.evictable_since().is_some());
        drop(watched);
        assert!(base.evictable_since().is_some(), "the variant lingers");
        assert_eq!(base.wishes_held(), 1, "and the channel is held for it");
        web.base.lock().take();
        assert_eq!(base.wishes_held(), 0);
    }
}
