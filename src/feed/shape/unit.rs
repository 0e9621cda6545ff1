//! Puts the PES packets of one PID together, and knows which of them are damaged.

use super::stats::Stats;
use crate::ts::pes::Header;
use crate::ts::{PACKET, Packet};
use std::collections::VecDeque;

/// Packets over which continuity counters are judged.
const WINDOW: u32 = 64;
/// PCRs that one unit may carry.
const MAX_PCRS: usize = 256;

/// A PCR, and the byte of the PES packet before which it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pcr {
    pub(super) at: usize,
    pub(super) base: u64,
    pub(super) extension: u16,
}

/// One whole PES packet: mostly one access unit of video, or some frames of audio.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) bytes: Vec<u8>,
    pub(super) header: Header,
    pub(super) pcrs: Vec<Pcr>,
    /// The source's own mark.
    pub(super) random_access: bool,
}

impl Unit {
    pub(super) fn payload(&self) -> &[u8] {
        self.bytes.get(self.header.length..).unwrap_or(&[])
    }

    /// Decode time as the source stamps it.
    pub(super) fn stamp(&self) -> Option<u64> {
        self.header.dts.or(self.header.pts)
    }
}

/// The open PES packet of a PID.
pub(super) struct Assembly {
    bytes: Vec<u8>,
    is_open: bool,
    /// Its length where declared.
    whole: Option<usize>,
    /// The last unit ended where its length said.
    ended_by_length: bool,
    /// More came after such an end: units end where the next begins.
    length_lies: bool,
    pcrs: Vec<Pcr>,
    random_access: bool,
    ends_stuffed: bool,
    counter: Option<u8>,
    last: [u8; PACKET],
    packets: u32,
    errors: u32,
    distrusted: bool,
    /// Completed, and not taken yet: two at the most.
    done: VecDeque<Unit>,
    spare: Vec<u8>,
}

impl Default for Assembly {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            is_open: false,
            whole: None,
            ended_by_length: false,
            length_lies: false,
            pcrs: Vec::new(),
            random_access: false,
            ends_stuffed: false,
            counter: None,
            last: [0; PACKET],
            packets: 0,
            errors: 0,
            distrusted: false,
            done: VecDeque::new(),
            spare: Vec::new(),
        }
    }
}

enum Continuity {
    Fine,
    Duplicate,
    Gap,
}

