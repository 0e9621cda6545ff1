//! A guide of 200 MiB.

use super::super::Effort;
use super::super::report::{Line, Target};
use super::super::service::mebibytes;
use super::memory::Watch;
use super::{Admin, LOOK, SEED};
use anyhow::{Context, Result, ensure};
use harness::accounts::guide::GuideSpec;
use harness::accounts::{Part, Server, Spec};
use harness::relais::{Relais, RelaisOptions};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let size = if effort.quick { 8 } else { 200 };
    let server = Server::start(Spec { seed: SEED, ..Spec::of(1000) }).await?;
    // Beginning today, or a service that keeps no past would have little to keep.
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() as i64 / 86_400
        * 86_400;
    server.set_guide(GuideSpec { seed: SEED, start: today, ..GuideSpec::of_bytes(size << 20) });
    let bytes = server.preload(Part::Guide).await?;
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..effort.runs().min(3) {
        let relais = Relais::start(RelaisOptions::default()).await?;
        let mut admin = Admin::open(&relais).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let watch = Watch::begin(relais.pid())?;
        let start = Instant::now();
        let source = json!({"name": "bench", "address": format!("{}/epg.xml", server.url())});
        let made = admin.post("/api/guide/sources", &source).await?;
        let id = made["source"]["id"].as_i64().or_else(|| made["id"].as_i64()).context("no id")?;
        // Adding may have begun it already; then this starts nothing.
        admin.post(&format!("/api/guide/sources/{id}/refresh"), &json!({})).await?;
        done(&mut admin, start + Duration::from_secs(600)).await?;
        times.push(start.elapsed().as_secs_f64());
        tokio::time::sleep(Duration::from_secs(2)).await;
        peaks.push(watch.end(relais.pid()));
    }
    let words = peaks.iter().map(|peak| {
        let [before, most, mark, after] =
            [peak.before, peak.most, peak.mark, peak.after].map(|bytes| mebibytes(bytes).round());
        format!("{before} idle, {most} seen, {mark} by the kernel, {after} afterwards")
    });
    let words: Vec<String> = words.collect();
    let spec = server.guide();
    Ok(vec![
        Line::new("guide", format!("XMLTV of {size} MiB: read and stored"), "s", Target::AtMost(15.0))
            .ours(times)
            .note(format!(
                "{:.0} MiB, {} channels, {} programmes",
                mebibytes(bytes),
                spec.channels,
                spec.channels * spec.programmes
            )),
        Line::new(
            "guide",
            format!("XMLTV of {size} MiB: most memory above idle"),
            "MiB",
            Target::AtMost(100.0),
        )
        .ours(peaks.iter().map(|peak| mebibytes(peak.above())))
        .note(words.join("; ")),
    ])
}

/// Waits until the only source was read.
async fn done(admin: &mut Admin, deadline: Instant) -> Result<()> {
    loop {
        let list = admin.json("/api/guide/sources").await?;
        let source = list["sources"].as_array().and_then(|all| all.first()).cloned().unwrap_or(Value::Null);
        ensure!(source["last_error"].is_null(), "{}", source["last_error"]);
        if source["last_refresh"].is_string() && source["refreshing"] != true {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the guide's import does not end: {source}");
        tokio::time::sleep(LOOK).await;
    }
}
