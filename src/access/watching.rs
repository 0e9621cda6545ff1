//! Who is watching now, in memory only.
//!
//! An HLS session lives from poll to poll: it takes its place at the first, counts as a viewer from the second on
//! (a link preview or a probing client leaves no ghost) and lapses after a while without one. What it is comes from
//! its signed claims, so one that lapsed or is unknown after a restart simply takes a place again. An endless
//! stream has a [`Seat`] and counts until that is dropped.
//!
//! Sessions are spread over shards, each with a lock that is held for a map access; viewers per target are
//! counted as they come and go, so a count costs one step per *target*, not per session.

mod ended;
mod seat;

pub use seat::Seat;

use super::signer::{Claims, Target};
use crate::wire::SessionView;
use crate::wire::session::Protocol;
use ended::Ended;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SHARDS: u64 = 32;
/// Characters of a `User-Agent` that are kept.
const AGENT: usize = 200;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The viewer's address (behind trusted proxies: what they say).
    pub ip: IpAddr,
    /// The player's name; may be empty.
    pub user_agent: String,
}

/// What came of a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polled {
    /// It took a place with this poll: it was unknown, or had lapsed.
    pub first: bool,
}

/// Why a session gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An administrator or the end of its user ended it. It does not come back.
    #[error("this session was ended")]
    Ended,
    /// Places of this server are used up.
    #[error("this server has as many viewers as it may have ({0})")]
    Full(usize),
    /// Places of this address are used up.
    #[error("too many sessions from this address ({0})")]
    Address(usize),
}

/// Bounds of memory, far above honest use. 0: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions in all.
    pub sessions: usize,
    /// Sessions from one address. Off by default: a proxy that is not trusted makes all viewers one address.
    pub per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 100_000, per_address: 0 }
    }
}

/// Everyone who watches.
pub struct Watching {
    lapse: Duration,
    limits: Limits,
    shards: Vec<Mutex<HashMap<u64, Place>>>,
    /// Taken while a shard's lock is held, never the other way round.
    viewers: Mutex<HashMap<Target, usize>>,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    places: AtomicUsize,
    ended: Ended,
    changes: watch::Sender<u64>,
    /// Milliseconds that a test has let pass.
    #[cfg(test)]
    passed: AtomicU64,
}

struct Place {
    user: i64,
    /// The temporary link that it came by.
    link: Option<Box<str>>,
    target: Target,
    ip: IpAddr,
    user_agent: Box<str>,
    since: Timestamp,
    seen: Instant,
    counted: bool,
    bytes: Arc<AtomicU64>,
    /// The playlist's version that it was given last.
    version: u64,
    /// `Some`: an endless stream, which lapses by being dropped only.
    seat: Option<CancellationToken>,
}

impl Watching {
    /// Nobody watches yet; sessions lapse after `lapse` without a poll.
    pub fn new(lapse: Duration) -> Arc<Self> {
        Self::with_limits(lapse, Limits::default())
    }

