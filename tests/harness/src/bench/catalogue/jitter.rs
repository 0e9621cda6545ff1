//! A viewer beside an import: how long does it ever wait for the next bytes?

use super::super::Effort;
use super::super::report::{Line, Target};
use super::super::setup::Bench;
use super::super::source::Conduct;
use super::{Admin, panel, provider};
use anyhow::{Result, ensure};
use harness::accounts::Part;
use harness::accounts::m3u::List;
use harness::http1;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const KBITS: u32 = 4000;
/// What a viewer must never wait for longer; relais calls it a gap (seconds).
const GAP: f64 = 0.5;

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let size = effort.entries(1_000_000);
    let (server, _) = panel(size, &[Part::List]).await?;
    let total = List::new(&server.spec()).truth().total;
    let bench = Bench::start(&[(KBITS, Conduct::Paced, 1)]).await?;
    let url = format!("{}{}", bench.relais.public_url(), bench.ts(KBITS, Conduct::Paced, 0).await?);
    let (_, mut stream) = http1::open(&url, &[]).await?;
    // The longest wait of the present span, and all bytes, as the viewer sees them.
    let (worst, bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, counted) = (worst.clone(), bytes.clone());
    let viewer = tokio::spawn(async move {
        let mut last = Instant::now();
        while let Ok(Some(piece)) = stream.chunk().await {
            let now = Instant::now();
            seen.fetch_max((now - last).as_micros() as u64, Ordering::Relaxed);
            counted.fetch_add(piece.len() as u64, Ordering::Relaxed);
            last = now;
        }
    });
    let gap = |worst: &AtomicU64| worst.swap(0, Ordering::Relaxed) as f64 / 1e6;
    tokio::time::sleep(Duration::from_secs(5)).await;
    gap(&worst);
    let span = effort.time(Duration::from_secs(30));
    tokio::time::sleep(span).await;
    let (quiet, before) = (gap(&worst), bytes.load(Ordering::Relaxed));

    let mut admin = Admin::open(&bench.relais).await?;
    let mut body = provider(json!({"kind": "m3u", "url": server.m3u_url()}));
    body["name"] = json!("large");
    let start = Instant::now();
    admin.post("/api/providers", &body).await?;
    // The channel that is watched is of another provider.
    admin.settled(total + 1).await?;
    let took = start.elapsed();
    let (busy, received) = (gap(&worst), bytes.load(Ordering::Relaxed) - before);
    ensure!(!viewer.is_finished(), "the stream ended during the import");
    viewer.abort();
    let rate = received as f64 * 8.0 / took.as_secs_f64() / 1000.0;
    Ok(vec![
        Line::new(
            "import-jitter",
            "a viewer's longest wait for bytes, nothing else going on",
            "s",
            Target::Told,
        )
        .ours([quiet]),
        Line::new(
            "import-jitter",
            format!("the same during an import of {size} entries"),
            "s",
            Target::AtMost(GAP),
        )
        .ours([busy])
        .note(format!("the import took {:.1} s; {rate:.0} kbit/s came meanwhile", took.as_secs_f64())),
    ])
}