impl Assembly {
    /// Takes the next packet; tells whether it completes something: an older unit, one that it holds whole, or
    /// both, which [`Assembly::take`] gives in order. `pcr`: one that belongs just before this packet's payload.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        pcr: Option<(u64, u16)>,
        limit: usize,
        stats: &mut Stats,
    ) -> bool {
        if !packet.has_payload() {
            return false;
        }
        if packet.is_scrambled() {
            stats.scrambled();
            self.counter = Some(packet.counter());
            self.drop_open(stats);
            return false;
        }
        stats.clear();
        match self.continuity(packet) {
            Continuity::Fine => {}
            Continuity::Duplicate => {
                stats.duplicate_packets += 1;
                return false;
            }
            Continuity::Gap => {
                stats.continuity_errors += 1;
                self.drop_open(stats);
            }
        }
        let mut completes = false;
        if packet.starts_unit() {
            completes = self.complete(stats);
            self.is_open = true;
            (self.whole, self.ended_by_length) = (None, false);
            self.random_access = packet.is_random_access();
        }
        if !self.is_open {
            self.length_lies |= std::mem::take(&mut self.ended_by_length);
            return completes;
        }
        if let Some((base, extension)) = pcr {
            self.note_pcr(base, extension);
        }
        self.bytes.extend_from_slice(packet.payload());
        self.ends_stuffed = packet.is_stuffed();
        if self.whole.is_none()
            && !self.length_lies
            && let [_, _, _, _, high, low, ..] = self.bytes.as_slice()
        {
            self.whole =
                Some(usize::from(u16::from_be_bytes([*high, *low]))).filter(|n| *n > 0).map(|n| n + 6);
        }
        if self.bytes.len() > limit {
            self.drop_open(stats);
            return completes;
        }
        match self.whole {
            Some(whole) if self.bytes.len() >= whole => {
                self.bytes.truncate(whole);
                self.ended_by_length = true;
                self.complete(stats) || completes
            }
            _ => completes,
        }
    }

    /// The next of the units that were completed.
    pub(super) fn take(&mut self) -> Option<Unit> {
        self.done.pop_front()
    }

    /// Notes a PCR of the programme at this point of the open unit; `false` where none is open.
    pub(super) fn note_pcr(&mut self, base: u64, extension: u16) -> bool {
        if self.is_open && self.pcrs.len() < MAX_PCRS {
            self.pcrs.push(Pcr { at: self.bytes.len(), base, extension });
        }
        self.is_open
    }

    /// The open unit's decode time, as far as its header has come.
    pub(super) fn open_stamp(&self) -> Option<u64> {
        if !self.is_open {
            return None;
        }
        let header = Header::parse(&self.bytes)?;
        header.dts.or(header.pts)
    }

    /// The source has ended: the open unit, if all of it is there. Without a declared length stuffing tells, or
    /// that it is `overdue`: other streams have come to its decode time.
    pub(super) fn finish(&mut self, overdue: bool, stats: &mut Stats) -> Option<Unit> {
        if self.is_open && self.whole.is_none() && (self.ends_stuffed || overdue) {
            self.complete(stats);
            return self.take();
        }
        self.drop_open(stats);
        None
    }

    /// Forgets the open unit and the counter, for another timeline.
    pub(super) fn reset(&mut self, stats: &mut Stats) {
        self.drop_open(stats);
        self.counter = None;
    }

    /// Takes a buffer back.
    pub(super) fn recycle(&mut self, mut bytes: Vec<u8>) {
        if bytes.capacity() > self.spare.capacity() && bytes.capacity() <= 1 << 20 {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// Ends the open unit; tells whether it was whole.
    fn complete(&mut self, stats: &mut Stats) -> bool {
        if !std::mem::take(&mut self.is_open) {
            return false;
        }
        let mut pcrs = std::mem::take(&mut self.pcrs);
        // One behind the last byte goes before the next unit.
        while let Some(last) = pcrs.pop_if(|last| last.at >= self.bytes.len()) {
            if self.pcrs.is_empty() {
                self.pcrs.push(Pcr { at: 0, ..last });
            }
        }
        match Header::parse(&self.bytes) {
            Some(header) if self.bytes.len() > header.length => {
                let bytes = std::mem::replace(&mut self.bytes, std::mem::take(&mut self.spare));
                self.done.push_back(Unit { bytes, header, pcrs, random_access: self.random_access });
                true
            }
            _ => {
                stats.dropped_units += 1;
                self.bytes.clear();
                false
            }
        }
    }

    fn drop_open(&mut self, stats: &mut Stats) {
        self.ended_by_length = false;
        if std::mem::take(&mut self.is_open) {
            stats.dropped_units += 1;
        }
        self.bytes.clear();
        self.pcrs.clear();
    }

    fn continuity(&mut self, packet: &Packet<'_>) -> Continuity {
        let counter = packet.counter();
        let before = self.counter.replace(counter);
        let verdict = match before {
            None => Continuity::Fine,
            Some(_) if packet.is_discontinuous() => Continuity::Fine,
            Some(last) if last.wrapping_add(1) & 0x0F == counter => Continuity::Fine,
            Some(last) if last == counter && self.repeats(packet) => Continuity::Duplicate,
            Some(_) => Continuity::Gap,
        };
        self.last = *packet.bytes();
        self.packets += 1;
        self.errors += u32::from(!matches!(verdict, Continuity::Fine));
        if self.packets >= WINDOW {
            // Some providers never count: believing them would lose everything.
            self.distrusted = self.errors * 5 > self.packets;
            (self.packets, self.errors) = (0, 0);
        }
        if self.distrusted { Continuity::Fine } else { verdict }
    }

    fn repeats(&self, packet: &Packet<'_>) -> bool {
        Packet::new(&self.last).is_some_and(|last| {
            last.starts_unit() == packet.starts_unit() && last.payload() == packet.payload()
        })
    }
}
