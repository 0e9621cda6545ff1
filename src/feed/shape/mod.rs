//! One clock, one shape: whatever a source does, what a feed publishes is one regular transport stream.
//!
//! Pure: bytes in, [`Part`]s out. The source's PES packets are put together, looked into, and written anew under
//! our own PIDs, counters and tables; elementary payload bytes are never altered, but for parameter sets that a
//! keyframe lacks. Invariants, whatever comes in:
//!
//! * every part is whole packets of valid MPEG-TS, continuity counters perfect on each PID over all parts;
//! * decode times rise strictly on each PID over the whole stream; the PCR rises and does not pass the decode
//!   time of what follows it;
//! * an epoch is one offset between the source's clock and ours, for PCR and all PTS/DTS: sound and picture stay
//!   where they were to each other, to the tick;
//! * an epoch begins with a keyframe that has its parameter sets; the parts of an epoch join without a gap;
//! * memory is bounded by the caps in [`Options`].

mod core;
mod emit;
mod inspect;
mod mux;
mod programme;
mod replay;
mod stats;
mod stream;
mod timeline;
mod unit;

#[cfg(test)]
mod tests;

use self::core::Core;
use super::part::{Origin, Part, Shape};
use crate::ts::{Framer, MediaTime};
use crate::wire::Reason;
use std::sync::Arc;

pub use stats::Stats;

/// Where a feed's clock starts: room for PCRs and leading sound before the first picture.
pub const START: MediaTime = MediaTime(10 * MediaTime::HZ);

/// What may be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// A segment is not cut before this.
    pub segment_min: MediaTime,
    /// A segment does not get longer, keyframe or not.
    pub segment_target: MediaTime,
    /// A part is closed after this.
    pub part_span: MediaTime,
    /// A part is closed from this size on.
    pub part_bytes: usize,
    /// A longer PES packet is dropped.
    pub max_access_unit: usize,
    /// Bytes of the programme without a keyframe that are trouble.
    pub max_before_keyframe: usize,
    /// The programme to take, where the source has it.
    pub programme: Option<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_min: MediaTime::from_millis(2000),
            segment_target: MediaTime::from_millis(4000),
            part_span: MediaTime::from_millis(100),
            part_bytes: 64 * 1024,
            max_access_unit: 8 << 20,
            max_before_keyframe: 64 << 20,
            programme: None,
        }
    }
}

/// Turns one channel's sources, one after the other, into one stream of parts.
pub struct Shaper {
    framer: Framer,
    core: Core,
}

impl Shaper {
    /// A stream that starts at [`START`]; `begin` comes next.
    pub fn new(options: Options) -> Self {
        Self { framer: Framer::new(), core: Core::new(options) }
    }

    /// A new connection, or the slate. Its media does not start before `floor`: the feed keeps its clock no
    /// slower than the wall. A connection that replays what was sent last goes on where that ended instead.
    pub fn begin(&mut self, origin: Origin, floor: MediaTime) {
        self.framer.reset();
        self.core.begin(origin, floor);
    }

    /// The source says that another timeline follows: what is whole is completed, and an epoch begins.
    pub fn boundary(&mut self) {
        let Self { framer, core } = self;
        framer.finish(|packet| core.packet(&packet));
        core.boundary();
    }

    /// Takes the next bytes of the source, cut anyhow. Closed parts are appended to `out`.
    pub fn push(&mut self, data: &[u8], out: &mut Vec<Part>) {
        let Self { framer, core } = self;
        framer.push(data, |packet| core.packet(&packet));
        core.skipped(framer.skipped(), framer.skipped_in_a_row());
        core.mux.drain(out);
    }

    /// Publishes every whole access unit that is pending.
    pub fn flush(&mut self, out: &mut Vec<Part>) {
        self.core.mux.close(None);
        self.core.mux.drain(out);
    }

    /// The source has ended: completes the last access units where they are whole, and publishes all.
    pub fn finish(&mut self, out: &mut Vec<Part>) {
        let Self { framer, core } = self;
        framer.finish(|packet| core.packet(&packet));
        core.finish();
        self.flush(out);
    }

    /// Raises the floor of [`Shaper::begin`] while a keyframe is awaited.
    pub fn set_floor(&mut self, floor: MediaTime) {
        self.core.floor = self.core.floor.max(floor.0);
    }

    /// What is published may be closed off here: the next access unit begins a segment, with the tables before it.
    pub fn cut(&mut self) {
        self.core.mux.cut();
    }

    /// Another shaper's media (the slate) is about to stand between: what comes next of the source is a new epoch.
    pub fn interrupt(&mut self, floor: MediaTime) {
        self.core.mux.interrupt();
        let origin = self.core.origin;
        self.begin(origin, floor);
    }

    /// What follows is written behind what `other` has published: counters and table versions go on from there.
    /// To be called only while a keyframe is awaited.
    pub fn continue_from(&mut self, other: &Self) {
        self.core.mux.continue_from(&other.core.mux);
    }

    /// What the stream carries, as far as it is known; the same `Arc` until that changes.
    pub fn shape(&self) -> &Arc<Shape> {
        self.core.mux.shape()
    }

    /// Why nothing comes of this connection, if so.
    pub fn trouble(&self) -> Option<Reason> {
        self.core.stats.trouble()
    }

    /// Where the published media ends on the feed's clock.
    pub fn end_time(&self) -> MediaTime {
        MediaTime(self.core.mux.end())
    }

    /// Bytes of memory taken for parts so far.
    #[cfg(test)]
    fn allocated(&self) -> u64 {
        self.core.mux.allocated()
    }

    /// What was seen so far.
    pub fn stats(&self) -> &Stats {
        &self.core.stats
    }
}
