//! Writes the one regular stream: our PIDs, counters and tables, cut into parts.

use super::Options;
use crate::feed::part::{Origin, Part, Shape};
use crate::ts::packet::{PACKET, SYNC, pcr_bytes};
use crate::ts::pmt::Pmt;
use crate::ts::{MediaTime, pat, pmt, psi};
use bytes::BytesMut;
use std::sync::Arc;

/// Where our PMT is.
pub(super) const PMT_PID: u16 = 0x1000;
/// The picture; also the PCR's PID.
pub(super) const VIDEO_PID: u16 = 0x0100;
/// The first sound.
pub(super) const AUDIO_PID: u16 = 0x0101;
/// The first of the others.
pub(super) const OTHER_PID: u16 = 0x0110;
/// The last PID that carries a stream.
pub(super) const LAST_PID: u16 = 0x017F;
/// Payload of a packet without an adaptation field.
const BODY: usize = PACKET - 4;
const SLOTS: usize = (LAST_PID - VIDEO_PID) as usize + 1;

/// Memory is taken in pieces of this size, which parts share.
const BLOCK: usize = 512 * 1024;
/// A unit from this size on has memory of its own where the block is too full for it.
const LARGE: usize = 64 * 1024;
/// Blocks kept that nobody reads: a segment's, which are let go of together.
const MAX_SPARE: usize = 2;
/// Our tables come at least this often.
const TABLES_EVERY: i64 = MediaTime::HZ / 2;
/// Jitter of time stamps that is not a gap.
const JITTER: i64 = MediaTime::HZ / 10;

/// More than this between two units of one epoch was not lost on the way.
const MOST_LOST: i64 = MediaTime::HZ / 2;

/// One PES packet to write: header, payload up to an insertion, the insertion, the rest.
pub(super) struct Piece<'a> {
    pub(super) pid: u16,
    pub(super) bytes: [&'a [u8]; 4],
    pub(super) random_access: bool,
    /// PCRs with the byte of the PES packet before which they belong, in order.
    pub(super) pcrs: &'a [(usize, i64, u16)],
}

/// How a unit of the main stream lies in time.
pub(super) struct Beat {
    pub(super) dts: i64,
    pub(super) duration: i64,
    /// A viewer may join here.
    pub(super) keyframe: bool,
    /// Radio: any unit may begin a segment, and is a keyframe where it does.
    pub(super) radio: bool,
}

#[derive(Clone, Copy)]
struct Slot {
    counter: u8,
    /// Last decode time, and the epoch it belonged to.
    last: Option<(i64, u32)>,
}

struct OpenPart {
    start: i64,
    /// Where its main stream's media ends, as far as it is known.
    natural_end: i64,
    keyframe: bool,
    segment: bool,
}

/// The writer.
pub(super) struct Mux {
    options: Options,
    buffer: BytesMut,
    /// The block, while a large unit has memory of its own.
    block: Option<BytesMut>,
    /// Blocks that are written full, in the order of their filling: used again once nobody reads them.
    spent: Vec<BytesMut>,
    part: Option<OpenPart>,
    ready: Vec<Part>,
    slots: Box<[Slot; SLOTS]>,
    pat_counter: u8,
    pmt_counter: u8,
    pat: Vec<u8>,
    pmt: Vec<u8>,
    programme: Option<Pmt>,
    version: u8,
    tables_due: bool,
    /// The next unit begins a segment, whatever it is.
    cut_due: bool,
    last_tables: i64,
    /// Where the closed parts end.
    cursor: i64,
    segment_start: i64,
    last_keyframe: i64,
    epoch: u32,
    epoch_is_fresh: bool,
    origin: Origin,
    shape: Arc<Shape>,
    last_pcr: Option<i64>,
    pcr_is_fresh: bool,
    allocated: u64,
}

impl Mux {
    pub(super) fn new(options: Options, start: i64) -> Self {
        Self {
            options,
            buffer: BytesMut::new(),
            block: None,
            spent: Vec::new(),
            part: None,
            ready: Vec::new(),
            slots: Box::new([Slot { counter: 15, last: None }; SLOTS]),
            pat_counter: 15,
            pmt_counter: 15,
            pat: pat::write(1, 0, 1, PMT_PID),
            pmt: Vec::new(),
            programme: None,
            version: 31,
            tables_due: true,
            cut_due: false,
            last_tables: start,
            cursor: start,
            segment_start: start,
            last_keyframe: start,
            epoch: 0,
            epoch_is_fresh: false,
            origin: Origin::Source,
            shape: Arc::default(),
            last_pcr: None,
            pcr_is_fresh: false,
            allocated: 0,
        }
    }

