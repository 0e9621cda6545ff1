//! Paced HLS viewers: each has a connection and a session of its own, polls its playlist as players do, fetches
//! each new segment, and runs dry when media comes too late.

use super::Latencies;
use crate::http1::{Connection, Peer, Url};
use crate::judge::playlist::{self, Playlist};
use anyhow::{Context, Result, bail};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What all viewers together saw.
#[derive(Debug, Clone, Default)]
pub struct HlsReport {
    pub playlists: Latencies,
    pub segments: Latencies,
    /// From the first request to the end of the first segment.
    pub first_segment: Latencies,
    pub bytes: u64,
    /// Times that a viewer's buffer ran dry.
    pub stalls: u64,
    /// Seconds spent dry.
    pub stalled: f64,
    pub errors: u64,
    /// The first few errors, in words.
    pub examples: Vec<String>,
    pub viewers: usize,
    /// Viewers that never got a segment.
    pub starved: usize,
}

impl HlsReport {
    pub fn merge(&mut self, other: &Self) {
        self.playlists.merge(&other.playlists);
        self.segments.merge(&other.segments);
        self.first_segment.merge(&other.first_segment);
        self.bytes += other.bytes;
        self.stalls += other.stalls;
        self.stalled += other.stalled;
        self.errors += other.errors;
        self.viewers += other.viewers;
        self.starved += other.starved;
        let room = 10usize.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room).cloned());
    }

    fn error(&mut self, what: String) {
        self.errors += 1;
        if self.examples.len() < 3 {
            self.examples.push(what);
        }
    }

    pub fn summary(&self) -> String {
        format!(
            "{} viewers, {:.1} MB, playlists {}, segments {}, first segment {}, {} stalls ({:.1} s), {} errors {:?}, {} starved",
            self.viewers,
            self.bytes as f64 / 1e6,
            self.playlists.words(),
            self.segments.words(),
            self.first_segment.words(),
            self.stalls,
            self.stalled,
            self.errors,
            self.examples,
            self.starved
        )
    }
}

/// A crowd at work.
pub struct HlsViewers {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    total: Arc<Mutex<HlsReport>>,
}

