//! The service itself: start to listening, and its memory when idle.

use super::Effort;
use super::peers;
use super::report::{Line, Target};
use super::setup::Bench;
use super::source::Conduct;
use anyhow::Result;
use harness::relais::{Relais, RelaisOptions};
use std::time::{Duration, Instant};

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let first = Instant::now();
    let mut relais = Relais::start(RelaisOptions::default()).await?;
    let first = first.elapsed().as_secs_f64();
    let (mut starts, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..effort.runs() * 2 {
        relais.stop(Duration::from_secs(10)).await?;
        let start = Instant::now();
        relais.restart().await?;
        starts.push(start.elapsed().as_secs_f64());
    }
    for _ in 0..effort.runs() {
        tokio::time::sleep(Duration::from_secs(2)).await;
        sizes.push(mebibytes(peers::memory(relais.pid())));
        relais.restart().await?;
    }
    drop(relais);
    let bench = Bench::start(&[(850, Conduct::Paced, 400)]).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let filled = mebibytes(peers::memory(bench.relais.pid()));
    Ok(vec![
        Line::new("service", "start to listening and healthy", "s", Target::AtMost(0.3))
            .ours(starts)
            .note(format!("the very first start, which makes keys and a password: {first:.3} s")),
        Line::new("service", "idle memory (PSS)", "MiB", Target::AtMost(30.0))
            .ours(sizes)
            .note(format!("with a catalogue of 400 channels: {filled:.1} MiB")),
    ])
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