    /// Likewise, with bounds of one's own.
    pub fn with_limits(lapse: Duration, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            lapse,
            limits,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            viewers: Mutex::default(),
            addresses: Mutex::default(),
            places: AtomicUsize::new(0),
            ended: Ended::default(),
            changes: watch::Sender::new(0),
            #[cfg(test)]
            passed: AtomicU64::new(0),
        })
    }

    /// A media-playlist poll of the session whose signed text is `session` and opened to `claims`: takes a place or
    /// keeps it.
    pub fn poll(&self, session: &str, claims: &Claims, who: &Who) -> Result<Polled, Refusal> {
        let key = key(session);
        let now = self.now();
        let mut shard = self.shard(key).lock();
        if self.ended.has(key) {
            return Err(Refusal::Ended);
        }
        if let Some(place) = shard.get_mut(&key) {
            let lapsed = now.duration_since(place.seen) > self.lapse;
            place.seen = now;
            if lapsed {
                self.uncount(place);
                place.since = Timestamp::now();
                place.bytes = Arc::default();
            } else if !place.counted {
                self.count_in(place);
            }
            return Ok(Polled { first: lapsed });
        }
        self.take(who.ip)?;
        shard.insert(key, place(claims, who, now));
        Ok(Polled { first: true })
    }

    /// Adds to what a session was sent; nothing happens where it has no place.
    pub fn add_bytes(&self, session: &str, n: u64) {
        let key = key(session);
        if let Some(place) = self.shard(key).lock().get(&key) {
            place.bytes.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// The session was given the playlist of that version, whose newest segment has so many bytes. What was newly
    /// listed to a session is taken for what it fetched: an estimate, for any cache may stand in between.
    pub fn listed(&self, session: &str, version: u64, newest: u64) {
        let key = key(session);
        if let Some(place) = self.shard(key).lock().get_mut(&key)
            && place.version != version
        {
            // A poll that came late was given several at once; more than a window is not fetched.
            let segments = version.saturating_sub(place.version).min(if place.version == 0 { 1 } else { 6 });
            place.version = version;
            place.bytes.fetch_add(segments * newest, Ordering::Relaxed);
        }
    }

    /// A place for an endless stream; it counts at once, until the seat is dropped or ended.
    pub fn open(self: &Arc<Self>, claims: Claims, who: Who) -> Result<Seat, Refusal> {
        let key = rand::random();
        let ended = CancellationToken::new();
        self.take(who.ip)?;
        let mut place = place(&claims, &who, self.now());
        place.seat = Some(ended.clone());
        let bytes = place.bytes.clone();
        let mut shard = self.shard(key).lock();
        self.count_in(&mut place);
        shard.insert(key, place);
        drop(shard);
        Ok(Seat::new(self.clone(), key, bytes, ended))
    }

    /// Viewers of the targets that match.
    pub fn count(&self, target_matches: impl Fn(&Target) -> bool) -> usize {
        self.viewers.lock().iter().filter(|(target, _)| target_matches(target)).map(|(_, n)| n).sum()
    }

    /// Everyone who counts as a viewer, the first come first. Names and countries are for others to fill in.
    pub fn list(&self) -> Vec<SessionView> {
        let (now, instant) = (Timestamp::now(), self.now());
        let mut views = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            views.extend(
                shard.iter().filter(|(_, p)| p.counted).map(|(key, place)| place.view(*key, now, instant)),
            );
        }
        views.sort_unstable_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        views
    }

    /// Ends the session of that id (as listed) for good; whether there was one.
    pub fn end(&self, id: &str) -> bool {
        let Ok(key) = u64::from_str_radix(id, 16) else { return false };
        self.end_key(key)
    }

    /// Ends every session of a user; how many there were.
    pub fn end_user(&self, user: i64) -> usize {
        let mut keys = Vec::new();
        for shard in &self.shards {
            keys.extend(shard.lock().iter().filter(|(_, place)| place.user == user).map(|(key, _)| *key));
        }
        keys.into_iter().filter(|key| self.end_key(*key)).count()
    }

    /// Ends every session that came by a temporary link which does not `work` any more; how many there were.
    pub fn end_links(&self, works: impl Fn(&str) -> bool) -> usize {
        let gone = |place: &Place| place.link.as_deref().is_some_and(|link| !works(link));
        let mut keys = Vec::new();
        for shard in &self.shards {
            keys.extend(shard.lock().iter().filter(|(_, place)| gone(place)).map(|(key, _)| *key));
        }
        keys.into_iter().filter(|key| self.end_key(*key)).count()
    }

    /// A number that rises whenever a count changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Frees the places of sessions that lapsed. For one task to call, every second or so.
    pub fn sweep(&self) {
        let now = self.now();
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.retain(|_, place| {
                let stays = place.seat.is_some() || now.duration_since(place.seen) <= self.lapse;
                if !stays {
                    self.uncount(place);
                    self.give_back(place.ip);
                }
                stays
            });
        }
        self.ended.sweep(now);
    }

    fn end_key(&self, key: u64) -> bool {
        let mut shard = self.shard(key).lock();
        // Before it leaves the map, so that no poll in between brings it back.
        match shard.get(&key) {
            None => return false,
            Some(place) if place.seat.is_none() => self.ended.add(key, self.now()),
            Some(_) => (),
        }
        if let Some(place) = shard.remove(&key) {
            self.left(place);
        }
        true
    }

    /// The seat was dropped.
    fn leave(&self, key: u64) {
        let mut shard = self.shard(key).lock();
        if let Some(place) = shard.remove(&key) {
            self.left(place);
        }
    }

    fn left(&self, mut place: Place) {
        self.uncount(&mut place);
        self.give_back(place.ip);
        if let Some(seat) = place.seat {
            seat.cancel();
        }
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self)]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[cfg(test)]
    fn now(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.passed.load(Ordering::Relaxed))
    }

    fn shard(&self, key: u64) -> &Mutex<HashMap<u64, Place>> {
        #[allow(clippy::cast_possible_truncation)] // below SHARDS
        &self.shards[(key % SHARDS) as usize]
    }

    fn take(&self, ip: IpAddr) -> Result<(), Refusal> {
        let Limits { sessions, per_address } = self.limits;
        if self.places.fetch_add(1, Ordering::Relaxed) >= sessions && sessions > 0 {
            self.places.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Full(sessions));
        }
        if per_address > 0 {
            let mut addresses = self.addresses.lock();
            let taken = addresses.entry(ip).or_default();
            if *taken >= per_address {
                self.places.fetch_sub(1, Ordering::Relaxed);
                return Err(Refusal::Address(per_address));
            }
            *taken += 1;
        }
        Ok(())
    }

    fn give_back(&self, ip: IpAddr) {
        self.places.fetch_sub(1, Ordering::Relaxed);
        if self.limits.per_address > 0 {
            let mut addresses = self.addresses.lock();
            if let Some(taken) = addresses.get_mut(&ip) {
                *taken -= 1;
                if *taken == 0 {
                    addresses.remove(&ip);
                }
            }
        }
    }

    fn count_in(&self, place: &mut Place) {
        place.counted = true;
        *self.viewers.lock().entry(place.target.clone()).or_default() += 1;
        self.changes.send_modify(|n| *n += 1);
    }

    fn uncount(&self, place: &mut Place) {
        if !std::mem::take(&mut place.counted) {
            return;
        }
        let mut viewers = self.viewers.lock();
        if let Some(count) = viewers.get_mut(&place.target) {
            *count -= 1;
            if *count == 0 {
                viewers.remove(&place.target);
            }
        }
        drop(viewers);
        self.changes.send_modify(|n| *n += 1);
    }
}

