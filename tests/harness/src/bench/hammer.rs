//! The closed-loop generator: so many connections, each with one request under way at any time. The same for both
//! sides.

use super::client::{self, Client};
use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Requests in turn; may be changed while they are sent.
pub type Targets = watch::Receiver<Arc<Vec<Vec<u8>>>>;

/// What came of it.
#[derive(Debug, Default, Clone)]
pub struct Load {
    pub requests: u64,
    pub errors: u64,
    pub bytes: u64,
    pub seconds: f64,
    /// Microseconds of each request, sorted.
    pub latencies: Vec<u32>,
}

impl Load {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
    pub fn gigabytes(&self) -> f64 {
        self.bytes as f64 / 1e9
    }
    /// Milliseconds that this share of the requests did not exceed.
    pub fn quantile(&self, share: f64) -> f64 {
        quantile(&self.latencies, share)
    }
}

/// Milliseconds, of sorted microseconds.
pub fn quantile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
}

/// Targets that stay as they are.
pub fn fixed(address: SocketAddr, paths: &[String]) -> Targets {
    let requests = paths.iter().map(|path| client::request(address, path)).collect();
    watch::channel(Arc::new(requests)).1
}

/// Hammers for so long.
pub async fn run(address: SocketAddr, targets: &Targets, connections: usize, time: Duration) -> Result<Load> {
    let mut clients = Vec::new();
    for _ in 0..connections {
        clients.push(Client::connect(address).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(number, client)| tokio::spawn(one(client, number, address, targets.clone(), start + time)))
        .collect();
    let mut load = Load::default();
    for task in tasks {
        let one = task.await??;
        load.requests += one.requests;
        load.errors += one.errors;
        load.bytes += one.bytes;
        load.latencies.extend(one.latencies);
    }
    load.seconds = start.elapsed().as_secs_f64();
    load.latencies.sort_unstable();
    Ok(load)
}

async fn one(
    mut client: Client,
    mut turn: usize,
    address: SocketAddr,
    targets: Targets,
    end: Instant,
) -> Result<Load> {
    let mut load = Load::default();
    while Instant::now() < end {
        let requests = Arc::clone(&targets.borrow());
        let request = &requests[turn % requests.len()];
        // A prime step: connections don't march through the list side by side.
        turn = turn.wrapping_add(7);
        match client.send(request, false).await {
            Ok(reply) if reply.status == 200 => {
                load.requests += 1;
                load.bytes += reply.length;
                load.latencies.push(reply.whole.as_micros().min(u128::from(u32::MAX)) as u32);
            }
            Ok(_) => load.errors += 1,
            Err(_) => {
                load.errors += 1;
                client = Client::connect(address).await?;
            }
        }
    }
    Ok(load)
}
