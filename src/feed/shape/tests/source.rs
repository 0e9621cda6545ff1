//! A small writer of transport streams with whatever faults a test wants.
//!
//! Video is 25 fps H.264 in form (the slices hold only the frame's number and filling), sound is 48 kHz ADTS. Frame
//! `n` is decoded at `n * 3600`, sound frame `m` is heard at `m * 1920`, both plus the timeline's offset.

use crate::ts::packet::pcr_bytes;
use crate::ts::pmt::{Entry, Pmt};
use crate::ts::{clock, pat, pes, pmt, psi};
use std::collections::HashMap;
use std::ops::Range;

pub(super) const MAP: u16 = 0x30;
pub(super) const VIDEO: u16 = 0x200;
pub(super) const AUDIO: u16 = 0x201;
pub(super) const DATA: u16 = 0x202;
pub(super) const SPLICE: u16 = 0x203;
pub(super) const PCR: u16 = 0x210;
pub(super) const FRAME: i64 = 3600;
pub(super) const SOUND: i64 = 1920;

/// 1920x1080 and 1280x720.
const SPS: [&[u8]; 2] = [
    &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
        0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58,
    ],
    &[0x67, 0x42, 0x00, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8],
];
const PPS: &[u8] = &[0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];

/// How a source behaves.
#[derive(Clone)]
pub(super) struct Source {
    /// Added to every time.
    pub(super) offset: i64,
    pub(super) gop: usize,
    /// Which SPS.
    pub(super) size: usize,
    /// Parameter sets are sent at these keyframes only (all where empty).
    pub(super) sets_at: Vec<usize>,
    /// Bytes of a frame.
    pub(super) weight: usize,
    pub(super) has_video: bool,
    pub(super) has_audio: bool,
    /// Declared in the PMT; `has_*` says what is sent.
    pub(super) streams: Vec<Entry>,
    pub(super) pcr_pid: u16,
    /// Non-key first pictures of this many frames after each keyframe are shown before it.
    pub(super) leading: usize,
    /// Keyframes are I pictures with a recovery point instead of IDR.
    pub(super) recovery: bool,
    pub(super) counters: HashMap<u16, u8>,
    pub(super) out: Vec<u8>,
    /// The picture's PES packets declare this length.
    pub(super) declared: u16,
    /// Continuity counters stay 0.
    pub(super) never_counts: bool,
}

pub(super) fn entry(kind: u8, pid: u16, descriptors: &[u8]) -> Entry {
    Entry { kind, pid, descriptors: descriptors.to_vec() }
}

impl Default for Source {
    fn default() -> Self {
        Self {
            offset: 900_000,
            gop: 25,
            size: 0,
            sets_at: Vec::new(),
            weight: 700,
            has_video: true,
            has_audio: true,
            streams: vec![entry(0x1B, VIDEO, &[]), entry(0x0F, AUDIO, &[0x0A, 4, b'd', b'e', b'u', 0])],
            pcr_pid: VIDEO,
            leading: 0,
            recovery: false,
            counters: HashMap::new(),
            out: Vec::new(),
            declared: 0,
            never_counts: false,
        }
    }
}

impl Source {
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn counter(&mut self, pid: u16) -> u8 {
        let counter = self.counters.entry(pid).or_insert(15);
        *counter = if self.never_counts { 0 } else { (*counter + 1) & 15 };
        *counter
    }

    pub(super) fn tables(&mut self) {
        let map =
            Pmt { programme: 1, pcr_pid: self.pcr_pid, descriptors: vec![], streams: self.streams.clone() };
        self.section(0, &pat::write(1, 0, 1, MAP));
        self.section(MAP, &pmt::write(&map, 0));
    }

    pub(super) fn section(&mut self, pid: u16, section: &[u8]) {
        let mut packets = Vec::new();
        let mut counter = 0;
        psi::packetise(section, pid, &mut counter, |packet| packets.push(*packet));
        for mut packet in packets {
            packet[3] = packet[3] & 0xF0 | self.counter(pid);
            self.out.extend_from_slice(&packet);
        }
    }

    /// Lays a PES packet into packets.
    pub(super) fn pes(&mut self, pid: u16, bytes: &[u8], pcr: Option<i64>) {
        let mut rest = bytes;
        let mut first = true;
        while !rest.is_empty() {
            let mut field = Vec::new();
            if let (true, Some(pcr)) = (first, pcr) {
                field.extend([0x10]);
                field.extend(pcr_bytes(pcr, 0));
            }
            let mut room = 184 - if field.is_empty() { 0 } else { field.len() + 1 };
            let has_field = !field.is_empty() || rest.len() < room;
            if has_field && field.is_empty() {
                room = 183;
            }
            let count = rest.len().min(room);
            if has_field {
                let length = 183 - count;
                if field.is_empty() && length > 0 {
                    field.push(0);
                }
                field.resize(length, 0xFF);
            }
            let control = 0x10 | u8::from(has_field) << 5 | self.counter(pid);
            self.out.extend([0x47, (pid >> 8) as u8 | u8::from(first) << 6, pid as u8, control]);
            if has_field {
                self.out.push(field.len() as u8);
                self.out.extend(&field);
            }
            self.out.extend_from_slice(&rest[..count]);
            rest = &rest[count..];
            first = false;
        }
    }

    pub(super) fn is_key(&self, n: usize) -> bool {
        n.is_multiple_of(self.gop)
    }

