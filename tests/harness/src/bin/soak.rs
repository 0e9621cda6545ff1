//! The soak: 20 channels, 200 viewers that come and go, sources that fail at random.
//!
//! After a warm-up it demands: memory flat; descriptors, threads and child processes back where they were; no
//! viewer dry while its source was fine; never two connections for one channel.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use harness::hell::{Answer, ChannelSpec, Hell, HellOptions};
use harness::process;
use harness::relais::{Relais, RelaisOptions};
use harness::viewers::{HlsReport, HlsViewers};
use std::time::{Duration, Instant};

#[derive(Parser)]
#[command(about = "relais under load for a while")]
struct Arguments {
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    #[arg(long, default_value_t = 20)]
    channels: usize,
    #[arg(long, default_value_t = 200)]
    viewers: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How far memory may grow after the warm-up.
const GROWTH: f64 = 1.10;
/// Seconds that a wave of viewers stays.
const WAVE: f64 = 20.0;
const COLOURS: [&str; 5] = ["navy", "darkgreen", "maroon", "purple", "teal"];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    memory: u64,
    descriptors: usize,
    threads: usize,
    children: usize,
    zombies: usize,
}

fn sample(pid: u32) -> Result<Sample> {
    let children = process::descendants(pid);
    Ok(Sample {
        memory: process::memory(pid).context("relais is gone")?.private,
        descriptors: process::descriptors(pid).context("relais is gone")?.0,
        threads: process::threads(pid).context("relais is gone")?,
        children: children.len(),
        zombies: children.iter().filter(|c| c.state == 'Z').count(),
    })
}

/// The kernel may take pages back for a moment: one sample says little.
fn middle(samples: &[Sample]) -> u64 {
    let mut memory: Vec<u64> = samples.iter().map(|sample| sample.memory).collect();
    memory.sort_unstable();
    memory.get(memory.len() / 2).copied().unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut random = Random(arguments.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let specs = (0..arguments.channels).map(|n| {
        let mut spec = ChannelSpec::plain(&(n + 1).to_string(), COLOURS[n % COLOURS.len()]);
        // Five different clips do.
        spec.behaviour.clip.name = format!("SOAK {}", n % COLOURS.len());
        spec
    });
    let hell = Hell::start(HellOptions::channels(specs)).await?;
    let options =
        RelaisOptions::default().config("[limits]\nsessions_per_address = 0\n[feed]\nidle_timeout = 5");
    let mut relais = Relais::start(options).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    let mut steady = Vec::new();
    let mut flaky = Vec::new();
    for n in 0..arguments.channels {
        let link = relais.link(&hell, &(n + 1).to_string()).await?;
        // Half of the channels fail at random; the viewers of the others must not notice.
        if n % 2 == 0 { &mut steady } else { &mut flaky }.push(link.hls);
    }
    let idle = sample(relais.pid())?;
    println!("idle: {idle:?}");

    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(arguments.minutes * 60.0);
    // The rings of all feeds are full after a minute, and what playlists listed is gone after another.
    let warm_up = if arguments.minutes >= 4.0 { 120.0 } else { 25.0 };
    let (mut calm, mut troubled) = (Vec::new(), Vec::new());
    let mut warm: Vec<Sample> = Vec::new();
    let mut faults = 0;
    while Instant::now() < end {
        let half = arguments.viewers / 2;
        let arrival = Duration::from_secs_f64(WAVE / 4.0);
        let good = HlsViewers::start(&steady, half, arrival)?;
        let bad = HlsViewers::start(&flaky, arguments.viewers - half, arrival)?;
        let until = Instant::now() + Duration::from_secs_f64(WAVE);
        while Instant::now() < until {
            let id = (random.below(arguments.channels / 2) * 2 + 2).to_string();
            let channel = hell.channel(&id);
            match random.below(5) {
                0 => channel.cut(),
                1 => channel.set(|b| b.stall = true).await?,
                2 => {
                    channel.set(|b| b.answer = Answer::Status(503)).await?;
                    channel.cut();
                }
                3 => channel.set(|b| b.jump += 1000.0).await?,
                _ => channel.set(|b| b.loss = 200).await?,
            }
            faults += 1;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            channel.set(|b| (b.stall, b.answer, b.loss) = (false, Answer::Media, 0)).await?;
        }
        let now = sample(relais.pid())?;
        println!("{:6.1} s: {now:?}", begin.elapsed().as_secs_f64());
        if begin.elapsed().as_secs_f64() > warm_up {
            warm.push(now);
        }
        calm.push(good.stop().await);
        troubled.push(bad.stop().await);
    }
    let calm = merged(calm);
    println!("steady sources: {}", calm.summary());
    println!("flaky sources ({faults} faults): {}", merged(troubled).summary());

    relais.stop_stream().await?;
    let quiet = settle(&relais, idle).await?;
    println!("after the viewers: {quiet:?}");
    let peaks: Vec<(String, usize)> = hell
        .all_channels()
        .iter()
        .map(|c| (c.id.clone(), c.counts().peak))
        .filter(|(_, peak)| *peak > 1)
        .collect();
    let (took, status) = relais.stop(Duration::from_secs(10)).await?;
    println!("stopped in {:.2} s", took.as_secs_f64());

    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    if let (Some(first), Some(last)) = (warm.first(), warm.last()) {
        let (early, late) = (middle(&warm[..warm.len().div_ceil(4)]), middle(&warm[warm.len() * 3 / 4..]));
        let grown = late as f64 / early as f64;
        // A shorter run ends before the rings are full.
        demand(
            arguments.minutes < 4.0 || grown <= GROWTH,
            format!("memory grew {grown:.2} times: {early} to {late} KiB"),
        );
        demand(last.threads <= first.threads + 4, format!("threads: {} to {}", first.threads, last.threads));
    }
    demand(warm.iter().all(|s| s.zombies == 0), "zombies".into());
    demand(quiet.descriptors <= idle.descriptors + 10, format!("descriptors: {idle:?} to {quiet:?}"));
    demand(quiet.children == idle.children, format!("children: {idle:?} to {quiet:?}"));
    demand(calm.stalls == 0 && calm.errors == 0, format!("viewers of steady sources: {}", calm.summary()));
    demand(calm.starved == 0, format!("{} viewers of steady sources got nothing", calm.starved));
    demand(peaks.is_empty(), format!("two connections for one channel: {peaks:?}"));
    demand(status.success() && took < Duration::from_secs(6), format!("stopped in {took:?} with {status}"));
    ensure!(wrong.is_empty(), "the soak failed:\n{}", wrong.join("\n"));
    println!("the soak passed");
    Ok(())
}

fn merged(reports: Vec<HlsReport>) -> HlsReport {
    let mut all = HlsReport::default();
    for report in &reports {
        all.merge(report);
    }
    all
}

/// Waits until feeds have closed.
async fn settle(relais: &Relais, idle: Sample) -> Result<Sample> {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        let now = sample(relais.pid())?;
        let done = now.descriptors <= idle.descriptors + 10 && now.children == idle.children;
        if done || Instant::now() > deadline {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
