//! Viewers as a process: `viewers hls URL… --count 1000 --seconds 60`, `viewers hammer URL… --connections 64`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use harness::viewers::{Hammer, HlsViewers, watch_ts};
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Viewers in numbers")]
struct Arguments {
    /// Worker threads.
    #[arg(long, default_value_t = 1, global = true)]
    threads: usize,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Paced HLS viewers, spread over the URLs.
    Hls {
        urls: Vec<String>,
        #[arg(long, default_value_t = 100)]
        count: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Seconds over which they arrive.
        #[arg(long, default_value_t = 10)]
        arrival: u64,
    },
    /// One viewer of endless TS.
    Ts {
        url: String,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// As many requests as go.
    Hammer {
        urls: Vec<String>,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
        /// The server's process, to read its processor time; may be given several times.
        #[arg(long)]
        pid: Vec<u32>,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(arguments.threads.max(1)).enable_all().build()?.block_on(run(arguments.what))
}

async fn run(what: What) -> Result<()> {
    match what {
        What::Hls { urls, count, seconds, arrival } => {
            let viewers = HlsViewers::start(&urls, count, Duration::from_secs(arrival))?;
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            println!("{}", viewers.stop().await.summary());
        }
        What::Ts { url, seconds } => {
            let report = watch_ts(&url, Duration::from_secs(seconds), false).await?;
            println!(
                "first keyframe {:?}, {:.1} s of media, worst gap {:.2} s, {} violations {:?}",
                report.first_key,
                report.media,
                report.worst_gap,
                report.analyser.violations.len(),
                report.analyser.violations.first()
            );
        }
        What::Hammer { urls, connections, seconds, pid } => {
            let span = Duration::from_secs(seconds);
            println!("{}", Hammer { urls, connections, span, pids: pid }.run().await?.summary());
        }
    }
    Ok(())
}
