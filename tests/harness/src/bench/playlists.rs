//! Media playlists, a session each, beside nginx's static file of the same bytes.

use super::Effort;
use super::client;
use super::hammer;
use super::peers::{self, Nginx};
use super::report::{Line, Target};
use super::setup::Bench;
use super::source::Conduct;
use anyhow::{Result, ensure};
use std::time::Duration;

const CONNECTIONS: usize = 64;

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let bench = Bench::start(&[(850, Conduct::Paced, 1)]).await?;
    let nginx = Nginx::start().await?;
    let entry = bench.hls(850, Conduct::Paced, 0).await?;
    let playlist = bench.session(&entry).await?;
    // A playlist of full length.
    tokio::time::sleep(if effort.quick { Duration::from_secs(4) } else { Duration::from_secs(30) }).await;
    let mut paths = Vec::new();
    for _ in 0..if effort.quick { 200 } else { 2000 } {
        paths.push(bench.session(&entry).await?.target);
    }
    let text = client::get(&playlist.to_string()).await?.body;
    let (ours, theirs) = (
        hammer::fixed(playlist.peer, &paths),
        hammer::fixed(nginx.address, &[nginx.put("main.m3u8", &text)?]),
    );
    let sides = [(playlist.peer, &ours, bench.relais.pid()), (nginx.address, &theirs, nginx.pid())];
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    let mut slowest = [0f64; 2];
    for run in 0..=effort.runs() {
        for (side, (address, targets, pid)) in sides.into_iter().enumerate() {
            let before = peers::cpu(pid);
            let load =
                hammer::run(address, targets, CONNECTIONS, effort.time(Duration::from_secs(5))).await?;
            let spent = peers::cpu(pid) - before;
            ensure!(load.errors == 0, "{} of {} requests failed", load.errors, load.requests);
            if run > 0 {
                rates[side].push(load.rate());
                costs[side].push(spent * 1e6 / load.requests as f64);
                slowest[side] = slowest[side].max(load.quantile(0.99));
            }
        }
    }
    let [our_rates, their_rates] = rates;
    let [our_costs, their_costs] = costs;
    Ok(vec![
        Line::new("playlists", "media playlists, a session each", "req/s", Target::RatioAtLeast(0.8))
            .ours(our_rates)
            .peer(their_rates)
            .note(format!(
                "{} sessions, {} bytes; slowest p99 {:.1} ms, peer {:.1} ms",
                paths.len(),
                text.len(),
                slowest[0],
                slowest[1]
            )),
        Line::new("playlists", "processor per playlist", "us", Target::Told)
            .ours(our_costs)
            .peer(their_costs),
    ])
}
