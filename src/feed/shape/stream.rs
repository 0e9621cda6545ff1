//! One elementary stream of the chosen programme.

use super::inspect::Pictures;
use super::unit::{Assembly, Unit};
use crate::feed::part::AudioInfo;
use crate::ts::pmt::Entry;
use crate::ts::psi::Sections;
use crate::ts::{Codec, MediaTime, clock};
use std::collections::VecDeque;

/// Units that wait for an epoch, or for the main stream to jump too.
const MAX_PARKED: usize = 256;
const MAX_PARKED_BYTES: usize = 1 << 20;
/// A decode time further back than this is a jump.
pub(super) const JUMP_BACK: i64 = MediaTime::HZ / 2;

/// An elementary stream, and where it is in the source's time. Stamps are 33-bit.
pub(super) struct Stream {
    pub(super) entry: Entry,
    pub(super) codec: Codec,
    pub(super) out_pid: u16,
    pub(super) assembly: Assembly,
    pub(super) sections: Sections,
    pub(super) pictures: Option<Pictures>,
    pub(super) sound: AudioInfo,
    /// The line's last decode time.
    pub(super) last: Option<u64>,
    /// From one unit to the next.
    pub(super) step: i64,
    delta: i64,
    /// A unit of the main stream that is off the line: the next one tells.
    pub(super) held: Option<(Unit, u64)>,
    /// Units that wait.
    pub(super) parked: VecDeque<(Unit, u64)>,
    parked_bytes: usize,
    /// The main stream jumped so far, and this one has not followed yet.
    pub(super) jump: Option<i64>,
    /// How far this stream is usually ahead of the main stream when its units arrive.
    pub(super) skew: i64,
    /// It has sent data.
    pub(super) carries: bool,
    /// Media time since it last did.
    pub(super) silence: i64,
    /// The stamp of the last unit that came, on the line or not.
    pub(super) seen: Option<u64>,
    /// The last unit was sent: one without a time stamp goes on with it.
    pub(super) sent: bool,
}

impl Stream {
    pub(super) fn new(entry: Entry, codec: Codec, out_pid: u16) -> Self {
        let sound = AudioInfo { codec: codec.name(), language: entry.language(), ..AudioInfo::default() };
        Self {
            entry,
            codec,
            out_pid,
            assembly: Assembly::default(),
            sections: Sections::default(),
            pictures: codec.is_video().then(|| Pictures::new(codec)),
            sound,
            last: None,
            step: if codec.is_video() { 3600 } else { 2160 },
            delta: 0,
            held: None,
            parked: VecDeque::new(),
            parked_bytes: 0,
            jump: None,
            skew: 0,
            carries: false,
            silence: 0,
            seen: None,
            sent: false,
        }
    }

    /// Distance of a stamp from where the line's next unit is expected; `None` before the first.
    pub(super) fn deviation(&self, stamp: u64) -> Option<i64> {
        self.last.map(|last| clock::distance(stamp, last) - self.step)
    }

    /// Moves the line on; learns the step from two equal ones, or from the first.
    pub(super) fn follow(&mut self, stamp: u64) {
        if let Some(last) = self.last.replace(stamp) {
            let delta = clock::distance(stamp, last);
            if (1..=MediaTime::HZ).contains(&delta) {
                if (delta - self.delta).abs() <= 2 || self.delta == 0 {
                    self.step = delta;
                }
                self.delta = delta;
            }
        }
    }

    /// Keeps a unit for later; the oldest go where there are too many.
    pub(super) fn park(&mut self, unit: Unit, stamp: u64) {
        self.parked_bytes += unit.bytes.len();
        self.parked.push_back((unit, stamp));
        while self.parked.len() > MAX_PARKED || self.parked_bytes > MAX_PARKED_BYTES {
            let Some((oldest, _)) = self.parked.pop_front() else { break };
            self.parked_bytes -= oldest.bytes.len();
        }
    }

    /// All that waits.
    pub(super) fn unpark(&mut self) -> VecDeque<(Unit, u64)> {
        self.parked_bytes = 0;
        std::mem::take(&mut self.parked)
    }

    /// Another timeline follows.
    pub(super) fn forget_line(&mut self) {
        (self.last, self.held, self.jump, self.seen) = (None, None, None, None);
        self.delta = 0;
        self.sent = false;
        self.unpark();
    }
}