impl HlsViewers {
    /// `count` viewers spread over the URLs, arriving evenly over `arrival`.
    pub fn start(urls: &[String], count: usize, arrival: Duration) -> Result<Self> {
        let urls: Vec<Url> = urls.iter().map(|u| Url::parse(u)).collect::<Result<_>>()?;
        anyhow::ensure!(!urls.is_empty(), "no URL");
        let (stop, stopped) = watch::channel(false);
        let total: Arc<Mutex<HlsReport>> = Arc::default();
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let url = urls[number % urls.len()].clone();
            let (mut stopped, total) = (stopped.clone(), total.clone());
            tasks.spawn(async move {
                tokio::time::sleep(arrival.mul_f64(number as f64 / count as f64)).await;
                let mut viewer = Viewer::new(url, number);
                tokio::select! {
                    () = viewer.watch() => {}
                    _ = stopped.wait_for(|s| *s) => {}
                }
                let report = viewer.finish();
                total.lock().unwrap_or_else(PoisonError::into_inner).merge(&report);
            });
        }
        Ok(Self { tasks, stop, total })
    }

    /// Sends them home and adds up.
    pub async fn stop(mut self) -> HlsReport {
        self.stop.send(true).ok();
        while self.tasks.join_next().await.is_some() {}
        self.total.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Viewer {
    entry: Url,
    agent: String,
    connection: Option<Connection>,
    media: Option<Url>,
    next: Option<u64>,
    /// When what it has in hand will have been played; set with the first segments.
    dry_at: Option<Instant>,
    began: Instant,
    report: HlsReport,
}

impl Viewer {
    fn new(entry: Url, number: usize) -> Self {
        Self {
            entry,
            agent: format!("User-Agent: harness-viewer/{number}"),
            connection: None,
            media: None,
            next: None,
            dry_at: None,
            began: Instant::now(),
            report: HlsReport { viewers: 1, ..HlsReport::default() },
        }
    }

    fn finish(mut self) -> HlsReport {
        match self.dry_at {
            None => self.report.starved = 1,
            Some(dry) => self.account_dry(dry, Instant::now()),
        }
        self.report
    }

    fn account_dry(&mut self, dry: Instant, now: Instant) {
        if now > dry {
            self.report.stalls += 1;
            self.report.stalled += (now - dry).as_secs_f64();
        }
    }

    async fn connection(&mut self, url: &Url) -> Result<Connection> {
        match self.connection.take() {
            Some(connection) if connection.reusable() => Ok(connection),
            _ => Connection::open(&Peer::Tcp(url.peer)).await,
        }
    }

    async fn text(&mut self, url: &Url) -> Result<String> {
        let start = Instant::now();
        let mut connection = self.connection(url).await?;
        let head = connection.request("GET", &url.target, &[&self.agent], b"").await?;
        let body = connection.body().await?;
        self.connection = Some(connection);
        if head.status != 200 {
            bail!("playlist: status {}", head.status);
        }
        // The first answers are held until there is something to play; they are not a delivery latency.
        if self.next.is_some() {
            self.report.playlists.record(start.elapsed());
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn watch(&mut self) {
        loop {
            let polled = Instant::now();
            let pause = match self.poll().await {
                Ok(target) => target,
                Err(error) => {
                    self.report.error(format!("{error:#}"));
                    self.connection = None;
                    1.0
                }
            };
            tokio::time::sleep_until((polled + Duration::from_secs_f64(pause)).into()).await;
        }
    }

    /// One playlist and what is new in it; how long to wait until the next.
    async fn poll(&mut self) -> Result<f64> {
        let url = self.media.clone().unwrap_or_else(|| self.entry.clone());
        let media = match playlist::parse(&self.text(&url).await?)? {
            Playlist::Multivariant(uris) => {
                self.media = Some(url.join(uris.first().context("no variant")?)?);
                return Ok(0.0);
            }
            Playlist::Media(media) => media,
        };
        self.media = Some(url.clone());
        let mut known = self.next.unwrap_or_else(|| {
            // Three target durations from the edge, as players begin.
            let mut held = 0.0;
            let edge = media.segments.iter().rev().take_while(|s| {
                held += s.duration;
                held <= 3.0 * media.target as f64
            });
            edge.last().or(media.segments.last()).map_or(media.sequence, |s| s.sequence)
        });
        if known < media.sequence {
            known = media.sequence;
        }
        let mut fresh = false;
        let first = known;
        for segment in media.segments.iter().filter(|s| s.sequence >= first) {
            self.segment(&url.join(&segment.uri)?, segment.duration).await?;
            known = segment.sequence + 1;
            fresh = true;
        }
        self.next = Some(known);
        // RFC 8216, 6.3.4.
        Ok(media.target as f64 * if fresh { 1.0 } else { 0.5 })
    }

    async fn segment(&mut self, url: &Url, duration: f64) -> Result<()> {
        let start = Instant::now();
        let mut connection = self.connection(url).await?;
        let head = connection.request("GET", &url.target, &[&self.agent], b"").await?;
        let bytes = connection.skip_body().await?;
        self.connection = Some(connection);
        if head.status != 200 {
            bail!("segment: status {}", head.status);
        }
        self.report.segments.record(start.elapsed());
        self.report.bytes += bytes;
        let now = Instant::now();
        if self.dry_at.is_none() {
            self.report.first_segment.record(self.began.elapsed());
        }
        let dry = self.dry_at.unwrap_or(now);
        self.account_dry(dry, now);
        self.dry_at = Some(dry.max(now) + Duration::from_secs_f64(duration));
        Ok(())
    }
}
