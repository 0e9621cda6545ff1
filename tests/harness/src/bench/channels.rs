//! Fifty channels of 4 Mbit/s with a viewer each: processor and memory, beside as many
//! `ffmpeg -c copy -f hls`.

use super::Effort;
use super::peers::{self, Ffmpeg};
use super::report::{Line, Target, median};
use super::service::mebibytes;
use super::setup;
use super::setup::{Bench, Playlist};
use super::source::{Conduct, Source};
use super::viewer::Audience;
use anyhow::{Context, Result};
use harness::http1::Url;
use std::time::{Duration, Instant};

const KBITS: u32 = 4000;
/// Windows of the measured minute; their median counts.
const WINDOWS: u32 = 5;
/// A segment is kept while it is listed (`hls.window`, 16 s), and then for that and its own duration (2 s) again; the
/// newest is being made.
const RETENTION: f64 = 16.0 + 16.0 + 2.0 + 2.0;
/// Beyond so many seconds of processor per second of the clock a measurement says nothing about real time.
const CROWDED: f64 = 1.8;

/// Processor time of several processes: seconds per second, one figure per window.
async fn windows(pids: &[u32], minute: Duration) -> Vec<f64> {
    let mut runs = Vec::new();
    let total = || pids.iter().map(|pid| peers::cpu(*pid)).sum::<f64>();
    for _ in 0..WINDOWS {
        let (start, before) = (Instant::now(), total());
        tokio::time::sleep(minute / WINDOWS).await;
        runs.push((total() - before) / start.elapsed().as_secs_f64());
    }
    runs
}

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let count = if effort.quick { 5 } else { 50 };
    let minute = effort.time(Duration::from_secs(60));
    let ours = relais(count, minute, effort).await?;
    let theirs = ffmpeg(count, minute).await?;
    let bound = mebibytes((ours.bitrate / 8.0 * RETENTION * 1.15) as u64) + 1.0;
    let scale = count as f64 / theirs.count as f64;
    let per_minute = |runs: &[f64], scale: f64| runs.iter().map(|r| r * 60.0 * scale).collect::<Vec<_>>();
    let mut processor = Line::new(
        "channels",
        format!("processor, {count} x 4 Mbit/s for 60 s, a viewer each"),
        "s",
        Target::RatioAtMost(0.25),
    )
    .ours(per_minute(&ours.cpu, 1.0))
    .peer(per_minute(&theirs.cpu, scale))
    .note(format!(
        "{WINDOWS} windows of a minute; the source took {:.2} s/s, viewers {:.2} s/s; {} stalls",
        ours.source, ours.viewers, ours.stalls
    ));
    if theirs.count < count {
        processor = processor.note(format!("only {} FFmpegs fit in real time: scaled", theirs.count));
    }
    let memory = Line::new("channels", "memory per channel (PSS above idle)", "MiB", Target::AtMost(bound))
        .ours([ours.memory / count as f64])
        .peer([theirs.memory / theirs.count as f64])
        .note(format!(
            "target: {:.2} Mbit/s x {RETENTION} s x 1.15 + 1 MiB; all of relais: {:.1} MiB",
            ours.bitrate / 1e6,
            ours.whole
        ));
    Ok(vec![processor, memory])
}

struct Ours {
    /// Processor seconds per second, per window.
    cpu: Vec<f64>,
    source: f64,
    viewers: f64,
    stalls: u64,
    /// MiB above idle, and in all.
    memory: f64,
    whole: f64,
    /// Of a channel as it leaves.
    bitrate: f64,
}

async fn relais(count: usize, minute: Duration, effort: Effort) -> Result<Ours> {
    let bench = Bench::start(&[(KBITS, Conduct::Paced, count as u64)]).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = peers::memory(bench.relais.pid());
    let mut entries = Vec::new();
    for channel in 0..count as u64 {
        entries
            .push(Url { peer: bench.address()?, target: bench.hls(KBITS, Conduct::Paced, channel).await? });
    }
    let audience = Audience::gather(&entries, count, Duration::from_secs(10));
    audience.playing(Duration::from_secs(60)).await?;
    // Until what is kept is as much as ever will be.
    tokio::time::sleep(effort.time(Duration::from_secs_f64(RETENTION))).await;
    audience.measure(true);
    let before = (peers::cpu(bench.source.pid()), peers::own_cpu(std::process::id()), Instant::now());
    let cpu = windows(&[bench.relais.pid()], minute).await;
    let elapsed = before.2.elapsed().as_secs_f64();
    let viewers = peers::own_cpu(std::process::id()) - before.1;
    let whole = peers::memory(bench.relais.pid());
    let playlist = bench.session(&entries[0].target).await?;
    let listed = Playlist::fetch(&playlist).await?;
    let mut bytes = 0;
    for (_, reference) in &listed.segments {
        bytes += super::client::get(&setup::join(&playlist, reference)?.to_string()).await?.length;
    }
    Ok(Ours {
        cpu,
        source: (peers::cpu(bench.source.pid()) - before.0) / elapsed,
        viewers: viewers / elapsed,
        stalls: audience.seen.stalls.load(std::sync::atomic::Ordering::Relaxed),
        memory: mebibytes(whole.saturating_sub(idle)),
        whole: mebibytes(whole),
        bitrate: bytes as f64 * 8.0 / listed.listed(),
    })
}

struct Theirs {
    cpu: Vec<f64>,
    count: usize,
    memory: f64,
}

/// As many as fit in real time, of `count`.
async fn ffmpeg(count: usize, minute: Duration) -> Result<Theirs> {
    let mut tried = count;
    loop {
        let theirs = ffmpegs(tried, minute).await?;
        if median(&theirs.cpu) < CROWDED || tried <= 10 {
            return Ok(theirs);
        }
        tried = (tried / 2).max(10);
    }
}

async fn ffmpegs(count: usize, minute: Duration) -> Result<Theirs> {
    let source = Source::start(&[KBITS])?;
    let folder = peers::memory_folder()?;
    let mut all = Vec::new();
    for channel in 0..count {
        let url = source.url(KBITS, Conduct::Paced, channel as u64);
        all.push(Ffmpeg::hls(&url, &folder.path().join(channel.to_string()))?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    for ffmpeg in &mut all {
        ffmpeg.first_playlist(Duration::from_secs(60)).await.context("50 FFmpegs")?;
    }
    let pids: Vec<u32> = all.iter().map(Ffmpeg::pid).collect();
    let cpu = windows(&pids, minute).await;
    let memory = pids.iter().map(|pid| mebibytes(peers::memory(*pid))).sum();
    Ok(Theirs { cpu, count, memory })
}
