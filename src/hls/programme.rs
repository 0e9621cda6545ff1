//! One programme: follows a feed, may switch to another, and keeps its playlist going all the while.

use super::pace::Pace;
use super::packager::Packager;
use super::playlist::Playlist;
use super::segment::Segment;
use super::sequence::{Allowance, BLOCK, Reserve};
use super::shelf::Shelf;
use crate::access::Target;
use crate::feed::{Feeds, Item, Join, Lease, LeaseError, NoSignal, Origin, Purpose, Reader, Ring};
use crate::ts::MediaTime;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// What can be set.
#[derive(Debug, Clone)]
pub struct Options {
    /// `EXT-X-TARGETDURATION`, seconds.
    pub target: u32,
    /// How much a playlist lists, at least three target durations.
    pub window: MediaTime,
    /// A programme that nobody polled for this long ends; three target durations.
    pub lapse: Duration,
}

/// The playlist as it is now: the same for all sessions.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The media playlist's text.
    pub text: Bytes,
    /// Rises with every change.
    pub version: u64,
    /// Media that is listed.
    pub listed: MediaTime,
    /// Segments that are listed.
    pub segments: usize,
    /// The largest bit rate of a listed segment, bit/s.
    pub bandwidth: u64,
    /// Bytes of the segment listed last.
    pub newest_bytes: u64,
}

/// What a programme shows at the moment.
#[derive(Debug, Clone)]
pub struct Current {
    /// Its media.
    pub ring: Arc<Ring>,
    /// Rises at each switch.
    pub generation: u64,
}

/// See the module. The handle; the work is done by a task.
#[derive(Debug)]
pub struct Programme {
    /// What it is the programme of.
    pub target: Target,
    snapshot: watch::Sender<Snapshot>,
    current: watch::Sender<Option<Current>>,
    commands: mpsc::Sender<Command>,
    touched: Mutex<Instant>,
    pub(super) stop: CancellationToken,
}

enum Command {
    /// Follow this feed as soon as it has something to show.
    Switch(Lease),
    /// Another channel is about to need the provider slot of the one that is followed.
    Yield(oneshot::Sender<()>),
    /// Follow nothing, or show that there is nothing.
    Off {
        /// Show it.
        slate: bool,
    },
}

/// A switch shows this much of the other channel's past at once: enough for players to go on with.
const SWITCH_BACK: MediaTime = MediaTime::from_millis(3_000);
/// A web variant that shows nothing for so long is done without: a picture without sound is better.
const VARIANT_PATIENCE: Duration = Duration::from_secs(10);
/// How long after its channel a variant is back, at the most.
const VARIANT_LAG: Duration = Duration::from_secs(3);
const FOREVER: Duration = Duration::from_secs(365 * 86_400);

impl Programme {
    pub(super) fn start(
        target: Target,
        feeds: Feeds,
        shelf: Arc<Shelf>,
        reserve: Arc<dyn Reserve>,
        options: Options,
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (commands, receiver) = mpsc::channel(8);
        let programme = Arc::new(Self {
            target,
            snapshot: watch::Sender::default(),
            current: watch::Sender::default(),
            commands,
            touched: Mutex::new(Instant::now()),
            stop: CancellationToken::new(),
        });
        let task = run(Arc::clone(&programme), receiver, feeds, shelf, reserve, options);
        (programme, task)
    }

    /// Somebody watches.
    pub fn touch(&self) {
        *self.touched.lock() = Instant::now();
    }

    pub(super) fn untouched_for(&self) -> Duration {
        self.touched.lock().elapsed()
    }

    /// The playlist as it is.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// What it shows, and as that changes.
    pub fn current(&self) -> watch::Receiver<Option<Current>> {
        self.current.subscribe()
    }

