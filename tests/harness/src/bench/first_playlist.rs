//! From the request to the first HLS playlist with a segment that can be fetched, beside
//! `ffmpeg -c copy -f hls` with default options on the same source.

use super::Effort;
use super::peers::{self, Ffmpeg};
use super::report::{Line, Target};
use super::setup::{self, Bench, Playlist};
use super::source::{self, Conduct, GOP};
use super::{client, viewer};
use anyhow::{Context, Result, ensure};
use harness::http1::Url;
use std::time::{Duration, Instant};

const KBITS: u32 = 4000;
/// Conduct of the source, words for it, and the ratio that may not be exceeded.
const CASES: [(Conduct, &str, f64); 3] = [
    (Conduct::Paced, "paced", 1.0),
    (Conduct::Burst(4), "4 s at once, then paced", 0.35),
    (Conduct::Every(4), "4 s every 4 s", 0.35),
];

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let runs = effort.runs() as u64;
    let bench = Bench::start(&CASES.map(|(conduct, _, _)| (KBITS, conduct, runs))).await?;
    let mut lines = Vec::new();
    for (conduct, words, most) in CASES {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let period = if conduct == Conduct::Every(4) { 2 * GOP } else { GOP };
        for run in 0..runs {
            // Both meet the source at the same distances from its next keyframe or piece.
            let share = (run as f64 + 0.5) / runs as f64;
            let folder = peers::memory_folder()?;
            tokio::time::sleep(source::until_phase(run, period, share)).await;
            let start = Instant::now();
            let mut ffmpeg = Ffmpeg::hls(&bench.source.url(KBITS, conduct, run), &folder.path().join("hls"))?;
            ffmpeg.first_playlist(Duration::from_secs(40)).await?;
            theirs.push(start.elapsed().as_secs_f64());
            drop(ffmpeg);
            // Its own channel each time: cold.
            let entry = Url { peer: bench.address()?, target: bench.hls(KBITS, conduct, run).await? };
            tokio::time::sleep(source::until_phase(run, period, share)).await;
            let start = Instant::now();
            first(&entry).await?;
            ours.push(start.elapsed().as_secs_f64());
        }
        let what = format!("request to first HLS playlist, cold source, {words}");
        lines.push(Line::new("first-playlist", what, "s", Target::RatioAtMost(most)).ours(ours).peer(theirs));
    }
    Ok(lines)
}

/// Until a segment of the first playlist begins to arrive.
async fn first(entry: &Url) -> Result<()> {
    let media = setup::session(entry).await?;
    let playlist = Playlist::fetch(&media).await?;
    let (_, reference) = playlist
        .segments
        .get(viewer::first(&playlist) as usize - playlist.sequence as usize)
        .context("a playlist without segments")?;
    let reply = client::get(&setup::join(&media, reference)?.to_string()).await?;
    ensure!(reply.status == 200 && reply.length > 0, "the first segment: {}", reply.status);
    Ok(())
}