fn place(claims: &Claims, who: &Who, now: Instant) -> Place {
    Place {
        user: claims.user,
        link: claims.link.clone(),
        target: claims.target.clone(),
        ip: who.ip,
        user_agent: who.user_agent.chars().take(AGENT).collect(),
        since: Timestamp::now(),
        seen: now,
        counted: false,
        bytes: Arc::default(),
        version: 0,
        seat: None,
    }
}

impl Place {
    fn view(&self, key: u64, now: Timestamp, instant: Instant) -> SessionView {
        let silent = match self.seat {
            Some(_) => Duration::ZERO,
            None => instant.duration_since(self.seen),
        };
        let silent = SignedDuration::try_from(silent).unwrap_or_default();
        SessionView {
            id: format!("{key:016x}"),
            user_id: (self.user != 0).then_some(self.user),
            username: None,
            channel_id: match &self.target {
                Target::OnAir => None,
                Target::Channel { id, .. } => Some(id.clone()),
            },
            channel_name: None,
            on_air: self.target == Target::OnAir,
            protocol: if self.seat.is_some() { Protocol::Ts } else { Protocol::Hls },
            client_ip: self.ip,
            country: None,
            user_agent: self.user_agent.to_string(),
            started_at: self.since,
            last_seen: now.saturating_sub(silent).unwrap_or(now),
            bytes_sent: self.bytes.load(Ordering::Relaxed),
            bytes_estimated: self.seat.is_none(),
        }
    }
}

/// A session's number: nothing that its URLs hold can be read from it.
fn key(session: &str) -> u64 {
    let digest = Sha256::digest(session.as_bytes());
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests;
