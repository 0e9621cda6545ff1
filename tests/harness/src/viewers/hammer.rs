//! As many requests as the server can answer, over so many connections; and what they cost it.

use super::Latencies;
use crate::http1::{Connection, Peer, Url};
use crate::process;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What to fire.
#[derive(Debug, Clone)]
pub struct Hammer {
    /// Asked for in turn.
    pub urls: Vec<String>,
    pub connections: usize,
    pub span: Duration,
    /// The server's processes, to read their processor time (nginx has several).
    pub pids: Vec<u32>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct HammerReport {
    pub requests: u64,
    pub bytes: u64,
    pub errors: u64,
    pub seconds: f64,
    pub latencies: Latencies,
    /// Processor seconds of the server in that time.
    pub cpu: f64,
}

impl HammerReport {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
    /// Processor seconds per 10⁹ bytes.
    pub fn cpu_per_gigabyte(&self) -> f64 {
        self.cpu / (self.bytes as f64 / 1e9)
    }
    pub fn summary(&self) -> String {
        format!(
            "{:.0} requests/s, {:.3} GB/s, {:.3} CPU s/GB, {:.2} cores, {}, {} errors",
            self.rate(),
            self.bytes as f64 / self.seconds / 1e9,
            self.cpu_per_gigabyte(),
            self.cpu / self.seconds,
            self.latencies.words(),
            self.errors
        )
    }
}

fn cpu(pids: &[u32]) -> f64 {
    pids.iter().filter_map(|&pid| process::stat(pid)).map(|s| s.cpu).sum()
}

impl Hammer {
    pub async fn run(&self) -> Result<HammerReport> {
        let urls: Vec<Url> = self.urls.iter().map(|u| Url::parse(u)).collect::<Result<_>>()?;
        ensure!(!urls.is_empty(), "no URL");
        let urls = std::sync::Arc::new(urls);
        let (start, before) = (Instant::now(), cpu(&self.pids));
        let deadline = start + self.span;
        let mut tasks = JoinSet::new();
        for number in 0..self.connections {
            let urls = urls.clone();
            tasks.spawn(async move { fire(&urls, number, deadline).await });
        }
        let (mut requests, mut bytes, mut errors) = (0, 0, 0);
        let mut latencies = Latencies::default();
        while let Some(done) = tasks.join_next().await {
            let (count, volume, failed, times) = done.context("a connection failed")?;
            requests += count;
            bytes += volume;
            errors += failed;
            latencies.merge(&times);
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok(HammerReport { requests, bytes, errors, seconds, latencies, cpu: cpu(&self.pids) - before })
    }
}

async fn fire(urls: &[Url], number: usize, deadline: Instant) -> (u64, u64, u64, Latencies) {
    let (mut requests, mut bytes, mut errors) = (0, 0, 0);
    let mut latencies = Latencies::default();
    let mut kept: Option<Connection> = None;
    let mut turn = number;
    while Instant::now() < deadline {
        let url = &urls[turn % urls.len()];
        turn += 1;
        let start = Instant::now();
        let exchange = async {
            let mut connection = match kept.take() {
                Some(connection) if connection.reusable() => connection,
                _ => Connection::open(&Peer::Tcp(url.peer)).await?,
            };
            let head = connection.request("GET", &url.target, &[], b"").await?;
            let volume = connection.skip_body().await?;
            anyhow::Ok((connection, head.status, volume))
        };
        match exchange.await {
            Ok((connection, 200, volume)) => {
                kept = Some(connection);
                requests += 1;
                bytes += volume;
                latencies.record(start.elapsed());
            }
            Ok((connection, ..)) => {
                kept = Some(connection);
                errors += 1;
            }
            Err(_) => {
                errors += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    (requests, bytes, errors, latencies)
}

#[cfg(test)]
mod tests {
    use super::super::{HlsViewers, watch_ts};
    use super::*;
    use crate::hell::{ChannelSpec, Hell, HellOptions};

    #[tokio::test]
    async fn a_crowd_watches_hell() {
        let mut spec = ChannelSpec::plain("1", "navy");
        (spec.behaviour.hls_segment, spec.behaviour.burst) = (2.0, 3.0);
        let hell = Hell::start(HellOptions::channels([spec])).await.unwrap();
        let viewers = HlsViewers::start(&[hell.media_url("1", "m3u8")], 20, Duration::from_secs(1)).unwrap();
        let ts = watch_ts(&hell.media_url("1", "ts"), Duration::from_secs(5), false).await.unwrap();
        assert!(ts.first_key.unwrap() < Duration::from_millis(500) && ts.media > 4.0, "{:?}", ts.media);
        let hammer = Hammer {
            urls: vec![format!("{}/_stats", hell.url())],
            connections: 4,
            span: Duration::from_secs(1),
            pids: vec![std::process::id()],
        };
        let hammered = hammer.run().await.unwrap();
        assert!(
            hammered.requests > 100 && hammered.errors == 0 && hammered.cpu > 0.0,
            "{}",
            hammered.summary()
        );
        let report = viewers.stop().await;
        assert_eq!((report.stalls, report.errors, report.starved), (0, 0, 0), "{}", report.summary());
        assert!(report.segments.count() >= 20 * 4);
    }
}