    /// Waits for the first answer worth giving: two segments, or 4 s of media. With less in hand hls.js stalls, on our
    /// own page too, and so do players that poll as seldom as they may. `None` where it did not come in time.
    pub async fn ready(&self, hold: Duration) -> Option<Snapshot> {
        self.touch();
        let enough =
            |snapshot: &Snapshot| snapshot.segments >= 2 || snapshot.listed >= MediaTime::from_millis(3_900);
        let mut snapshots = self.snapshot.subscribe();
        let waited = tokio::time::timeout(hold, snapshots.wait_for(enough)).await;
        waited.ok()?.ok().map(|snapshot| snapshot.clone())
    }

    pub(super) async fn switch(&self, lease: Lease) {
        self.commands.send(Command::Switch(lease)).await.ok();
    }

    pub(super) async fn yield_slot(&self) {
        let (done, yielded) = oneshot::channel();
        if self.commands.send(Command::Yield(done)).await.is_ok() {
            yielded.await.ok();
        }
    }

    pub(super) async fn off(&self, slate: bool) {
        self.commands.send(Command::Off { slate }).await.ok();
    }
}

/// Keeps alive what is followed.
enum Followed {
    Feed(Lease),
    NoSignal { _guard: NoSignal },
}

impl Followed {
    fn lease(&mut self) -> Option<&mut Lease> {
        match self {
            Self::Feed(lease) => Some(lease),
            Self::NoSignal { .. } => None,
        }
    }
}

struct Actor {
    programme: Arc<Programme>,
    feeds: Feeds,
    shelf: Arc<Shelf>,
    reserve: Arc<dyn Reserve>,
    name: String,
    playlist: Playlist,
    allowance: Allowance,
    packager: Packager,
    pace: Pace,
    followed: Option<(Followed, Reader)>,
    /// What is to be followed next, once it has something to show; `None` where that has settled itself.
    pending: Option<BoxFuture<'static, Result<Option<Lease>, LeaseError>>>,
    version: u64,
    generation: u64,
    /// The longest playlist there was: removed segments stay fetchable as long.
    longest: MediaTime,
}

