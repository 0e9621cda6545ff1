//! The task that runs one feed: performs what [`super::state`] decides.

use super::clock::Clock;
use super::link::{Link, closed};
use super::part::{Origin, Part};
use super::registry::Feeds;
use super::rhythm::{BURSTS, FLOWS};
use super::shape::Shaper;
use super::shared::Shared;
use super::state::{self, Effect, Phase, State};
use crate::ingest::{Ended, Event as Came, Kind};
use crate::ts::MediaTime;
use crate::wire::Reason;
use rand::Rng;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Complete access units wait this long for company before they are published.
const FLUSH: Duration = Duration::from_millis(60);
/// But not at the beginning: somebody waits for a picture, and a player shows one only with the next in its hands.
const AT_ONCE: Duration = Duration::from_secs(2);
/// The watchdog, the status and the bitrate look once in this long.
const TICK: Duration = Duration::from_millis(500);
/// After the media ran out: readers may close what they have.
const GAP_GRACE: Duration = Duration::from_millis(500);
/// After the media ran out: the slate begins. Playlists owe a new version every 1.5 target durations.
const SLATE_GRACE: Duration = Duration::from_secs(3);
/// While the source's rhythm is not known: it may have been met just before a burst. Readers that owe a new version
/// every 6 s have had one when the media ran out.
const YOUNG_GRACE: Duration = Duration::from_secs(5);
/// And so long after the last delivery, though there is more in hand: readers owe something new.
const OWED: Duration = Duration::from_secs(5);
/// Before the first picture, for those who take the slate then too: players give up at 10 s.
const EAGER_SLATE: Duration = Duration::from_secs(6);
/// The slate is published this far ahead, so that its first segment is whole at once.
const SLATE_AHEAD: Duration = Duration::from_secs(2);
/// A source that is so far ahead of the wall clock bursts.
const AHEAD: MediaTime = MediaTime::from_millis(1_000);
/// Somebody waits while a source is opened, until it shows something, and until there is enough to play.
const OPENING: Duration = Duration::from_secs(1);
const BEGINNING: Duration = Duration::from_secs(4);
/// What comes through FFmpeg can't pile up in its pipes.
const PIPED: Duration = Duration::from_secs(1);
/// So much at once is a burst: the rest of it is not far. A pipe is full at 64 KiB.
const BURST: usize = 256 * 1024;
const PIPED_BURST: usize = 48 * 1024;
const BURST_GOES_ON: Duration = Duration::from_millis(50);
/// What comes but can't be shown is endured this long, then the source is tried anew.
const TROUBLE_GRACE: Duration = Duration::from_secs(25);

pub(super) struct Actor {
    feeds: Feeds,
    shared: Arc<Shared>,
    stop: CancellationToken,
    state: State,
    shaper: Shaper,
    link: Option<Link>,
    closing: Option<JoinHandle<Ended>>,
    slate: Option<(Link, Shaper)>,
    clock: Clock,
    end: MediaTime,
    started: Instant,
    epochs: Epochs,
    parts: Vec<Part>,
    timers: Timers,
    meter: Meter,
    detail: Option<String>,
    reconnects: u64,
    gap_marked: bool,
    /// What was published last: readers are told once a change of it can be read.
    shown: Option<Origin>,
    over: bool,
}

#[derive(Default)]
struct Timers {
    flush: Option<Instant>,
    retry: Option<Instant>,
    linger: Option<Instant>,
    tick: Option<Instant>,
}

/// Numbers the epochs of the source and the slate in one row.
#[derive(Default)]
struct Epochs {
    last: Option<(Origin, u32)>,
    number: u32,
}

/// Bits per second over the last ticks.
struct Meter {
    total: u64,
    bytes: u64,
    since: Instant,
    rate: u64,
}

enum Wake {
    Source(Option<Came>),
    Slate(Option<Came>),
    Leases,
    Timer,
    Stop,
}

impl Actor {
    pub(super) fn new(feeds: Feeds, shared: Arc<Shared>, stop: CancellationToken) -> Self {
        let shaper = Shaper::new(feeds.inner.options.shape.clone());
        let now = Instant::now();
        Self {
            feeds,
            shared,
            stop,
            state: State { sources: 1, ..State::default() },
            shaper,
            link: None,
            closing: None,
            slate: None,
            clock: Clock::default(),
            end: MediaTime(10 * MediaTime::HZ),
            started: now,
            epochs: Epochs::default(),
            parts: Vec::new(),
            timers: Timers { tick: Some(now + TICK), ..Timers::default() },
            meter: Meter { total: 0, bytes: 0, since: now, rate: 0 },
            detail: None,
            reconnects: 0,
            gap_marked: false,
            shown: None,
            over: false,
        }
    }

