//! One turn of a clip as constant-rate transport stream, ready to be sent: time stamps and continuity counters are
//! patched for each turn, so that a sender costs next to nothing.

use anyhow::{Context, Result, ensure};
use harness::hell::ClipSpec;
use harness::hell::clip;
use harness::ts::{self, Elementary, First, PACKET, Packet, Packetizer, Pmt};
use std::collections::HashMap;

/// Ticks in a second.
const HZ: i64 = 90_000;
/// PAT and PMT at least so often.
const PSI_EVERY: i64 = HZ / 10;
const PMT_PID: u16 = 0x1000;
/// Between the last byte of an access unit and its decoding.
const SLACK: i64 = HZ / 10;

/// What stands at a place that is written anew for each turn.
#[derive(Debug, Clone, Copy)]
enum Field {
    /// Six bytes; ticks of 90 kHz.
    Pcr,
    /// Five bytes, the first of which keeps its upper half.
    Stamp,
}

#[derive(Debug, Clone, Copy)]
struct Patch {
    at: usize,
    field: Field,
    ticks: i64,
}

/// See the module.
#[derive(Debug)]
pub struct Tape {
    bytes: Vec<u8>,
    patches: Vec<Patch>,
    /// Packets with payload that its PID has had before, within the turn; and in a whole turn.
    counters: Vec<(u8, u8)>,
    /// Packets at which keyframes begin, with the tables before them.
    keyframes: Vec<u64>,
    /// Ticks of a turn.
    duration: i64,
}

impl Tape {
    /// The clip of `kbits` of video with one AAC track of 96 kbit/s, 2 s between keyframes. Made by FFmpeg the first
    /// time.
    pub fn load(kbits: u32) -> Result<Self> {
        let spec = ClipSpec::named(&format!("{kbits}k"), "navy").gop(2).kbits(kbits);
        let clip = clip::load(&spec)?;
        let pid = |stream: usize| 0x100 + stream as u16;
        let streams = clip.streams.iter().enumerate().map(|(n, s)| Elementary {
            pid: pid(n),
            stream_type: s.stream_type,
            descriptors: s.descriptors.clone(),
        });
        let pmt = Pmt { programme: 1, version: 0, pcr_pid: 0x100, streams: streams.collect() };
        let (pat, pmt) = (ts::pat(&[(1, PMT_PID)], 0), ts::pmt(&pmt));
        let (mut bytes, mut packetizer) = (Vec::new(), Packetizer::default());
        let mut last_psi = None;
        let (mut ends, mut keyframes) = (Vec::new(), Vec::new());
        for unit in &clip.units {
            let key = unit.key && clip.streams[unit.stream].video.is_some();
            if key {
                keyframes.push((bytes.len() / PACKET) as u64);
            }
            if key || last_psi.is_none_or(|last| unit.dts - last >= PSI_EVERY) {
                packetizer.section(&mut bytes, 0, &pat);
                packetizer.section(&mut bytes, PMT_PID, &pmt);
                last_psi = Some(unit.dts);
            }
            let stream = &clip.streams[unit.stream];
            let video = stream.video.is_some();
            let first = First { pcr: video.then_some(0), random_access: key, discontinuity: false };
            let times = (unit.pts, unit.dts);
            packetizer.pes(&mut bytes, pid(unit.stream), stream.stream_id, times, first, &unit.data);
            ends.push((bytes.len(), unit.dts));
        }
        let (patches, counters) = (Vec::new(), Vec::new());
        let mut tape = Self { bytes, patches, counters, keyframes, duration: clip.duration };
        // Decoding waits until the slowest unit has arrived.
        let late = ends.iter().map(|&(end, dts)| tape.arrives(end) - dts).max().context("an empty clip")?;
        tape.index(late + SLACK)?;
        Ok(tape)
    }

    /// Ticks into the turn at which the byte is due: the rate is constant.
    fn arrives(&self, at: usize) -> i64 {
        (at as i128 * i128::from(self.duration) / self.bytes.len() as i128) as i64
    }

    fn index(&mut self, delay: i64) -> Result<()> {
        let mut seen: HashMap<u16, u8> = HashMap::new();
        let mut places = Vec::new();
        for (number, packet) in self.bytes.chunks_exact(PACKET).map(Packet).enumerate() {
            ensure!(packet.in_sync(), "the muxer wrote something else than packets");
            let at = number * PACKET;
            if packet.pcr().is_some() {
                self.patches.push(Patch { at: at + 6, field: Field::Pcr, ticks: self.arrives(at) });
            }
            let payload = packet.payload();
            if packet.starts() && (0x100..0x200).contains(&packet.pid()) {
                let header = ts::pes_header(payload).context("a PES packet without header")?;
                let start = at + PACKET - payload.len();
                let stamp = |at, ticks: i64| Patch { at, field: Field::Stamp, ticks: ticks + delay };
                self.patches.push(stamp(start + 9, header.pts.context("no PTS")?));
                if header.header > 14 {
                    self.patches.push(stamp(start + 14, header.dts.context("no DTS")?));
                }
            }
            let count = seen.entry(packet.pid()).or_default();
            places.push((packet.pid(), *count));
            *count = (*count + u8::from(packet.has_payload())) & 15;
        }
        self.counters = places.into_iter().map(|(pid, before)| (before, seen[&pid])).collect();
        Ok(())
    }