async fn run(
    programme: Arc<Programme>,
    mut commands: mpsc::Receiver<Command>,
    feeds: Feeds,
    shelf: Arc<Shelf>,
    reserve: Arc<dyn Reserve>,
    options: Options,
) {
    let name = sequence_name(&programme.target);
    let stop = programme.stop.clone();
    // Without numbers nothing may be listed; the store comes back or the service has other worries.
    let reserved = loop {
        match reserve.reserve(&name, BLOCK).await {
            Ok(reserved) => break reserved,
            Err(error) => error!(programme = %name, %error, "no sequence numbers: the playlist has to wait"),
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stop.cancelled() => return,
        }
    };
    let mut actor = Actor {
        playlist: Playlist::new(options.target, options.window, reserved.media, reserved.discontinuity),
        allowance: Allowance::new(reserved),
        programme,
        feeds,
        shelf,
        reserve,
        name,
        packager: Packager::default(),
        pace: Pace::default(),
        followed: None,
        pending: None,
        version: 0,
        generation: 0,
        longest: MediaTime::ZERO,
    };
    loop {
        let Actor { followed, pending, pace, .. } = &mut actor;
        let due = pace.due();
        let due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let item = async {
            match followed {
                Some((_, reader)) => reader.next().await,
                None => std::future::pending().await,
            }
        };
        let prepared = async {
            match pending {
                Some(pending) => pending.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            command = commands.recv() => match command {
                Some(command) => actor.obey(command).await,
                None => break,
            },
            prepared = prepared => {
                actor.pending = None;
                match prepared {
                    Ok(Some(lease)) => actor.follow(lease).await,
                    Ok(None) => {}
                    Err(error) => error!(programme = %actor.name, %error, "can't be followed"),
                }
            }
            () = due => actor.list_due().await,
            item = item => actor.take(item).await,
        }
    }
    for segment in actor.playlist.segments() {
        actor.shelf.retire(segment, actor.longest.to_duration());
    }
    actor.programme.current.send_replace(None);
}

impl Actor {
    fn wants_web(&self) -> bool {
        matches!(self.programme.target, Target::OnAir | Target::Channel { web: true, .. })
    }

    fn purpose(&self) -> Purpose {
        if self.programme.target == Target::OnAir { Purpose::OnAir } else { Purpose::Viewer }
    }

    fn yield_slot(&mut self) {
        if let Some(lease) = self.followed.as_mut().and_then(|(followed, _)| followed.lease()) {
            lease.yield_slot();
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Switch(lease) => {
                self.yield_slot();
                let (feeds, web, purpose) = (self.feeds.clone(), self.wants_web(), self.purpose());
                let prepared = prepare(feeds, lease, web, purpose);
                self.pending = Some(Box::pin(async move { prepared.await.map(Some) }));
            }
            Command::Yield(done) => {
                self.yield_slot();
                self.pending = None;
                done.send(()).ok();
            }
            Command::Off { slate: true } => {
                self.pending = None;
                let no_signal = self.feeds.no_signal();
                let ring = Arc::clone(no_signal.ring());
                let zero = MediaTime::ZERO;
                self.show(Followed::NoSignal { _guard: no_signal }, ring, zero, zero).await;
            }
            Command::Off { slate: false } => {
                self.pending = None;
                self.followed = None;
                self.packager.cut();
                self.pace.restart(MediaTime::ZERO);
                self.programme.current.send_replace(None);
                // What was listed is over: whoever comes next begins with the next channel. The numbers go on.
                for segment in self.playlist.clear() {
                    self.shelf.retire(&segment, self.longest.to_duration());
                }
                self.version += 1;
                self.programme
                    .snapshot
                    .send_replace(Snapshot { version: self.version, ..Snapshot::default() });
            }
        }
    }

    async fn follow(&mut self, lease: Lease) {
        if let Some((Followed::Feed(old), _)) = &mut self.followed
            && Arc::ptr_eq(old.ring(), lease.ring())
        {
            // It is shown already: nobody is to see its last seconds again. This lease does not yield.
            *old = lease;
            return;
        }
        let (newest, past) = {
            let status = lease.status();
            let status = status.borrow();
            (status.end, status.position)
        };
        let ring = Arc::clone(lease.ring());
        info!(programme = %self.name, feed = %lease.key(), "programme follows");
        self.show(Followed::Feed(lease), ring, newest, past).await;
    }

    /// Follows that ring, whose media ends at `newest` and is over by the wall clock up to `past`.
    async fn show(&mut self, followed: Followed, ring: Arc<Ring>, newest: MediaTime, past: MediaTime) {
        let first = self.playlist.segments().next().is_none();
        if let Some(segment) = self.packager.follow(SystemTime::now(), newest) {
            self.add(segment).await;
        }
        for segment in self.pace.restart(past) {
            self.list(segment).await;
        }
        let join = if first { Join::Oldest } else { Join::Behind(SWITCH_BACK) };
        let reader = ring.reader(join);
        self.generation += 1;
        self.followed = Some((followed, reader));
        self.programme.current.send_replace(Some(Current { ring, generation: self.generation }));
    }

    async fn take(&mut self, item: Item) {
        match item {
            Item::Part(part) => {
                match part.origin {
                    Origin::Source if self.wants_web() && !part.shape.audio_is_web() => self.follow_variant(),
                    Origin::Source => {}
                    Origin::Slate => self.follow_base(),
                }
                if let Some(segment) = self.packager.push(part, SystemTime::now()) {
                    self.add(segment).await;
                }
            }
            Item::Gap => {
                if let Some(segment) = self.packager.cut() {
                    self.add(segment).await;
                }
            }
            Item::Skipped => {
                let lease = self.followed.as_mut().and_then(|(followed, _)| followed.lease());
                let newest = lease.map(|lease| lease.status().borrow().end).unwrap_or_default();
                if let Some(segment) = self.packager.follow(SystemTime::now(), newest) {
                    self.add(segment).await;
                }
            }
            Item::Closed => {
                self.followed = None;
                self.programme.current.send_replace(None);
            }
        }
    }

    /// The channel's sound is one that browsers don't know: its variant is followed once it has something to show.
    fn follow_variant(&mut self) {
        let Some((Followed::Feed(lease), _)) = &self.followed else { return };
        if lease.key().web || self.pending.is_some() {
            return;
        }
        let (feeds, purpose, channel) = (self.feeds.clone(), self.purpose(), lease.key().channel.clone());
        self.pending = Some(Box::pin(async move {
            let base = feeds.lease(&channel, purpose).await?;
            let web = feeds.web_of(base, Purpose::Viewer)?;
            // Until then the channel itself is shown: there is no hurry, and nothing else to turn to.
            web.shows_itself(FOREVER).await?;
            Ok(Some(web))
        }));
    }

    /// The variant shows the slate. Where the channel itself goes on, FFmpeg is what fails.
    fn follow_base(&mut self) {
        let Some((Followed::Feed(lease), _)) = &self.followed else { return };
        if !lease.key().web || self.pending.is_some() {
            return;
        }
        let (feeds, purpose, channel) = (self.feeds.clone(), self.purpose(), lease.key().channel.clone());
        let variant = lease.status();
        self.pending = Some(Box::pin(async move {
            let base = feeds.lease(&channel, purpose).await?;
            loop {
                base.shows_itself(FOREVER).await?;
                tokio::time::sleep(VARIANT_LAG).await;
                if variant.borrow().is_itself() {
                    return Ok(None);
                }
                if base.status().borrow().is_itself() {
                    warn!(%channel, "no sound that browsers play any more: going on without");
                    return Ok(Some(base));
                }
            }
        }));
    }

    async fn add(&mut self, segment: Segment) {
        self.pace.push(segment, Instant::now());
        self.list_due().await;
    }

    async fn list_due(&mut self) {
        while let Some(segment) = self.pace.next(Instant::now(), self.playlist.len()) {
            self.list(segment).await;
        }
    }

    async fn list(&mut self, segment: Segment) {
        let (media, discontinuity) = (self.playlist.next_sequence(), self.playlist.next_discontinuity());
        if self.allowance.is_low(media, discontinuity) {
            match self.reserve.reserve(&self.name, BLOCK).await {
                Ok(reserved) => self.allowance.extend(reserved),
                Err(error) => error!(programme = %self.name, %error, "sequence numbers run low"),
            }
        }
        if !self.allowance.covers(media, discontinuity + 1) {
            error!(programme = %self.name, "segment dropped: no sequence number is reserved for it");
            return;
        }
        let segment = Arc::new(segment);
        self.shelf.put(Arc::clone(&segment));
        let newest_bytes = segment.len;
        for removed in self.playlist.push(segment) {
            self.shelf.retire(&removed, self.longest.to_duration());
        }
        self.longest = self.longest.max(self.playlist.listed());
        self.version += 1;
        self.programme.snapshot.send_replace(Snapshot {
            text: self.playlist.render().into(),
            version: self.version,
            listed: self.playlist.listed(),
            segments: self.playlist.len(),
            bandwidth: self.playlist.peak_bandwidth(),
            newest_bytes,
        });
    }
}

/// Waits until the feed, or what browsers play of it, has something to show.
async fn prepare(feeds: Feeds, lease: Lease, web: bool, purpose: Purpose) -> Result<Lease, LeaseError> {
    lease.showable(FOREVER).await?;
    if !web || !lease.status().borrow().is_itself() {
        return Ok(lease);
    }
    let channel = lease.key().channel.clone();
    // As a viewer: where the variant has nothing to show, the channel has more than a slate.
    let web = feeds.web_of(lease, Purpose::Viewer)?;
    if let Err(error) = web.shows_itself(VARIANT_PATIENCE).await {
        warn!(%channel, %error, "no sound that browsers play yet: going on without");
        return feeds.lease(&channel, purpose).await;
    }
    Ok(web)
}

/// The name that sequences are reserved under.
fn sequence_name(target: &Target) -> String {
    match target {
        Target::OnAir => "on-air".into(),
        Target::Channel { id, web } => format!("{}:{id}", if *web { "web" } else { "channel" }),
    }
}
