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
}

/// What the actor reads from the leases.
pub(super) struct Wishes {
    pub(super) held: usize,
    pub(super) evict: bool,
    pub(super) withdrawn: bool,
}

impl Shared {
    pub(super) fn new(key: FeedKey, name: String, ring: Arc<Ring>) -> Arc<Self> {
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
        };
        Arc::new(Self {
            key,
            ring,
            leases: Mutex::default(),
            wake: Notify::new(),
            status: watch::Sender::new(status),
            sources: AtomicUsize::new(1),
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
        }
        drop(leases);
        self.wake.notify_one();
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
        if !std::mem::replace(&mut self.yielding, true) {
            self.shared.change(|leases| {
                leases.active -= 1;
                leases.yielding += 1;
            });
        }
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
