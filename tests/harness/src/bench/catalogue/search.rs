//! How fast channels are found and listed, over one kept connection.

use super::super::report::{Line, Target};
use super::Admin;
use anyhow::{Result, ensure};
use harness::catalogue::{fold, naive, queries};
use harness::relais::Relais;
use harness::viewers::Latencies;
use std::time::Duration;

const QUERIES: usize = 1000;
const PAGES: usize = 300;
/// Queries whose number of hits is checked against a scan.
const CHECKED: usize = 20;
/// A list page must be there by then, milliseconds.
const PAGE: f64 = 10.0;

pub async fn measure(row: &'static str, relais: &Relais, names: &[String], target: f64) -> Result<Vec<Line>> {
    let mut admin = Admin::open(relais).await?;
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let queries = queries(11, &all, QUERIES);
    check(&mut admin, names, &queries[..CHECKED]).await?;

    let mut latencies = Latencies::default();
    let mut slowest = (Duration::ZERO, "");
    for query in &queries {
        let (_, took) = admin.get(&format!("/channels?search={}", encoded(query))).await?;
        latencies.record(took);
        slowest = slowest.max((took, query));
    }
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let found = Line::new(
        row,
        format!("{QUERIES} searches among {}: p99", names.len()),
        "ms",
        Target::AtMost(target),
    )
    .ours([ms(latencies.quantile(0.99))])
    .note(format!(
        "p50 {:.2} ms; the slowest, {:?}, {:.2} ms",
        ms(latencies.quantile(0.5)),
        slowest.1,
        ms(slowest.0)
    ));

    let total = admin.json("/channels?page_size=50").await?["pages"].as_u64().unwrap_or(1);
    let mut lines = vec![found];
    for (place, page) in [("first", 1), ("middle", total / 2), ("last", total)] {
        let mut latencies = Latencies::default();
        for _ in 0..PAGES {
            latencies.record(admin.get(&format!("/channels?page={page}&page_size=50")).await?.1);
        }
        lines.push(
            Line::new(row, format!("{place} page of {total}: p99"), "ms", Target::AtMost(PAGE))
                .ours([ms(latencies.quantile(0.99))])
                .note(latencies.words()),
        );
    }
    Ok(lines)
}

/// A search that is fast because it is wrong is no search.
async fn check(admin: &mut Admin, names: &[String], queries: &[String]) -> Result<()> {
    let folded: Vec<String> = names.iter().map(|name| fold(name)).collect();
    for query in queries {
        let answer = admin.json(&format!("/channels?search={}", encoded(query))).await?;
        let expected = folded.iter().filter(|name| naive(name, query)).count() as u64;
        // Channels without a name of their own were given one, and may be found, too.
        let found = answer["total"].as_u64().unwrap_or(0);
        ensure!(
            (expected..=expected + names.len() as u64 / 200).contains(&found),
            "{query:?}: {found}, not {expected}"
        );
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