    pub(super) async fn run(mut self) {
        self.leases_changed();
        // Made once: to be told of all of these anew for each piece of media costs as much as the piece.
        let (stop, shared) = (self.stop.clone(), Arc::clone(&self.shared));
        let mut stopped = std::pin::pin!(stop.cancelled());
        let mut leases = std::pin::pin!(shared.wake.notified());
        let mut timer = std::pin::pin!(tokio::time::sleep(TICK));
        while !self.over {
            let due = self.due().into();
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            let source = recv(self.link.as_mut());
            let slate = recv(self.slate.as_mut().map(|(slate, _)| slate));
            let wake = tokio::select! {
                biased;
                () = &mut stopped => Wake::Stop,
                () = &mut leases => Wake::Leases,
                () = &mut timer => Wake::Timer,
                came = slate => Wake::Slate(came),
                came = source => Wake::Source(came),
            };
            match wake {
                Wake::Source(Some(came)) => self.came(came),
                Wake::Source(None) => self.ended().await,
                Wake::Slate(Some(came)) => self.slate_came(&came),
                Wake::Slate(None) => self.slate = None,
                Wake::Leases => {
                    leases.set(shared.wake.notified());
                    self.leases_changed();
                }
                Wake::Timer => self.timers_due(),
                Wake::Stop => {
                    self.shared.close(true);
                    self.over = true;
                }
            }
        }
        self.disconnect();
        if let Some((slate, _)) = self.slate.take() {
            slate.close();
        }
        self.shared.ring.close();
        self.publish_status();
        closed(self.closing.take()).await;
        let base = self.shared.base.lock().take();
        drop(base);
        info!(feed = %self.shared.key, "feed ended");
    }

    /// When a timer is due.
    fn due(&self) -> Instant {
        let timers = [self.timers.flush, self.timers.retry, self.timers.linger, self.timers.tick];
        timers.into_iter().flatten().min().unwrap_or_else(|| Instant::now() + TICK)
    }

    /// Media of the source, and all that is there already.
    fn came(&mut self, first: Came) {
        let now = Instant::now();
        let floor = self.clock.position(now).unwrap_or(self.end).max(self.end);
        self.shaper.set_floor(floor);
        if let Some((_, slate)) = &self.slate {
            self.shaper.continue_from(slate);
        }
        let mut next = Some(first);
        let mut bytes = 0;
        while let (Some(came), Some(link)) = (next.take(), &mut self.link) {
            match came {
                Came::Opened { kind, target_duration } => {
                    info!(feed = %self.shared.key, kind = ?kind, "source opened");
                    (link.opened, link.kind, link.target) = (Some(now), Some(kind), target_duration);
                    link.last_data = now;
                }
                Came::Boundary => self.shaper.boundary(),
                Came::Data(data) => {
                    link.note_data(now);
                    bytes += data.len();
                    self.shaper.push(&data, &mut self.parts);
                }
            }
            // One turn takes a bounded share: leases and timers get theirs.
            if bytes < 1 << 20 {
                next = link.events.try_recv().ok();
            }
        }
        self.set_pace(bytes);
        self.publish(Origin::Source, now);
        if bytes > 0 {
            let first = self.link.as_ref().and_then(|link| link.first_media);
            let begins = first.is_some_and(|first| now - first < AT_ONCE);
            match self.timers.flush {
                None if !begins => self.timers.flush = Some(now + FLUSH),
                // More will hardly come in time: waking up for it once more is saved.
                due if begins || due.is_some_and(|due| due <= now + FLUSH / 2) => {
                    self.timers.flush = None;
                    self.shaper.flush(&mut self.parts);
                    self.publish(Origin::Source, now);
                }
                _ => {}
            }
        }
    }

