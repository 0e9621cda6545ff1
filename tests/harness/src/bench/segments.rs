//! Segments from memory: requests per second and processor seconds per gigabyte, beside nginx's `sendfile` of the
//! same bytes.

use super::hammer::{self, Load};
use super::peers::{self, Nginx};
use super::report::{Line, Target};
use super::setup::{Bench, Playlist};
use super::source::Conduct;
use super::{Effort, client, setup};
use anyhow::{Result, ensure};
use harness::http1::Url;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const CONNECTIONS: usize = 64;
/// So many of the newest segments are asked for in turn.
const SEGMENTS: usize = 6;
/// Video bit rates whose 2 s segments come near these sizes.
const SIZES: [(u32, &str); 2] = [(4000, "1 MiB"), (85, "64 KiB")];

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let bench = Bench::start(&SIZES.map(|(kbits, _)| (kbits, Conduct::Paced, 1))).await?;
    let nginx = Nginx::start().await?;
    let mut lines = Vec::new();
    for (kbits, size) in SIZES {
        lines.extend(size_of(&bench, &nginx, kbits, size, effort).await?);
    }
    Ok(lines)
}

/// The newest segments' paths, once there are enough.
async fn newest(playlist: &Url) -> Result<Vec<String>> {
    let listed = Playlist::fetch(playlist).await?.segments;
    let newest = &listed[listed.len().saturating_sub(SEGMENTS)..];
    newest.iter().map(|(_, reference)| Ok(setup::join(playlist, reference)?.target)).collect()
}

/// Requests for the newest segments; follows the playlist until the receiver is gone.
async fn follow(playlist: Url) -> Result<hammer::Targets> {
    while newest(&playlist).await?.len() < SEGMENTS {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let requests =
        |paths: Vec<String>| Arc::new(paths.iter().map(|p| client::request(playlist.peer, p)).collect());
    let (sender, receiver) = watch::channel(requests(newest(&playlist).await?));
    tokio::spawn(async move {
        let requests =
            |paths: Vec<String>| Arc::new(paths.iter().map(|p| client::request(playlist.peer, p)).collect());
        while sender.receiver_count() > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Ok(paths) = newest(&playlist).await {
                sender.send_replace(requests(paths));
            }
        }
    });
    Ok(receiver)
}

async fn size_of(bench: &Bench, nginx: &Nginx, kbits: u32, size: &str, effort: Effort) -> Result<Vec<Line>> {
    let playlist = bench.session(&bench.hls(kbits, Conduct::Paced, 0).await?).await?;
    let ours = follow(playlist.clone()).await?;
    let mut paths = Vec::new();
    let mut bytes = 0;
    for (number, path) in newest(&playlist).await?.iter().enumerate() {
        let reply = client::get(&Url { peer: playlist.peer, target: path.clone() }.to_string()).await?;
        ensure!(reply.status == 200, "a segment: {}", reply.status);
        bytes += reply.body.len();
        paths.push(nginx.put(&format!("{kbits}-{number}.ts"), &reply.body)?);
    }
    let mean = bytes / paths.len();
    let theirs = hammer::fixed(nginx.address, &paths);
    let time = effort.time(Duration::from_secs(6));
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    let mut slowest = [0f64; 2];
    let sides = [(playlist.peer, &ours, bench.relais.pid()), (nginx.address, &theirs, nginx.pid())];
    for run in 0..=effort.runs() {
        for (side, (address, targets, pid)) in sides.into_iter().enumerate() {
            let before = peers::cpu(pid);
            let load: Load = hammer::run(address, targets, CONNECTIONS, time).await?;
            let spent = peers::cpu(pid) - before;
            ensure!(
                load.errors * 1000 <= load.requests,
                "{} of {} requests failed",
                load.errors,
                load.requests
            );
            // The first warms caches and buffers.
            if run > 0 {
                rates[side].push(load.rate());
                costs[side].push(spent / load.gigabytes());
                slowest[side] = slowest[side].max(load.quantile(0.99));
            }
        }
    }
    let [our_rates, their_rates] = rates;
    let [our_costs, their_costs] = costs;
    let name = format!("segments of {size} from memory, {CONNECTIONS} connections");
    Ok(vec![
        Line::new("segments", name, "req/s", Target::RatioAtLeast(1.3))
            .ours(our_rates)
            .peer(their_rates)
            .note(format!(
                "mean size {mean} bytes; slowest p99 {:.1} ms, peer {:.1} ms",
                slowest[0], slowest[1]
            )),
        Line::new(
            "segments",
            format!("processor per GB, segments of {size}"),
            "s/GB",
            Target::RatioAtMost(1.0),
        )
        .ours(our_costs)
        .peer(their_costs),
    ])
}
