//! HLS viewers in real time, as hls.js behaves: they begin three target durations before the end (RFC 8216, 6.3.3),
//! ask for the playlist again after the last segment's duration, which near the live edge takes the place of the
//! target duration, or half of it where nothing was new, fetch what is new, and play it.

use super::client::{self, Client};
use super::setup::{self, Playlist};
use anyhow::{Context, Result, ensure};
use harness::http1::Url;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A frame of 25 pictures a second: a shorter wait is none.
const NOTICEABLE: Duration = Duration::from_millis(40);

/// What all viewers of an audience saw, while [`Audience::measure`] was on.
#[derive(Debug, Default)]
pub struct Seen {
    /// Microseconds.
    pub playlists: Mutex<Vec<u32>>,
    pub segments: Mutex<Vec<u32>>,
    pub bytes: AtomicU64,
    pub stalls: AtomicU64,
    /// Milliseconds in all stalls.
    pub stalled: AtomicU64,
    pub errors: AtomicU64,
    measuring: std::sync::atomic::AtomicBool,
    playing: AtomicU64,
    last_error: Mutex<String>,
}

/// Viewers at work; they go when this is dropped.
#[derive(Debug)]
pub struct Audience {
    pub seen: Arc<Seen>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Audience {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Audience {
    /// `count` viewers of these multivariant playlists in turn, who arrive evenly over `ramp`.
    pub fn gather(entries: &[Url], count: usize, ramp: Duration) -> Self {
        let seen = Arc::new(Seen::default());
        let start = tokio::time::Instant::now();
        let tasks = (0..count)
            .map(|number| {
                let (seen, entry) = (Arc::clone(&seen), entries[number % entries.len()].clone());
                let arrives = start + ramp.mul_f64(number as f64 / count as f64);
                tokio::spawn(async move {
                    tokio::time::sleep_until(arrives).await;
                    loop {
                        if let Err(error) = watch(&entry, &seen).await {
                            seen.errors.fetch_add(1, Ordering::Relaxed);
                            *lock(&seen.last_error) = format!("{error:#}");
                        }
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                })
            })
            .collect();
        Self { seen, tasks }
    }

    /// Waits until all of them play.
    pub async fn playing(&self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let playing = self.seen.playing.load(Ordering::Relaxed);
            if playing >= self.tasks.len() as u64 {
                return Ok(());
            }
            let all = self.tasks.len();
            let error = lock(&self.seen.last_error).clone();
            ensure!(Instant::now() < deadline, "{playing} of {all} viewers play after {patience:?}: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// From now on latencies and stalls count, or no longer.
    pub fn measure(&self, on: bool) {
        self.seen.measuring.store(on, Ordering::Relaxed);
    }

    /// What went wrong last.
    pub fn last_error(&self) -> String {
        lock(&self.seen.last_error).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Seen {
    fn measuring(&self) -> bool {
        self.measuring.load(Ordering::Relaxed)
    }

    fn note(&self, latencies: &Mutex<Vec<u32>>, took: Duration) {
        if self.measuring() {
            lock(latencies).push(took.as_micros() as u32);
        }
    }
}

/// Media in hand by the clock on the wall.
struct Player<'a> {
    seen: &'a Seen,
    /// When what was fetched so far will have been shown.
    until: Option<Instant>,
}

impl Drop for Player<'_> {
    fn drop(&mut self) {
        if self.until.is_some() {
            self.seen.playing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Player<'_> {
    fn got(&mut self, seconds: f64) {
        let (now, seen) = (Instant::now(), self.seen);
        let until = match self.until {
            Some(until) if until < now => {
                if seen.measuring() && now - until > NOTICEABLE {
                    seen.stalls.fetch_add(1, Ordering::Relaxed);
                    seen.stalled.fetch_add((now - until).as_millis() as u64, Ordering::Relaxed);
                }
                now
            }
            Some(until) => until,
            None => {
                seen.playing.fetch_add(1, Ordering::Relaxed);
                now
            }
        };
        self.until = Some(until + Duration::from_secs_f64(seconds));
    }
}

/// Until something goes wrong.
async fn watch(entry: &Url, seen: &Seen) -> Result<()> {
    let media = setup::session(entry).await?;
    let mut client = Client::connect(media.peer).await?;
    let poll = client::request(media.peer, &media.target);
    let mut player = Player { seen, until: None };
    let mut next: Option<u64> = None;
    loop {
        let asked = Instant::now();
        let reply = client.send(&poll, true).await?;
        seen.note(&seen.playlists, reply.whole);
        ensure!(reply.status == 200, "the playlist: {}", reply.status);
        let playlist =
            Playlist::parse(std::str::from_utf8(&reply.body).context("a playlist that is not text")?)?;
        let begin = next.unwrap_or_else(|| first(&playlist));
        let new = playlist.segments.iter().skip(begin.saturating_sub(playlist.sequence) as usize);
        for (seconds, reference) in new {
            let reply = client
                .send(&client::request(media.peer, &setup::join(&media, reference)?.target), false)
                .await?;
            ensure!(reply.status == 200, "a segment: {}", reply.status);
            seen.note(&seen.segments, reply.whole);
            if seen.measuring() {
                seen.bytes.fetch_add(reply.length, Ordering::Relaxed);
            }
            player.got(*seconds);
        }
        let end = playlist.sequence + playlist.segments.len() as u64;
        let step = playlist.segments.last().map_or(playlist.target, |last| last.0.min(playlist.target));
        let wait = if next == Some(end) { step / 2.0 } else { step };
        next = Some(end);
        tokio::time::sleep_until((asked + Duration::from_secs_f64(wait)).into()).await;
    }
}

/// The segment that a player begins with: three target durations before the end.
pub fn first(playlist: &Playlist) -> u64 {
    let mut behind = 0.0;
    let back = playlist.segments.iter().rev().take_while(|segment| {
        let take = behind < 3.0 * playlist.target;
        behind += segment.0;
        take
    });
    playlist.sequence + (playlist.segments.len() - back.count()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_begin_three_target_durations_before_the_end() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n".to_owned()
            + &"#EXTINF:2.000,\n/a.ts\n".repeat(12);
        assert_eq!(first(&Playlist::parse(&text).unwrap()), 7 + 12 - 6);
    }
}