    /// How soon what comes next is wanted.
    fn set_pace(&self, bytes: usize) {
        let media = &self.feeds.inner.media;
        let Some(link) = &self.link else { return };
        let direct = link.kind == Some(Kind::HttpTs);
        if link.first_media.is_none() {
            media.hurry(OPENING);
        } else if bytes >= if direct { BURST } else { PIPED_BURST } {
            media.hurry(BURST_GOES_ON);
        }
        if !direct {
            media.keep_brisk(PIPED);
        }
    }

    async fn ended(&mut self) {
        let Some(link) = self.link.take() else { return };
        let now = Instant::now();
        self.shaper.finish(&mut self.parts);
        self.publish(Origin::Source, now);
        let lasted = link.lasted(now);
        let ended = link.ended().await;
        warn!(feed = %self.shared.key, reason = ?ended.reason, detail = %ended.detail, after = ?lasted, "source ended");
        self.detail = Some(ended.detail).filter(|detail| !detail.is_empty());
        self.state.sources = self.shared.sources.load(Ordering::Relaxed);
        self.step(state::Event::Ended { reason: ended.reason, retry_after: ended.retry_after, lasted });
    }

    fn slate_came(&mut self, came: &Came) {
        let (Came::Data(data), Some((_, shaper))) = (came, &mut self.slate) else { return };
        shaper.push(data, &mut self.parts);
        shaper.flush(&mut self.parts);
        self.publish(Origin::Slate, Instant::now());
    }

    fn publish(&mut self, origin: Origin, now: Instant) {
        if self.parts.is_empty() {
            return;
        }
        if origin == Origin::Source {
            if let Some(link) = &mut self.link {
                if link.first_media.replace(link.first_media.unwrap_or(now)).is_none() {
                    self.feeds.inner.media.hurry(BEGINNING);
                }
                link.last_media = Some(now);
            }
            if self.state.phase != Phase::Live || self.state.slate {
                self.step(state::Event::Media);
            }
            // The last words of a connection that is given up: the slate is on and stays.
            if self.slate.is_some() {
                self.parts.clear();
                return;
            }
        }
        let mut parts = std::mem::take(&mut self.parts);
        for part in &mut parts {
            part.epoch = self.epochs.number(origin, part.epoch);
            part.origin = origin;
            self.clock.published(now, part.start, part.end);
            self.end = self.end.max(part.end);
            self.meter.bytes += part.bytes.len() as u64;
            self.meter.total += part.bytes.len() as u64;
        }
        self.shared.ring.push(parts.drain(..));
        self.parts = parts;
        self.gap_marked = false;
        // Who waits for something to show looks into the ring: it is told after the ring has it.
        if self.shown.replace(origin) != Some(origin) {
            self.publish_status();
        }
    }

    fn leases_changed(&mut self) {
        let wishes = self.shared.wishes();
        if wishes.held > 0 {
            self.step(state::Event::Wanted);
        } else {
            self.step(state::Event::Unwanted);
        }
        if wishes.evict && self.shared.evictable_since().is_some() {
            self.step(state::Event::Evicted);
        }
        if let (true, Some(link)) = (wishes.withdrawn, &self.link) {
            let lasted = link.lasted(Instant::now());
            self.detail = Some("it was removed".to_owned());
            self.step(state::Event::Stalled { reason: Reason::NotFound, lasted });
        }
    }

    fn timers_due(&mut self) {
        let now = Instant::now();
        let due = |timer: &mut Option<Instant>| timer.take_if(|at| *at <= now).is_some();
        if due(&mut self.timers.flush) {
            self.shaper.flush(&mut self.parts);
            self.publish(Origin::Source, now);
        }
        if due(&mut self.timers.retry) {
            self.reconnects += 1;
            self.step(state::Event::RetryDue);
        }
        if due(&mut self.timers.linger) {
            self.step(state::Event::LingerOver);
        }
        if due(&mut self.timers.tick) {
            self.watch(now);
            let mark = self.next_mark().filter(|mark| *mark > now);
            self.timers.tick = Some(mark.map_or(now + TICK, |mark| mark.min(now + TICK)));
            self.publish_status();
        }
    }

