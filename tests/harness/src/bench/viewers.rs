//! HLS viewers in real time: ten channels of 1 Mbit/s, playlist and segment latency, stalls.

use super::Effort;
use super::hammer::quantile;
use super::peers;
use super::report::{Line, Target};
use super::setup::Bench;
use super::source::Conduct;
use super::viewer::Audience;
use anyhow::Result;
use harness::http1::Url;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Video; with sound and packets about 1 Mbit/s.
const KBITS: u32 = 850;
const CHANNELS: u64 = 10;
/// Milliseconds.
const SLOWEST: f64 = 50.0;

struct Outcome {
    viewers: usize,
    playlist: f64,
    segment: f64,
    stalls: u64,
    errors: u64,
    gigabits: f64,
    /// Seconds of processor per second.
    relais: f64,
    generator: f64,
    source: f64,
}

impl Outcome {
    fn holds(&self) -> bool {
        self.playlist < SLOWEST && self.segment < SLOWEST && self.stalls == 0 && self.errors == 0
    }

    fn words(&self) -> String {
        format!(
            "{} viewers: p99 playlist {:.1} ms, segment {:.1} ms, {} stalls, {} errors, {:.2} Gbit/s; processor s/s: relais {:.2}, generator {:.2}, source {:.2}",
            self.viewers,
            self.playlist,
            self.segment,
            self.stalls,
            self.errors,
            self.gigabits,
            self.relais,
            self.generator,
            self.source
        )
    }
}

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let sizes: &[usize] =
        if effort.quick { &[300] } else { &[10_000, 8_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000] };
    let mut outcomes = Vec::new();
    for size in sizes {
        let outcome = audience(*size, effort).await?;
        eprintln!("  {}", outcome.words());
        let holds = outcome.holds();
        outcomes.push(outcome);
        if holds {
            break;
        }
    }
    let most = outcomes.iter().filter(|o| o.holds()).map(|o| o.viewers).max().unwrap_or(0);
    let shown = outcomes.last();
    let mut line = Line::new(
        "viewers",
        "HLS viewers of ten 1 Mbit/s channels, p99 < 50 ms, no stall",
        "viewers",
        Target::AtLeast(10_000.0),
    )
    .ours([most as f64]);
    for outcome in &outcomes {
        line = line.note(outcome.words());
    }
    let latency = |what: &str, value: Option<f64>| {
        Line::new("viewers", format!("p99 of {what} with that many"), "ms", Target::AtMost(SLOWEST))
            .ours(value)
    };
    Ok(vec![
        line,
        latency("playlists", shown.map(|o| o.playlist)),
        latency("segments", shown.map(|o| o.segment)),
    ])
}

async fn audience(size: usize, effort: Effort) -> Result<Outcome> {
    let bench = Bench::start(&[(KBITS, Conduct::Paced, CHANNELS)]).await?;
    let mut entries = Vec::new();
    for channel in 0..CHANNELS {
        entries
            .push(Url { peer: bench.address()?, target: bench.hls(KBITS, Conduct::Paced, channel).await? });
    }
    // The channels have some past when the many come.
    let pioneers = Audience::gather(&entries, CHANNELS as usize, Duration::ZERO);
    pioneers.playing(Duration::from_secs(30)).await?;
    tokio::time::sleep(effort.time(Duration::from_secs(20))).await;
    drop(pioneers);
    let ramp = Duration::from_millis(4 * size as u64).max(Duration::from_secs(5));
    let audience = Audience::gather(&entries, size, ramp);
    tokio::time::sleep(ramp).await;
    audience.playing(Duration::from_secs(30)).await.ok();
    tokio::time::sleep(effort.time(Duration::from_secs(8))).await;
    let errors = audience.seen.errors.load(Ordering::Relaxed);
    let pids = [bench.relais.pid(), std::process::id(), bench.source.pid()];
    let cpu = || pids.map(peers::own_cpu);
    audience.measure(true);
    let (start, before) = (Instant::now(), cpu());
    tokio::time::sleep(effort.time(Duration::from_secs(30))).await;
    audience.measure(false);
    let (elapsed, after) = (start.elapsed().as_secs_f64(), cpu());
    let spent: Vec<f64> = before.iter().zip(after).map(|(b, a)| (a - b) / elapsed).collect();
    let sorted = |latencies: &std::sync::Mutex<Vec<u32>>| {
        let mut all = latencies.lock().map(|l| l.clone()).unwrap_or_default();
        all.sort_unstable();
        all
    };
    let seen = &audience.seen;
    let late = seen.errors.load(Ordering::Relaxed) - errors;
    if late > 0 {
        eprintln!("  last error: {}", audience.last_error());
    }
    Ok(Outcome {
        viewers: size,
        playlist: quantile(&sorted(&seen.playlists), 0.99),
        segment: quantile(&sorted(&seen.segments), 0.99),
        stalls: seen.stalls.load(Ordering::Relaxed),
        errors: late,
        gigabits: seen.bytes.load(Ordering::Relaxed) as f64 * 8.0 / 1e9 / elapsed,
        relais: spent[0],
        generator: spent[1],
        source: spent[2],
    })
}
