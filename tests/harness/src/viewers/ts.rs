//! A viewer of endless TS: how soon a keyframe came, how steadily media follows, what is wrong with it.

use crate::http1;
use crate::judge::ts::Analyser;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// What came.
#[derive(Debug)]
pub struct TsReport {
    pub status: u16,
    /// From the request to the end of the first keyframe's access unit (audio only: first unit).
    pub first_key: Option<Duration>,
    /// How far media ran behind the wall clock at worst, after it began: the player's buffer needed.
    pub worst_gap: f64,
    /// The longest time without a byte.
    pub longest_silence: Duration,
    /// Seconds of media.
    pub media: f64,
    /// The server ended it.
    pub ended: bool,
    pub analyser: Analyser,
    /// All bytes, where asked for.
    pub bytes: Vec<u8>,
}

/// Watches a URL for so long; `keep` keeps the bytes.
pub async fn watch_ts(url: &str, span: Duration, keep: bool) -> Result<TsReport> {
    let asked = Instant::now();
    let (head, mut connection) = tokio::time::timeout(Duration::from_secs(15), http1::open(url, &[]))
        .await
        .context("no answer in 15 s")??;
    ensure!(head.status == 200, "{url}: status {}", head.status);
    let mut report = TsReport {
        status: head.status,
        first_key: None,
        worst_gap: 0.0,
        longest_silence: Duration::ZERO,
        media: 0.0,
        ended: false,
        analyser: Analyser::new(),
        bytes: Vec::new(),
    };
    let mut origin: Option<(Instant, i64)> = None;
    let mut seen = 0;
    let deadline = asked + span;
    let mut arrived: Option<Instant> = None;
    while Instant::now() < deadline {
        let piece = match tokio::time::timeout_at(deadline.into(), connection.chunk()).await {
            Ok(piece) => piece?,
            Err(_) => break,
        };
        let Some(piece) = piece else {
            report.ended = true;
            break;
        };
        report.analyser.push(&piece);
        if keep {
            report.bytes.extend_from_slice(&piece);
        }
        let now = Instant::now();
        let silence = arrived.replace(now).map_or(Duration::ZERO, |before| now - before);
        report.longest_silence = report.longest_silence.max(silence);
        let units = &report.analyser.units[seen..];
        if report.first_key.is_none()
            && units.iter().any(|u| u.key && (u.video || !has_video(&report.analyser)))
        {
            report.first_key = Some(now - asked);
        }
        if let Some(last) = units.iter().map(|u| u.dts).max() {
            let (began, first) = *origin.get_or_insert((now, last));
            report.media = (last - first) as f64 / 90_000.0;
            report.worst_gap = report.worst_gap.max((now - began).as_secs_f64() - report.media);
        }
        seen = report.analyser.units.len();
    }
    report.analyser.finish();
    Ok(report)
}

fn has_video(analyser: &Analyser) -> bool {
    analyser.pmt.as_ref().is_some_and(|p| p.streams.iter().any(crate::ts::Elementary::is_video))
}
