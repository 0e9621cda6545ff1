//! How long an import takes, and how much memory.

use super::super::report::{Line, Target, median};
use super::super::service::mebibytes;
use super::memory::{Peak, Watch};
use super::{Admin, panel, provider, search};
use anyhow::{Result, ensure};
use harness::accounts::m3u::List;
use harness::accounts::xtream::Panel;
use harness::accounts::{Part, Server};
use harness::relais::{Relais, RelaisOptions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Memory is that of an idle service after so long.
const IDLE: Duration = Duration::from_secs(2);

/// What must be reached.
#[derive(Debug, Clone, Copy)]
pub struct Targets {
    pub seconds: f64,
    pub mebibytes: f64,
    /// What the nearest peer, tuliprox, takes for such a list: seconds and MiB, as measured for the budget.
    pub peer: Option<(f64, f64)>,
    /// Milliseconds, p99.
    pub search: f64,
}

/// The figures of each run.
#[derive(Default)]
struct Runs {
    first: Vec<f64>,
    again: Vec<f64>,
    peaks: Vec<Peak>,
    /// While the same list is read again.
    later: Vec<Peak>,
}

impl Runs {
    fn above(peaks: &[Peak]) -> Vec<f64> {
        peaks.iter().map(|peak| mebibytes(peak.above())).collect()
    }

    /// What each peak was made of, in words.
    fn words(peaks: &[Peak]) -> String {
        let one = |peak: &Peak| {
            let [before, most, mark, after] =
                [peak.before, peak.most, peak.mark, peak.after].map(|bytes| mebibytes(bytes).round());
            format!("{before} idle, {most} seen, {mark} by the kernel, {after} afterwards")
        };
        peaks.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

/// Fresh services read the list, and read it again.
async fn runs(server: &Server, body: &Value, channels: u64, count: usize) -> Result<(Runs, Relais)> {
    let mut runs = Runs::default();
    let mut last = None;
    for _ in 0..count {
        drop(last.take());
        let relais = Relais::start(RelaisOptions::default()).await?;
        let mut admin = Admin::open(&relais).await?;
        tokio::time::sleep(IDLE).await;
        let watch = Watch::begin(relais.pid())?;
        let start = Instant::now();
        admin.post("/api/providers", &provider(body.clone())).await?;
        admin.settled(channels).await?;
        runs.first.push(start.elapsed().as_secs_f64());
        tokio::time::sleep(IDLE).await;
        runs.peaks.push(watch.end(relais.pid()));

        let before = lists(server);
        let watch = Watch::begin(relais.pid())?;
        let start = Instant::now();
        admin.post("/refresh", &json!({})).await?;
        // It has begun when the provider is asked; until then `/status` tells of the last one.
        server.wait(Duration::from_secs(30), "asked", |p| p.asked.values().sum::<u64>() > before).await?;
        admin.settled(channels).await?;
        runs.again.push(start.elapsed().as_secs_f64());
        tokio::time::sleep(IDLE).await;
        runs.later.push(watch.end(relais.pid()));
        last = Some(relais);
    }
    let relais = last.ok_or_else(|| anyhow::anyhow!("no run"))?;
    Ok((runs, relais))
}

fn lists(server: &Server) -> u64 {
    [Part::Login, Part::Categories, Part::Live, Part::Vod, Part::Series, Part::List, Part::Guide]
        .into_iter()
        .map(|part| server.asked(part))
        .sum()
}

fn lines(row: &'static str, what: &str, runs: &Runs, targets: Targets, list: String) -> Vec<Line> {
    let first =
        Line::new(row, format!("{what}: read, stored and searchable"), "s", Target::AtMost(targets.seconds))
            .ours(runs.first.clone())
            .note(list);
    let memory =
        Line::new(row, format!("{what}: most memory above idle"), "MiB", Target::AtMost(targets.mebibytes))
            .ours(Runs::above(&runs.peaks))
            .note(Runs::words(&runs.peaks));
    let half = median(&runs.first) / 2.0;
    let again = Line::new(row, format!("{what}: the same list again"), "s", Target::AtMost(half))
        .ours(runs.again.clone())
        .note(format!("{:.1} MiB above what there was before that", median(&Runs::above(&runs.later))));
    let [first, memory] = match targets.peer {
        Some((seconds, mebibytes)) => {
            let note = "the peer's figure is quoted from the budget: tuliprox, a list of this size";
            [first.peer([seconds]).note(note), memory.peer([mebibytes])]
        }
        None => [first, memory],
    };
    vec![first, memory, again]
}

/// An M3U list, and searches in it.
pub async fn m3u(row: &'static str, size: u64, count: usize, targets: Targets) -> Result<Vec<Line>> {
    let (server, bytes) = panel(size, &[Part::List]).await?;
    let spec = server.spec();
    let truth = List::new(&spec).truth();
    let body = json!({"kind": "m3u", "url": server.m3u_url()});
    let (runs, relais) = runs(&server, &body, truth.total, count).await?;
    let list = format!(
        "{:.0} MiB, {size} entries, {} channels, {} odd, {} repeated",
        mebibytes(bytes),
        truth.total,
        truth.odd,
        truth.repeated
    );
    let mut lines = lines(row, &format!("M3U, {size} entries"), &runs, targets, list);
    let names: Vec<String> = List::new(&spec).items().filter_map(|item| item.name).collect();
    lines.extend(search::measure(row, &relais, &names, targets.search).await?);
    Ok(lines)
}

/// The JSON lists of a panel.
pub async fn xtream(row: &'static str, size: u64, count: usize) -> Result<Vec<Line>> {
    let (server, bytes) = panel(size, &[Part::Live, Part::Vod, Part::Series]).await?;
    let spec = server.spec();
    let truth = Panel::new(&spec).truth();
    let body =
        json!({"kind": "xtream", "url": server.url(), "username": spec.username, "password": spec.password});
    let (runs, _relais) = runs(&server, &body, truth.total, count).await?;
    ensure!(server.asked(Part::List) == 0, "the playlist was read, not the JSON lists");
    let list = format!("{:.0} MiB of JSON, {} channels", mebibytes(bytes), truth.total);
    let targets = Targets { seconds: 2.0, mebibytes: 80.0, peer: None, search: 20.0 };
    Ok(lines(row, &format!("Xtream, {size} items"), &runs, targets, list))
}
