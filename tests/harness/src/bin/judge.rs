//! The judges by hand: `judge hls URL --seconds 60`, `judge ts URL-or-file --seconds 20`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use harness::judge::hls::{Rules, watch_for};
use harness::judge::ts::Analyser;
use harness::viewers::watch_ts;
use std::time::Duration;

#[derive(Parser)]
#[command(about = "Holds streams against the standards")]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// A live HLS stream.
    Hls {
        url: String,
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// Dates are not demanded.
        #[arg(long)]
        no_dates: bool,
    },
    /// Endless TS, or a file.
    Ts {
        source: String,
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let violations = match Arguments::parse().what {
        What::Hls { url, seconds, no_dates } => {
            let rules = Rules { dates: !no_dates, ..Rules::default() };
            let report = watch_for(&url, Duration::from_secs(seconds), rules).await?;
            println!("{}\n{}", report.summary(), report.notes.join("\n"));
            report.violations
        }
        What::Ts { source, seconds } => {
            let analyser = if source.starts_with("http://") {
                watch_ts(&source, Duration::from_secs(seconds), false).await?.analyser
            } else {
                Analyser::of(&std::fs::read(&source)?)
            };
            println!(
                "{} packets, {} pictures ({} keyframes), {} sounds, {} PMT versions, PCR at most {} ms apart",
                analyser.packets,
                analyser.video().count(),
                analyser.video().filter(|u| u.key).count(),
                analyser.audio().count(),
                analyser.pmt_changes,
                analyser.longest_pcr_gap / 27_000
            );
            analyser.violations
        }
    };
    println!("{}", violations.join("\n"));
    anyhow::ensure!(violations.is_empty(), "{} violations", violations.len());
    Ok(())
}