    /// The packet that is due at that time (microseconds since the beginning of the first turn), counted from there.
    pub fn packet_at(&self, micros: u64) -> u64 {
        let packets = (self.bytes.len() / PACKET) as u128;
        (u128::from(micros) * packets * HZ as u128 / (self.duration as u128 * 1_000_000)) as u64
    }

    /// The packet at which so many-th keyframe of all turns begins.
    pub fn keyframe(&self, number: u64) -> u64 {
        let in_a_turn = self.keyframes.len() as u64;
        let turn = number / in_a_turn * (self.bytes.len() / PACKET) as u64;
        turn + self.keyframes[(number % in_a_turn) as usize]
    }

    /// Appends packets `from..to`, which may span turns.
    pub fn read(&self, from: u64, to: u64, out: &mut Vec<u8>) {
        let packets = (self.bytes.len() / PACKET) as u64;
        let mut from = from;
        while from < to {
            let turn = from / packets;
            let end = to.min((turn + 1) * packets);
            self.turn(turn, (from % packets) as usize, (end - turn * packets) as usize, out);
            from = end;
        }
    }

    fn turn(&self, turn: u64, from: usize, to: usize, out: &mut Vec<u8>) {
        let (first, last) = (from * PACKET, to * PACKET);
        let base = out.len();
        out.extend_from_slice(&self.bytes[first..last]);
        let out = &mut out[base..];
        for (packet, (before, whole)) in out.chunks_exact_mut(PACKET).zip(&self.counters[from..to]) {
            let counter = (turn as u8).wrapping_mul(*whole).wrapping_add(*before);
            // A counter of a packet without payload is that of the one before it.
            let counter = if packet[3] & 0x10 == 0 { counter.wrapping_sub(1) } else { counter };
            packet[3] = packet[3] & 0xF0 | counter & 15;
        }
        let begin = self.patches.partition_point(|p| p.at < first);
        for patch in self.patches[begin..].iter().take_while(|p| p.at < last) {
            let t = (patch.ticks + turn as i64 * self.duration).rem_euclid(ts::WRAP);
            let at = &mut out[patch.at - first..];
            match patch.field {
                Field::Pcr => {
                    at[..4].copy_from_slice(&((t >> 1) as u32).to_be_bytes());
                    at[4] = ((t & 1) as u8) << 7 | 0x7E;
                    at[5] = 0;
                }
                Field::Stamp => {
                    at[0] = at[0] & 0xF0 | ((t >> 30 & 7) as u8) << 1 | 1;
                    at[1] = (t >> 22) as u8;
                    at[2] = ((t >> 15 & 0x7F) as u8) << 1 | 1;
                    at[3] = (t >> 7) as u8;
                    at[4] = ((t & 0x7F) as u8) << 1 | 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_join_without_a_seam() {
        let tape = Tape::load(150).unwrap();
        let packets = (tape.bytes.len() / PACKET) as u64;
        let mut out = Vec::new();
        // In odd pieces, over two seams.
        let mut at = packets / 2;
        while at < packets * 5 / 2 {
            tape.read(at, at + 7, &mut out);
            at += 7;
        }
        let mut counters: HashMap<u16, u8> = HashMap::new();
        let mut pcr: Option<i64> = None;
        let mut dts: HashMap<u16, i64> = HashMap::new();
        for packet in out.chunks_exact(PACKET).map(Packet) {
            assert!(packet.in_sync());
            if let Some(last) = counters.insert(packet.pid(), packet.counter()) {
                assert_eq!(packet.counter(), (last + 1) & 15, "pid {}", packet.pid());
            }
            if let Some(now) = packet.pcr() {
                let step = pcr.map_or(1, |last| now - last);
                assert!(step > 0 && step < 27_000_000 / 5, "PCR step {step}");
                pcr = Some(now);
            }
            if packet.starts() && (0x100..0x200).contains(&packet.pid()) {
                let now = ts::pes_header(packet.payload()).unwrap().dts.unwrap();
                let step = dts.insert(packet.pid(), now).map_or(1, |last| now - last);
                assert!(step > 0 && step < 9000, "DTS step {step}");
                assert!(pcr.is_none_or(|pcr| now > pcr / 300), "decoded before it has arrived");
            }
        }
        assert_eq!((tape.keyframe(0), tape.keyframe(8)), (0, packets));
        assert_eq!((tape.packet_at(0), tape.packet_at(tape.duration as u64 * 100 / 9)), (0, packets));
    }
}
