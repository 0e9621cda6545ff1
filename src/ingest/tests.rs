//! Real servers on loopback and the real FFmpeg.

mod hls_pull;
mod http;
mod live;

use super::{Ended, Event, Ingest, IngestOptions, Kind, Source};
use crate::ffmpeg::{Tool, ToolOptions};
use crate::net::{Outbound, OutboundOptions, Resolver};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A run that goes wrong ends within this.
const LIMIT: Duration = Duration::from_secs(40);

fn outbound() -> Outbound {
    let resolver = Resolver::with_files("/nonexistent/resolv.conf", "/nonexistent/hosts");
    Outbound::with_resolver(OutboundOptions::default(), resolver).expect("client")
}

/// Probed once for all tests.
async fn tool() -> Tool {
    static TOOL: tokio::sync::OnceCell<Tool> = tokio::sync::OnceCell::const_new();
    TOOL.get_or_init(|| async { Tool::find(ToolOptions::default()).await.expect("ffmpeg") }).await.clone()
}

async fn ingest() -> Ingest {
    Ingest::new(outbound(), Some(tool().await), IngestOptions::default())
}

fn source(url: impl Into<String>) -> Source {
    Source { url: url.into(), user_agent: None, headers: Vec::new(), verify_tls: true, public_only: false }
}

/// Runs FFmpeg to its end.
fn ffmpeg(line: &str, dir: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(line.split_ascii_whitespace().map(|word| word.replace('\u{a0}', " ")))
        .current_dir(dir)
        .stdin(Stdio::null())
        .status()
        .expect("ffmpeg");
    assert!(status.success(), "{line}");
}

/// Two seconds of a small picture with a tone.
fn clip(dir: &Path, audio: &str, output: &str) -> Vec<u8> {
    ffmpeg(
        &format!(
            "-f lavfi -i testsrc=size=160x120:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000 -t 2 \
             -c:v libx264 -preset ultrafast -bf 0 -g 25 -c:a {audio} {output}"
        ),
        dir,
    );
    let name = output.split_whitespace().last().expect("name");
    std::fs::read(dir.join(name)).unwrap_or_default()
}

/// What a run gave: its events in short and its bytes.
struct Seen {
    end: Ended,
    /// `opened`, `data` (once for a run of them), `boundary`.
    story: Vec<&'static str>,
    bytes: Vec<u8>,
    pieces: usize,
    kind: Option<Kind>,
    target: Option<Duration>,
}

/// Runs a source to its end, or until so many bytes have come.
async fn see(ingest: &Ingest, source: Source, enough: usize) -> Seen {
    let (events, mut received) = mpsc::channel(4);
    let cancel = CancellationToken::new();
    let (runner, stop) = (ingest.clone(), cancel.clone());
    let task = tokio::spawn(async move { runner.run("test", &source, events, stop).await });
    let mut seen = Seen {
        end: super::stopped(),
        story: Vec::new(),
        bytes: Vec::new(),
        pieces: 0,
        kind: None,
        target: None,
    };
    let collect = async {
        while let Some(event) = received.recv().await {
            let word = match event {
                Event::Opened { kind, target_duration } => {
                    (seen.kind, seen.target) = (Some(kind), target_duration);
                    "opened"
                }
                Event::Data(piece) => {
                    seen.bytes.extend_from_slice(&piece);
                    seen.pieces += 1;
                    "data"
                }
                Event::Boundary => "boundary",
            };
            if word != "data" || seen.story.last() != Some(&"data") {
                seen.story.push(word);
            }
            if seen.bytes.len() >= enough {
                cancel.cancel();
            }
        }
    };
    tokio::time::timeout(LIMIT, collect).await.expect("the run ends in time");
    seen.end = task.await.expect("run");
    seen
}

/// `codec` and `codec_type` of what FFprobe finds in TS, in order, and the first packet's time of each.
fn probe(ts: &[u8]) -> Vec<(String, f64)> {
    let dir = tempfile::tempdir().expect("dir");
    let file = dir.path().join("out.ts");
    std::fs::write(&file, ts).expect("write");
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_name,start_time", "-of", "csv=p=0"])
        .arg(&file)
        .output()
        .expect("ffprobe");
    let text = String::from_utf8(output.stdout).expect("utf-8");
    let mut streams: Vec<(String, f64)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.split(',');
        let codec = fields.next().expect("codec").to_owned();
        let time = fields.next().and_then(|time| time.parse().ok()).unwrap_or(f64::NAN);
        if !streams.iter().any(|(known, _)| *known == codec) {
            streams.push((codec, time));
        }
    }
    streams
}

fn codecs(ts: &[u8]) -> Vec<String> {
    probe(ts).into_iter().map(|(codec, _)| codec).collect()
}
