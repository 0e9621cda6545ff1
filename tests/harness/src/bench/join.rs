//! Joining a live channel by endless TS: when the first keyframe begins to arrive, and when it is whole.

use super::Effort;
use super::report::{Line, Target};
use super::setup::Bench;
use super::source::{self, Conduct, GOP};
use anyhow::{Context, Result, ensure};
use harness::http1;
use harness::ts::{self, PACKET, Packet, Video};
use std::time::{Duration, Instant};

const KBITS: u32 = 4000;

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let bench = Bench::start(&[(KBITS, Conduct::Paced, 1)]).await?;
    let url = format!("{}{}", bench.relais.public_url(), bench.ts(KBITS, Conduct::Paced, 0).await?);
    // Keeps it live.
    let (_, mut first) = http1::open(&url, &[]).await?;
    let keeper = tokio::spawn(async move { while let Ok(Some(_)) = first.chunk().await {} });
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (mut begins, mut wholes) = (Vec::new(), Vec::new());
    let joins = if effort.quick { 5 } else { 25 };
    for run in 0..joins {
        tokio::time::sleep(source::until_phase(0, GOP, f64::from(run) / f64::from(joins))).await;
        let (begin, whole) = join(&url).await?;
        begins.push(begin);
        wholes.push(whole);
    }
    keeper.abort();
    let worst = wholes.iter().copied().fold(0.0, f64::max);
    Ok(vec![
        Line::new("join", "live channel by .ts: the first keyframe's first byte", "s", Target::AtMost(0.05))
            .ours(begins),
        Line::new("join", "live channel by .ts: the whole keyframe in hand", "s", Target::AtMost(0.05))
            .ours(wholes)
            .note(format!("{joins} joins at all phases of a {} s GOP; worst {worst:.3} s", GOP.as_secs())),
    ])
}

/// Seconds to the first byte of a keyframe, and to its last.
async fn join(url: &str) -> Result<(f64, f64)> {
    let start = Instant::now();
    let (head, mut connection) = http1::open(url, &[]).await?;
    ensure!(head.status == 200, "{}", head.status);
    let mut bytes: Vec<u8> = Vec::new();
    let mut at = 0;
    let mut video = None;
    let mut unit: Vec<u8> = Vec::new();
    let mut began = None;
    loop {
        bytes.extend_from_slice(&connection.chunk().await?.context("the stream ended")?);
        let now = start.elapsed().as_secs_f64();
        ensure!(now < 10.0, "no keyframe in 10 s");
        while bytes.len() >= at + PACKET {
            let packet = Packet(&bytes[at..at + PACKET]);
            ensure!(packet.in_sync(), "not packets of TS");
            at += PACKET;
            if video.is_none() && packet.starts() {
                let pmt = ts::section(packet.payload()).and_then(ts::read_pmt);
                video = pmt.and_then(|pmt| pmt.streams.into_iter().find(|s| s.is_video())).map(|s| s.pid);
                continue;
            }
            if video != Some(packet.pid()) {
                continue;
            }
            let complete = packet.starts() && !unit.is_empty();
            if !complete {
                began.get_or_insert(now);
                unit.extend_from_slice(packet.payload());
            }
            // The next unit begins, or stuffing shows that this packet is the last.
            let stuffed = !packet.starts() && packet.payload().len() < PACKET - 4;
            if complete || stuffed {
                ensure!(Video::H264.is_keyframe(&unit), "the first picture is no keyframe");
                return Ok((began.context("no picture")?, now));
            }
        }
    }
}
