//! The bench: `bench rows service segments …` beside the peers; `bench source` is the source that it feeds them with.

#[path = "../bench/mod.rs"]
mod bench;

use anyhow::{Context, Result, ensure};
use bench::report;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Cores that others may keep busy without mention.
const QUIET: f64 = 0.1;

#[derive(Parser)]
#[command(about = "relais beside its peers")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures rows of the budget, all unless some are named.
    Rows {
        rows: Vec<String>,
        /// Where the figures go as JSON.
        #[arg(long, default_value = "target/bench")]
        out: PathBuf,
    },
    /// A source of constant-rate TS; prints its address.
    Source {
        /// Video bit rates in kbit/s.
        #[arg(long, value_delimiter = ',')]
        rates: Vec<u32>,
    },
    /// Accepts connections and passes them on to a Unix socket: the far end of a bad line.
    Forward { listen: std::net::SocketAddr, to: PathBuf },
    /// Hammers URLs for some seconds, to try things by hand.
    Hammer {
        /// `http://127.0.0.1:port/path`, asked for in turn.
        urls: Vec<String>,
        #[arg(long, default_value_t = 64)]
        connections: usize,
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Source { rates } => bench::source::serve(&rates).await,
        Command::Forward { listen, to } => bench::line::forward(listen, to).await,
        Command::Rows { rows, out } => rows_of(rows, out).await,
        Command::Hammer { urls, connections, seconds } => hammer(&urls, connections, seconds).await,
    }
}

async fn hammer(urls: &[String], connections: usize, seconds: f64) -> Result<()> {
    let parsed: Vec<_> = urls.iter().map(|u| harness::http1::Url::parse(u)).collect::<Result<_>>()?;
    let address = parsed.first().context("no URL")?.peer;
    let paths: Vec<String> = parsed.into_iter().map(|url| url.target).collect();
    let targets = bench::hammer::fixed(address, &paths);
    let time = std::time::Duration::from_secs_f64(seconds);
    let load = bench::hammer::run(address, &targets, connections, time).await?;
    println!(
        "{:.0} req/s, {:.2} GB/s, {} errors, p50 {:.2} ms, p99 {:.2} ms",
        load.rate(),
        load.gigabytes() / load.seconds,
        load.errors,
        load.quantile(0.5),
        load.quantile(0.99)
    );
    Ok(())
}

async fn rows_of(rows: Vec<String>, out: PathBuf) -> Result<()> {
    let effort = bench::Effort::from_environment();
    let rows = if rows.is_empty() { bench::ROWS.map(str::to_owned).to_vec() } else { rows };
    let mut all: Vec<Value> = Vec::new();
    let (mut missed, mut failed) = (0, 0);
    report::print_head();
    for row in &rows {
        let others = bench::others::Others::watch();
        match bench::row(row, effort).await {
            Ok(mut lines) => {
                let busy = others.cores();
                if let Some(last) = lines.last_mut().filter(|_| busy > QUIET) {
                    let note = format!("NOT QUIET: other processes kept {busy:.2} cores busy meanwhile");
                    last.notes.push(note);
                }
                lines.iter().for_each(report::Line::print);
                missed += lines.iter().filter(|line| line.passes() == Some(false)).count();
                let lines: Vec<Value> = lines.iter().map(report::Line::json).collect();
                report::write(&out, row, &json!({"quick": effort.quick, "others": busy, "lines": lines}))?;
                all.extend(lines);
            }
            Err(error) => {
                println!("{row:<15} could not be measured: {error:#}");
                failed += 1;
                all.push(json!({"row": row, "verdict": "ERROR", "error": format!("{error:#}")}));
            }
        }
    }
    report::write(
        &out,
        "summary",
        &json!({"quick": effort.quick, "missed": missed, "failed": failed, "lines": all}),
    )?;
    println!("{missed} missed, {failed} not measured; figures in {}", out.display());
    let strict = std::env::var("BENCH_STRICT").is_ok_and(|value| value == "1");
    ensure!(failed == 0 && !(strict && missed > 0), "{missed} missed, {failed} not measured");
    Ok(())
}
