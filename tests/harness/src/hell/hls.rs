//! The same broadcast as HLS with TS segments: a sliding window cut at keyframes.

use super::behaviour::{Behaviour, Join};
use super::broadcast::{Broadcast, HZ};
use super::request::Reply;
use super::{Channel, Clock};
use anyhow::Result;
use bytes::Bytes;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockEncryptMut, KeyIvInit};
use std::collections::VecDeque;

const KEY: [u8; 16] = *b"sixteen bytes!!!";
/// Segments kept beyond the window.
const KEEP: usize = 6;

#[derive(Debug, Clone)]
struct Segment {
    number: u64,
    duration: f64,
    bytes: Bytes,
    discontinuity: bool,
    missing: bool,
    encrypted: bool,
}

/// Cuts segments as time goes by.
pub(super) struct Packager {
    broadcast: Broadcast,
    segments: VecDeque<Segment>,
    next: u64,
    made: u64,
    resets: u32,
    jumps: f64,
}

impl std::fmt::Debug for Packager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packager at {}", self.next)
    }
}

impl Packager {
    fn new(behaviour: &Behaviour, now: i64) -> Result<Self> {
        // So that the window is full at once.
        let past = behaviour.hls_segment * (behaviour.hls_window as f64 + 1.0);
        let start = Behaviour { join: Join::Keyframe, burst: past, replay: None, ..behaviour.clone() };
        let broadcast = Broadcast::join(&start, now, false)?;
        let next = (now / HZ) as u64 / behaviour.hls_segment.max(1.0) as u64;
        let resets = behaviour.hls_resets;
        Ok(Self { broadcast, segments: VecDeque::new(), next, made: 0, resets, jumps: 0.0 })
    }

    /// Makes what is due by now.
    fn advance(&mut self, behaviour: &Behaviour, clock: Clock, now: i64) -> Result<()> {
        if self.resets != behaviour.hls_resets {
            (self.resets, self.next) = (behaviour.hls_resets, 0);
            self.segments.clear();
        }
        let length = (behaviour.hls_segment * HZ as f64) as i64;
        loop {
            let (start, _) = self.broadcast.upcoming();
            // It is published once its last frame was sent.
            if start + length > now {
                return Ok(());
            }
            let tagged = behaviour.hls_discontinuities > 0
                && self.made % u64::from(behaviour.hls_discontinuities) == 1;
            if tagged {
                self.jumps += 100.0;
            }
            self.broadcast.want_tables();
            let mut bytes = Vec::new();
            let mut discontinuity = tagged;
            let end = loop {
                let (time, key) = self.broadcast.upcoming();
                if key && time - start >= length - HZ / 20 {
                    break time;
                }
                let jumped = Behaviour { jump: behaviour.jump + self.jumps, ..behaviour.clone() };
                let step = self.broadcast.next(&jumped, clock)?;
                discontinuity |= step.jumped && bytes.is_empty();
                bytes.extend_from_slice(&step.bytes);
            };
            let encrypted = behaviour.hls_encrypted;
            let number = self.next;
            let bytes = if encrypted { encrypt(&bytes, number) } else { bytes };
            let missing =
                behaviour.hls_missing > 0 && (self.made + 1).is_multiple_of(u64::from(behaviour.hls_missing));
            let duration = (end - start) as f64 / HZ as f64;
            self.segments.push_back(Segment {
                number,
                duration,
                bytes: bytes.into(),
                discontinuity,
                missing,
                encrypted,
            });
            self.next += 1;
            self.made += 1;
            while self.segments.len() > behaviour.hls_window + KEEP {
                self.segments.pop_front();
            }
        }
    }
}

fn encrypt(bytes: &[u8], number: u64) -> Vec<u8> {
    let mut vector = [0; 16];
    vector[8..].copy_from_slice(&number.to_be_bytes());
    cbc::Encryptor::<aes::Aes128>::new(&KEY.into(), &vector.into()).encrypt_padded_vec_mut::<Pkcs7>(bytes)
}

/// The media playlist as of now.
pub(super) async fn playlist(channel: &Channel, base: &str) -> Result<Reply> {
    let behaviour = channel.behaviour();
    let mut slot = channel.hls.lock().await;
    if slot.is_none() {
        *slot = Some(Packager::new(&behaviour, channel.now())?);
    }
    let Some(packager) = slot.as_mut() else { return Ok(Reply::status(500)) };
    if !behaviour.hls_frozen {
        packager.advance(&behaviour, channel.clock(), channel.now())?;
    }
    let listed: Vec<&Segment> = packager.segments.iter().rev().take(behaviour.hls_window).collect();
    let longest = listed.iter().map(|s| s.duration).fold(behaviour.hls_segment, f64::max);
    let first = listed.last().map_or(packager.next, |s| s.number);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{first}\n",
        longest.round()
    );
    let mut keyed = false;
    for segment in listed.into_iter().rev() {
        if segment.encrypted && !keyed {
            text.push_str(&format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{base}/key\"\n"));
            keyed = true;
        }
        if segment.discontinuity {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        text.push_str(&format!("#EXTINF:{:.3},\n{base}/{}.ts\n", segment.duration, segment.number));
    }
    Ok(Reply::new(200, "application/vnd.apple.mpegurl", text))
}

/// A segment or the key.
pub(super) async fn file(channel: &Channel, name: &str) -> Result<Reply> {
    if name == "key" {
        return Ok(Reply::new(200, "application/octet-stream", KEY));
    }
    let number = name.trim_end_matches(".ts").parse::<u64>().ok();
    let slot = channel.hls.lock().await;
    let segments = slot.as_ref().map(|p| &p.segments);
    let found = segments.and_then(|s| s.iter().find(|s| Some(s.number) == number && !s.missing)).cloned();
    drop(slot);
    let Some(segment) = found else { return Ok(Reply::status(404)) };
    channel.counts.bytes(segment.bytes.len());
    Ok(Reply::new(200, "video/mp2t", segment.bytes.to_vec()))
}