    /// The watchdog.
    fn watch(&mut self, now: Instant) {
        // What waits for company is not to come behind the gap or the slate that it belongs before.
        if self.timers.flush.take().is_some() {
            self.shaper.flush(&mut self.parts);
            self.publish(Origin::Source, now);
        }
        if self.slate.is_none() {
            if self.clock.runs_out(self.end).is_some_and(|end| now >= end + GAP_GRACE) {
                self.shared.ring.ran_out();
            }
            match self.marks() {
                Some((_, slate)) if now >= slate => self.step(state::Event::RanOut),
                Some((gap, _)) if !self.gap_marked && now >= gap => {
                    self.gap_marked = true;
                    self.shaper.cut();
                    self.shared.ring.mark_gap();
                }
                None if now - self.started >= EAGER_SLATE && self.shared.wants_eager_slate() => {
                    self.step(state::Event::RanOut);
                }
                _ => {}
            }
        }
        let Some(link) = &self.link else { return };
        let Some(opened) = link.opened else { return };
        let lasted = link.lasted(now);
        let options = &self.feeds.inner.options;
        // Delivered ahead of time, and not bit by bit: the next burst may be as far away as bursts are, before a gap
        // was ever seen.
        let ahead =
            self.clock.position(link.last_data).map_or(MediaTime::ZERO, |position| self.end - position);
        let bursts = if ahead > AHEAD && !link.rhythm.flows() { BURSTS } else { Duration::ZERO };
        let patience = options
            .stall
            .max(bursts)
            .max(2 * link.rhythm.longest().min(Duration::from_secs(60)))
            .max(link.target.unwrap_or_default().mul_f64(1.5));
        let silent = now - link.last_data > patience;
        let trouble = self.trouble();
        let fruitless = now - link.last_media.unwrap_or(opened).max(opened) > TROUBLE_GRACE;
        let reason = match trouble {
            _ if silent
                && (self.slate.is_some() || self.clock.runs_out(self.end).is_none_or(|end| now >= end)) =>
            {
                Some(Reason::Stalled)
            }
            Some(Reason::NotMedia) if link.first_media.is_none() => Some(Reason::NotMedia),
            _ if fruitless && self.state.phase != Phase::Live => Some(trouble.unwrap_or(Reason::NoKeyframe)),
            _ => None,
        };
        if let Some(reason) = reason {
            warn!(feed = %self.shared.key, ?reason, silence = ?(now - link.last_data), "source given up");
            self.detail = None;
            self.step(state::Event::Stalled { reason, lasted });
        }
    }

    /// Why nothing comes of what the source sends.
    fn trouble(&self) -> Option<Reason> {
        self.shaper.trouble().filter(|_| self.state.phase != Phase::Live)
    }

    /// When readers are to close what they have, and when the slate is to begin, should nothing more come.
    fn marks(&self) -> Option<(Instant, Instant)> {
        let end = self.clock.runs_out(self.end)?;
        let opened = self.link.as_ref().filter(|link| link.opened.is_some());
        Some(match opened.filter(|link| link.rhythm.silence(Instant::now()).is_none()) {
            // Met within a burst, it may be silent for ten seconds, with six in hand that are one long segment to come.
            Some(link) => {
                let soon = (link.last_data + FLOWS).min(end + GAP_GRACE);
                (end.min(link.last_data + OWED).max(soon), end + YOUNG_GRACE)
            }
            None => (end + GAP_GRACE, end + SLATE_GRACE),
        })
    }

    /// The next of the marks that is still to be made.
    fn next_mark(&self) -> Option<Instant> {
        let (gap, slate) = self.marks().filter(|_| self.slate.is_none())?;
        Some(if self.gap_marked { slate } else { gap })
    }

    fn step(&mut self, event: state::Event) {
        let before = (self.state.phase, self.state.reason);
        for effect in state::step(&mut self.state, event) {
            self.perform(effect);
        }
        if before != (self.state.phase, self.state.reason) {
            let (phase, reason) = (self.state.phase.as_str(), self.state.reason);
            info!(feed = %self.shared.key, phase, reason = ?reason, attempt = self.state.attempt, "feed state");
            self.publish_status();
        }
    }