    /// Where the closed parts end.
    pub(super) fn end(&self) -> i64 {
        self.cursor
    }

    /// Bytes of memory taken so far.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> u64 {
        self.allocated
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) fn last_pcr(&self) -> Option<i64> {
        self.last_pcr
    }

    /// The last decode time written on a PID, and its epoch.
    pub(super) fn last(&self, pid: u16) -> Option<(i64, u32)> {
        self.slots.get(usize::from(pid.wrapping_sub(VIDEO_PID))).and_then(|slot| slot.last)
    }

    /// The main stream's next unit, decoded at `at`, opens an epoch.
    pub(super) fn begin_epoch(&mut self, origin: Origin, at: i64) {
        self.close(None);
        self.epoch += 1;
        self.epoch_is_fresh = true;
        self.pcr_is_fresh = self.epoch > 1;
        self.origin = origin;
        // On the same timeline the last part may have been published as ending a little later.
        self.cursor = self.cursor.max(at);
    }

    /// What readers have of the segment may be closed: the next unit begins another.
    pub(super) fn cut(&mut self) {
        self.close(None);
        self.cut_due = true;
    }

    /// Something else was shown meanwhile: nothing goes on in the epoch that was.
    pub(super) fn interrupt(&mut self) {
        self.close(None);
        self.epoch += 1;
    }

    /// Goes on behind what another writer wrote last: counters, decode times, table versions, PCR.
    pub(super) fn continue_from(&mut self, other: &Self) {
        for (slot, others) in self.slots.iter_mut().zip(other.slots.iter()) {
            slot.counter = others.counter;
            // Its epochs are numbered by itself: none of ours has that one.
            let behind = others.last.map(|(dts, _)| (dts, u32::MAX));
            if behind.map(|(dts, _)| dts) > slot.last.map(|(dts, _)| dts) {
                slot.last = behind;
            }
        }
        (self.pat_counter, self.pmt_counter) = (other.pat_counter, other.pmt_counter);
        self.version = other.version;
        self.programme = None;
        self.last_pcr = self.last_pcr.max(other.last_pcr);
    }

    /// What the stream carries, as far as it is known.
    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// What the PMT lists from now on.
    pub(super) fn set_programme(&mut self, programme: Pmt) {
        if self.programme.as_ref() != Some(&programme) {
            self.version = self.version.wrapping_add(1) & 0x1F;
            self.pmt = pmt::write(&programme, self.version);
            self.programme = Some(programme);
            self.tables_due = true;
        }
    }

    /// What the parts opened from now on carry.
    pub(super) fn set_shape(&mut self, shape: Shape) {
        if *self.shape != shape {
            self.shape = Arc::new(shape);
        }
    }

    /// Writes a unit of the main stream.
    pub(super) fn main(&mut self, piece: &Piece<'_>, beat: &Beat) {
        let fresh = std::mem::take(&mut self.epoch_is_fresh);
        let elapsed = beat.dts - self.segment_start;
        let joinable =
            if beat.radio { beat.dts - self.last_keyframe >= MediaTime::HZ } else { beat.keyframe };
        let ripe = (beat.keyframe && elapsed >= self.options.segment_min.0)
            || elapsed + beat.duration > self.options.segment_target.0;
        let cut = std::mem::take(&mut self.cut_due);
        let segment = fresh || ripe || cut;
        let keyframe = fresh || joinable || (segment && beat.radio);
        if keyframe || segment || self.is_full(beat.dts) {
            self.close(Some(beat.dts));
        }
        let room = room_for(piece) + self.tables_room();
        self.make_room(room);
        let mut start = self.cursor;
        if segment {
            // Pictures were lost before it: the segment begins where its own first one does.
            let lost = beat.dts - start;
            if !fresh && (0..=MOST_LOST).contains(&lost) && elapsed <= self.options.segment_target.0 {
                start = beat.dts;
            }
            self.segment_start = start;
        }
        if keyframe {
            self.last_keyframe = beat.dts;
        }
        let part = self.part.get_or_insert(OpenPart { start, natural_end: start, keyframe, segment });
        part.natural_end = part.natural_end.max(beat.dts + beat.duration);
        if keyframe || segment || self.tables_due || beat.dts - self.last_tables >= TABLES_EVERY {
            self.tables();
            self.last_tables = beat.dts;
        }
        self.write(piece);
        self.note(piece.pid, beat.dts);
        // What begins a segment goes out alone, at once: an epoch's first picture is waited for, and the last segment
        // is complete.
        if segment || self.block.is_some() {
            self.close(None);
        }
    }

    /// Writes a unit of another stream, with its decode time where it has one.
    pub(super) fn side(&mut self, piece: &Piece<'_>, dts: Option<i64>) {
        self.make_room(room_for(piece) + self.tables_room());
        self.open_side();
        self.write(piece);
        if let Some(dts) = dts {
            self.note(piece.pid, dts);
        }
        self.close_if_heavy();
    }

    /// Writes a section on a stream's PID.
    pub(super) fn section(&mut self, pid: u16, section: &[u8]) {
        let Some(index) = slot_of(pid) else { return };
        self.make_room((section.len() / 183 + 2) * PACKET + self.tables_room());
        self.open_side();
        let mut counter = self.slots[index].counter;
        psi::packetise(section, pid, &mut counter, |packet| self.buffer.extend_from_slice(packet));
        self.slots[index].counter = counter;
        self.close_if_heavy();
    }

    /// Ends the open part. `next`: decode time of the unit that follows in the main stream.
    pub(super) fn close(&mut self, next: Option<i64>) {
        if let Some(part) = self.part.take() {
            let end = match next {
                Some(next) if (next - part.natural_end).abs() <= JITTER => next,
                _ => part.natural_end,
            };
            let end = end.max(part.start);
            self.cursor = end;
            self.ready.push(Part {
                bytes: self.buffer.split().freeze(),
                start: MediaTime(part.start),
                end: MediaTime(end),
                epoch: self.epoch,
                origin: self.origin,
                keyframe: part.keyframe,
                segment: part.segment,
                shape: Arc::clone(&self.shape),
            });
        }
        if let Some(block) = self.block.take() {
            self.buffer = block;
        }
    }

    /// Hands out the closed parts.
    pub(super) fn drain(&mut self, out: &mut Vec<Part>) {
        out.append(&mut self.ready);
    }

    fn open_side(&mut self) {
        let start = self.cursor;
        let segment = self.part.is_none() && std::mem::take(&mut self.cut_due);
        if segment {
            (self.segment_start, self.tables_due) = (start, true);
        }
        self.part.get_or_insert(OpenPart { start, natural_end: start, keyframe: false, segment });
        if self.tables_due {
            self.tables();
        }
    }

    fn close_if_heavy(&mut self) {
        if self.buffer.len() >= self.options.part_bytes || self.block.is_some() {
            self.close(None);
        }
    }

    fn is_full(&self, dts: i64) -> bool {
        self.part.as_ref().is_some_and(|part| dts - part.start >= self.options.part_span.0)
            || self.buffer.len() >= self.options.part_bytes
    }

    fn tables_room(&self) -> usize {
        PACKET + (self.pmt.len() / 183 + 1) * PACKET
    }

    /// Makes sure that so many bytes fit without moving what is there: closes the part where they don't.
    fn make_room(&mut self, count: usize) {
        if self.buffer.capacity() - self.buffer.len() >= count {
            return;
        }
        self.close(None);
        if self.buffer.capacity() >= count {
            return;
        }
        if count >= LARGE {
            self.allocated += count as u64;
            self.block = Some(std::mem::replace(&mut self.buffer, BytesMut::with_capacity(count)));
        } else {
            let block = self.next_block();
            let full = std::mem::replace(&mut self.buffer, block);
            self.spent.push(full);
        }
    }

    /// A block that nobody reads any more, or a new one: fresh memory costs more than what is written into it.
    fn next_block(&mut self) -> BytesMut {
        let (mut next, mut spare) = (None, 0);
        self.spent.retain_mut(|block| {
            if !block.try_reclaim(BLOCK) {
                return true;
            }
            if next.is_none() {
                next = Some(std::mem::take(block));
                return false;
            }
            spare += 1;
            spare <= MAX_SPARE
        });
        next.unwrap_or_else(|| {
            self.allocated += BLOCK as u64;
            BytesMut::with_capacity(BLOCK)
        })
    }

    fn note(&mut self, pid: u16, dts: i64) {
        if let Some(index) = slot_of(pid) {
            self.slots[index].last = Some((dts, self.epoch));
        }
    }

    fn tables(&mut self) {
        self.tables_due = false;
        let Self { buffer, pat, pmt, pat_counter, pmt_counter, .. } = self;
        psi::packetise(pat, 0, pat_counter, |packet| buffer.extend_from_slice(packet));
        if !pmt.is_empty() {
            psi::packetise(pmt, PMT_PID, pmt_counter, |packet| buffer.extend_from_slice(packet));
        }
    }

    fn write(&mut self, piece: &Piece<'_>) {
        let Some(index) = slot_of(piece.pid) else { return };
        let [pid_high, pid_low] = piece.pid.to_be_bytes();
        let mut counter = self.slots[index].counter;
        let mut pcrs = piece.pcrs;
        let mut rest = piece.bytes;
        let mut left: usize = rest.iter().map(|bytes| bytes.len()).sum();
        let mut at = 0;
        let mut first = true;
        while left > 0 {
            if !first {
                let run =
                    pcrs.first().map_or(usize::MAX, |(from, _, _)| from.saturating_sub(at).div_ceil(BODY));
                let run = rest.iter().find(|bytes| !bytes.is_empty()).map_or(0, |b| run.min(b.len() / BODY));
                if run > 0 {
                    counter = self.write_whole([pid_high, pid_low], counter, &mut rest, run);
                    left -= run * BODY;
                    at += run * BODY;
                    continue;
                }
            }
            let mut pcr = None;
            while let Some((_, time, extension)) = pcrs.first().filter(|(from, _, _)| *from <= at) {
                pcr = Some((*time, *extension));
                pcrs = &pcrs[1..];
            }
            let pcr = pcr.filter(|(time, _)| self.last_pcr.is_none_or(|last| *time > last));
            let mut field = [0xFF; PACKET];
            let mut used = 0;
            if pcr.is_some() || (first && piece.random_access) {
                field[1] = u8::from(first && piece.random_access) << 6;
                used = 2;
                if let Some((time, extension)) = pcr {
                    field[1] |= 0x10 | u8::from(std::mem::take(&mut self.pcr_is_fresh)) << 7;
                    field[2..8].copy_from_slice(&pcr_bytes(time, extension));
                    self.last_pcr = Some(time);
                    used = 8;
                }
            }
            let count = left.min(PACKET - 4 - used);
            let stuffing = PACKET - 4 - used - count;
            if used == 0 && stuffing > 1 {
                field[1] = 0;
            }
            used += stuffing;
            if used > 0 {
                field[0] = (used - 1) as u8;
            }
            counter = counter.wrapping_add(1) & 0x0F;
            let control = 0x10 | u8::from(used > 0) << 5 | counter;
            self.buffer.extend_from_slice(&[SYNC, pid_high | u8::from(first) << 6, pid_low, control]);
            self.buffer.extend_from_slice(&field[..used]);
            let mut needed = count;
            for bytes in &mut rest {
                let (now, later) = bytes.split_at(needed.min(bytes.len()));
                self.buffer.extend_from_slice(now);
                *bytes = later;
                needed -= now.len();
                if needed == 0 {
                    break;
                }
            }
            left -= count;
            at += count;
            first = false;
        }
        self.slots[index].counter = counter;
    }

    /// Writes so many packets that are all payload, of the first piece that is not empty; gives the last counter.
    fn write_whole(&mut self, [high, low]: [u8; 2], counter: u8, rest: &mut [&[u8]; 4], run: usize) -> u8 {
        let Some(bytes) = rest.iter_mut().find(|bytes| !bytes.is_empty()) else { return counter };
        let (now, later) = bytes.split_at((run * BODY).min(bytes.len()));
        *bytes = later;
        let begin = self.buffer.len();
        self.buffer.resize(begin + run * PACKET, 0);
        let mut counter = counter;
        let packets = self.buffer[begin..].chunks_exact_mut(PACKET);
        for (packet, body) in packets.zip(now.chunks_exact(BODY)) {
            counter = counter.wrapping_add(1) & 0x0F;
            packet[..4].copy_from_slice(&[SYNC, high, low, 0x10 | counter]);
            packet[4..].copy_from_slice(body);
        }
        counter
    }
}

fn slot_of(pid: u16) -> Option<usize> {
    (VIDEO_PID..=LAST_PID).contains(&pid).then(|| usize::from(pid - VIDEO_PID))
}

/// An upper bound of the bytes that a piece takes.
fn room_for(piece: &Piece<'_>) -> usize {
    let bytes: usize = piece.bytes.iter().map(|bytes| bytes.len()).sum();
    ((bytes + 8 * (piece.pcrs.len() + 1)) / (PACKET - 4) + 1) * PACKET
}