    /// The elementary bytes of frame `n`.
    pub(super) fn picture(&self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 1, 9, 0xF0];
        let mut unit = |nal: &[u8]| {
            bytes.extend([0, 0, 0, 1]);
            bytes.extend_from_slice(nal);
        };
        if self.is_key(n) {
            if self.sets_at.is_empty() || self.sets_at.contains(&n) {
                unit(SPS[self.size]);
                unit(PPS);
            }
            if self.recovery {
                unit(&[6, 6, 1, 0xC4, 0x80]);
                unit(&[0x41, 0x88, 0x80]);
            } else {
                unit(&[0x65, 0x88, 0x80]);
            }
        } else {
            unit(&[0x41, 0x9A, 0x80]);
        }
        // The number, with no byte that could make a start code.
        bytes.extend(format!("frame {n:08}.").bytes());
        let weight = self.weight * if self.is_key(n) { 8 } else { 1 };
        bytes.resize(bytes.len().max(weight), 0x80 | (n % 113) as u8);
        bytes
    }

    /// Sends frame `n` as if it were decoded at `dts`.
    pub(super) fn frame_at(&mut self, n: usize, dts: i64) {
        let in_group = n % self.gop;
        let pts = match in_group {
            0 => dts + FRAME * (1 + self.leading as i64),
            // Shown right before the keyframe.
            k if k <= self.leading => dts,
            _ => dts + FRAME,
        };
        let mut bytes = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0xC0, 10];
        bytes.extend(pes::stamp(3, pts));
        bytes.extend(pes::stamp(1, dts));
        bytes.extend(self.picture(n));
        bytes[4..6].copy_from_slice(&self.declared.to_be_bytes());
        let pcr = (self.pcr_pid == VIDEO).then_some(dts - 20_000);
        self.pes(VIDEO, &bytes, pcr);
    }

    pub(super) fn frame(&mut self, n: usize) {
        self.frame_at(n, self.offset + n as i64 * FRAME);
    }

    /// The elementary bytes of sound frame `m`.
    pub(super) fn tone(m: usize) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xF1, 0x4C, 0x80, 0, 0x1F, 0xFC];
        bytes.extend(format!("sound {m:08}.").bytes());
        bytes.resize(160, 0x21);
        bytes[4] = (bytes.len() >> 3) as u8;
        bytes[5] |= (bytes.len() as u8 & 7) << 5;
        bytes
    }

    pub(super) fn sound_at(&mut self, m: usize, pts: i64) {
        let tone = Self::tone(m);
        let mut bytes = vec![0, 0, 1, 0xC0, 0, (tone.len() + 8) as u8, 0x80, 0x80, 5];
        bytes.extend(pes::stamp(2, pts));
        bytes.extend(tone);
        let pcr = (self.pcr_pid == AUDIO).then_some(pts - 20_000);
        self.pes(AUDIO, &bytes, pcr);
    }

    pub(super) fn sound(&mut self, m: usize) {
        self.sound_at(m, self.offset + m as i64 * SOUND);
    }

    /// An adaptation field alone, with a PCR.
    pub(super) fn bare_pcr(&mut self, time: i64) {
        let mut packet = [0xFF; 188];
        packet[..6].copy_from_slice(&[0x47, (PCR >> 8) as u8, PCR as u8, 0x20, 183, 0x10]);
        packet[6..12].copy_from_slice(&pcr_bytes(time, 0));
        self.out.extend_from_slice(&packet);
    }

    /// Frames of a range, with tables every 10 and the sound that goes with them.
    pub(super) fn run(&mut self, frames: Range<usize>) -> Vec<u8> {
        for n in frames {
            if n % 10 == 0 || self.out.is_empty() {
                self.tables();
            }
            if self.pcr_pid == PCR {
                self.bare_pcr(self.offset + n as i64 * FRAME - 20_000);
            }
            if self.has_video {
                self.frame(n);
            }
            if self.has_audio {
                let (from, to) = (n as i64 * FRAME, (n as i64 + 1) * FRAME);
                for m in (from + SOUND - 1) / SOUND..(to + SOUND - 1) / SOUND {
                    self.sound(m as usize);
                }
            }
        }
        self.take()
    }

    /// A PES packet of a private stream.
    pub(super) fn data(&mut self, body: &[u8], pts: i64) {
        let mut bytes = vec![0, 0, 1, 0xBD, 0, (body.len() + 8) as u8, 0x80, 0x80, 5];
        bytes.extend(pes::stamp(2, pts));
        bytes.extend_from_slice(body);
        self.pes(DATA, &bytes, None);
    }
}

/// A splice section whose `pts_adjustment` is `time`.
pub(super) fn splice(time: i64) -> Vec<u8> {
    let time = clock::wrap(time);
    let mut section = vec![0xFC, 0x30, 17, 0, (time >> 32) as u8];
    section.extend((time as u32).to_be_bytes());
    section.extend([0, 0xFF, 0xF0, 0, 0, 0, 0]);
    let crc = psi::crc32(&section);
    section.extend(crc.to_be_bytes());
    section
}

/// The number that a payload carries.
pub(super) fn number(payload: &[u8], what: &str) -> Option<usize> {
    let at = memchr::memmem::find(payload, what.as_bytes())? + what.len() + 1;
    std::str::from_utf8(payload.get(at..at + 8)?).ok()?.parse().ok()
}