    fn perform(&mut self, effect: Effect) {
        let now = Instant::now();
        match effect {
            Effect::Connect(index) => self.connect(index),
            Effect::Disconnect => {
                self.shaper.finish(&mut self.parts);
                self.publish(Origin::Source, now);
                self.disconnect();
            }
            Effect::RetryIn(wait) => {
                // Jitter: a provider's hiccup must not bring all its channels back in one instant.
                let jitter = if wait.is_zero() { 0.0 } else { rand::rng().random_range(0.0..0.25) };
                self.timers.retry = Some(now + wait.mul_f64(1.0 + jitter));
            }
            Effect::CancelRetry => self.timers.retry = None,
            Effect::Linger => self.timers.linger = Some(now + self.feeds.inner.options.idle_timeout),
            Effect::CancelLinger => self.timers.linger = None,
            Effect::StartSlate => self.start_slate(now),
            Effect::StopSlate => {
                if let Some((slate, _)) = self.slate.take() {
                    slate.close();
                    info!(feed = %self.shared.key, "slate off");
                }
            }
            // Somebody may have come in this very moment: then it begins anew.
            Effect::Stop => {
                self.over = self.shared.close(false);
                if !self.over {
                    (self.started, self.shown) = (now, None);
                    self.shared.wake.notify_one();
                }
            }
        }
    }

    fn connect(&mut self, index: usize) {
        let floor = self.clock.position(Instant::now()).unwrap_or(self.end).max(self.end);
        self.shaper.begin(Origin::Source, floor);
        self.feeds.inner.media.hurry(OPENING);
        let before = self.closing.take();
        let feeds = self.feeds.clone();
        let base = self.shared.base.lock().as_ref().map(|base| Arc::clone(base.ring()));
        self.link = Some(match base {
            Some(ring) => Link::variant(feeds, self.shared.key.to_string(), ring, before),
            None => Link::source(feeds, Arc::clone(&self.shared), index, before),
        });
    }

    fn disconnect(&mut self) {
        if let Some(link) = self.link.take() {
            self.closing = Some(link.close());
        }
    }

    fn start_slate(&mut self, now: Instant) {
        info!(feed = %self.shared.key, "slate on");
        let mut shaper = Shaper::new(self.feeds.inner.options.shape.clone());
        shaper.continue_from(&self.shaper);
        let floor = self.clock.position(now).unwrap_or(self.end).max(self.end);
        shaper.begin(Origin::Slate, floor);
        self.shaper.interrupt(floor);
        self.slate = Some((Link::slate(SLATE_AHEAD), shaper));
    }

    fn publish_status(&mut self) {
        let now = Instant::now();
        if let Some(rate) = self.meter.read(now) {
            self.meter.rate = rate;
        }
        let stats = self.shaper.stats();
        let soft = self.trouble();
        let held = self.shared.wishes_held();
        self.shared.status.send_modify(|status| {
            if status.phase != self.state.phase {
                status.since = SystemTime::now();
            }
            status.phase = self.state.phase;
            status.reason = self.state.reason.or(soft);
            status.detail = self.detail.clone().filter(|_| status.phase != Phase::Live);
            status.ready = self.state.had_media && !self.over;
            status.slate = self.state.slate;
            status.kind = self.link.as_ref().and_then(|link| link.kind);
            status.shape = Arc::clone(self.shaper.shape());
            status.bitrate = self.meter.rate;
            status.gop = stats.gop.unwrap_or_default().as_secs_f64();
            status.continuity_errors = stats.continuity_errors;
            status.dropped_units = stats.dropped_units;
            status.reconnects = self.reconnects;
            status.bytes_in = stats.packets * 188;
            status.bytes_out = self.meter.total;
            status.epochs = self.epochs.number;
            status.source_index = u32::try_from(self.state.source).unwrap_or(u32::MAX);
            status.leases = held;
            status.ring_bytes = self.shared.ring.bytes();
            status.end = self.end;
            status.position = self.clock.position(now).unwrap_or_default().min(self.end);
        });
    }
}

/// What a connection brings next; never, where there is none.
async fn recv(link: Option<&mut Link>) -> Option<Came> {
    match link {
        Some(link) => link.events.recv().await,
        None => std::future::pending().await,
    }
}

impl Epochs {
    fn number(&mut self, origin: Origin, epoch: u32) -> u32 {
        if self.last != Some((origin, epoch)) {
            self.number += u32::from(self.last.is_some());
            self.last = Some((origin, epoch));
        }
        self.number
    }
}

impl Meter {
    /// The rate, once every two seconds.
    fn read(&mut self, now: Instant) -> Option<u64> {
        let span = now - self.since;
        if span < Duration::from_secs(2) {
            return None;
        }
        let rate = (self.bytes as f64 * 8.0 / span.as_secs_f64()) as u64;
        (self.bytes, self.since) = (0, now);
        Some(rate)
    }
}
