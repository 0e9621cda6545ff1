//! The shaper's state, and the way of a packet through it: tables, streams, units.

use super::mux::{AUDIO_PID, LAST_PID, Mux, OTHER_PID, VIDEO_PID};
use super::programme::Programmes;
use super::replay::Memory;
use super::stats::Stats;
use super::stream::Stream;
use super::unit::Unit;
use super::{Options, START};
use crate::feed::part::Origin;
use crate::ts::packet::NULL_PID;
use crate::ts::pmt::{Entry, Pmt};
use crate::ts::{Codec, MediaTime, PACKET, Packet, clock};

/// Streams of a programme that are taken.
const MAX_STREAMS: usize = 48;
/// Packets kept until the programme is known.
const MAX_EARLY: usize = 2 << 20;
/// Sound without a picture after which the channel is taken for radio.
const PICTURE_MISSING: i64 = 5 * MediaTime::HZ;
const PICTURE_MISSING_BYTES: usize = 4 << 20;
/// Sound, subtitles and the like: a PES packet that is not video has at most 64 KiB.
const MAX_OTHER_UNIT: usize = 128 * 1024;

/// What a PID leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Nowhere,
    Map,
    Stream(u8),
}

/// Whether an epoch runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A keyframe is awaited.
    Waiting,
    Running,
}

/// The running epoch's mapping: `out = ref_out + (stamp - ref_stamp)`.
#[derive(Clone, Copy, Default)]
pub(super) struct Epoch {
    pub(super) ref_stamp: u64,
    pub(super) ref_out: i64,
    pub(super) start: i64,
}

impl Epoch {
    pub(super) fn map(&self, stamp: u64) -> i64 {
        self.ref_out + clock::distance(stamp, self.ref_stamp)
    }
}

pub(super) struct Core {
    pub(super) options: Options,
    pub(super) stats: Stats,
    programmes: Programmes,
    early: Vec<u8>,
    routes: Box<[Route; 8192]>,
    pub(super) streams: Vec<Stream>,
    /// The stream that beats time: the picture, or the first sound.
    pub(super) main: Option<usize>,
    pub(super) descriptors: Vec<u8>,
    pcr_pid: u16,
    loose_pcr: Option<(u64, u16)>,
    /// PID, codec, whether it carried data: of the last connection.
    carried: Vec<(u16, Codec, bool)>,
    quiet: i64,
    quiet_bytes: usize,
    pub(super) phase: Phase,
    pub(super) epoch: Epoch,
    pub(super) origin: Origin,
    pub(super) floor: i64,
    pub(super) memory: Memory,
    /// No keyframe of this connection was looked up yet.
    pub(super) is_fresh: bool,
    /// Keyframes up to this stamp were sent in an older epoch.
    pub(super) sent_until: Option<u64>,
    pub(super) replaying: bool,
    pub(super) emission: super::emit::Emission,
    pub(super) mux: Mux,
}

impl Core {
    pub(super) fn new(options: Options) -> Self {
        Self {
            mux: Mux::new(options.clone(), START.0),
            programmes: Programmes::new(options.programme),
            stats: Stats::default(),
            early: Vec::new(),
            routes: Box::new([Route::Nowhere; 8192]),
            streams: Vec::new(),
            main: None,
            descriptors: Vec::new(),
            pcr_pid: NULL_PID,
            loose_pcr: None,
            carried: Vec::new(),
            quiet: 0,
            quiet_bytes: 0,
            phase: Phase::Waiting,
            epoch: Epoch::default(),
            origin: Origin::Source,
            floor: START.0,
            memory: Memory::default(),
            is_fresh: true,
            sent_until: None,
            replaying: false,
            emission: super::emit::Emission::default(),
            options,
        }
    }

    pub(super) fn begin(&mut self, origin: Origin, floor: MediaTime) {
        self.mux.close(None);
        self.carried = self.streams.iter().map(|s| (s.entry.pid, s.codec, s.carries)).collect();
        self.streams.clear();
        self.routes.fill(Route::Nowhere);
        self.programmes = Programmes::new(self.options.programme);
        self.early = Vec::new();
        self.main = None;
        self.loose_pcr = None;
        self.stats.begin(self.options.max_before_keyframe);
        (self.origin, self.floor) = (origin, floor.0);
        self.wait();
        self.is_fresh = true;
        self.emission.forget_clock();
    }

    pub(super) fn boundary(&mut self) {
        self.finish();
        for stream in &mut self.streams {
            stream.forget_line();
            stream.assembly.reset(&mut self.stats);
        }
        self.loose_pcr = None;
        self.wait();
    }

    /// The units that are open and whole; a held one has nothing behind it that would speak for it.
    pub(super) fn finish(&mut self) {
        let pictures_last = [false, true];
        for pictures in pictures_last {
            for index in 0..self.streams.len() {
                if self.streams[index].codec.is_video() == pictures {
                    self.finish_stream(index);
                }
            }
        }
        for stream in &mut self.streams {
            self.stats.dropped_units += u64::from(stream.held.take().is_some());
        }
    }

    fn finish_stream(&mut self, index: usize) {
        let overdue = self.streams[index].assembly.open_stamp().is_some_and(|open| {
            self.streams.iter().filter_map(|other| other.seen).any(|seen| clock::distance(seen, open) >= 0)
        });
        if let Some(unit) = self.streams[index].assembly.finish(overdue, &mut self.stats) {
            self.unit(index, unit);
        }
    }

    /// The next keyframe begins an epoch.
    pub(super) fn wait(&mut self) {
        self.phase = Phase::Waiting;
        (self.is_fresh, self.sent_until, self.replaying) = (false, None, false);
        (self.quiet, self.quiet_bytes) = (0, 0);
    }

    pub(super) fn skipped(&mut self, all: u64, in_a_row: u64) {
        self.stats.bytes_skipped = all;
        self.stats.connection.skipped_in_a_row = in_a_row;
    }

    pub(super) fn packet(&mut self, packet: &Packet<'_>) {
        self.stats.packets += 1;
        self.stats.connection.packets += 1;
        if packet.has_error() {
            self.stats.transport_errors += 1;
            return;
        }
        let pid = packet.pid();
        match self.routes[usize::from(pid)] {
            _ if pid == 0 => {
                if self.programmes.association(packet) {
                    self.stats.programmes = self.programmes.numbers().collect();
                    for route in self.routes.iter_mut().filter(|route| **route == Route::Map) {
                        *route = Route::Nowhere;
                    }
                    for pid in self.programmes.map_pids() {
                        self.routes[usize::from(pid)] = Route::Map;
                    }
                }
            }
            Route::Map => {
                if let Some(map) = self.programmes.map(packet).cloned() {
                    self.apply(&map);
                }
            }
            Route::Stream(index) => self.payload(usize::from(index), packet),
            Route::Nowhere => {
                if pid == self.pcr_pid && pid != NULL_PID {
                    self.pcr(packet);
                }
                if !self.programmes.is_chosen() && pid != NULL_PID {
                    self.programmes.wait();
                    // A keyframe may come before the first tables.
                    if self.early.len() < MAX_EARLY {
                        self.early.extend_from_slice(packet.bytes());
                    }
                }
            }
        }
    }

    fn pcr(&mut self, packet: &Packet<'_>) {
        if let (Some((base, extension)), Some(main)) = (packet.pcr(), self.main)
            && !self.streams[main].assembly.note_pcr(base, extension)
        {
            self.loose_pcr = Some((base, extension));
        }
    }

    fn payload(&mut self, index: usize, packet: &Packet<'_>) {
        self.stats.bytes_since_keyframe += PACKET as u64;
        if packet.pid() == self.pcr_pid && (self.main != Some(index) || !packet.has_payload()) {
            self.pcr(packet);
        }
        let stream = &mut self.streams[index];
        if stream.codec == Codec::Splice {
            self.splice(index, packet);
            return;
        }
        let pcr = match packet.pcr() {
            _ if self.main != Some(index) || !packet.has_payload() => None,
            Some(pcr) if packet.pid() == self.pcr_pid => Some(pcr),
            _ if packet.starts_unit() => self.loose_pcr.take(),
            _ => None,
        };
        let limit = self.options.max_access_unit;
        let limit = if stream.codec.is_video() { limit } else { limit.min(MAX_OTHER_UNIT) };
        if stream.assembly.packet(packet, pcr, limit, &mut self.stats) {
            while let Some(unit) = self.streams.get_mut(index).and_then(|stream| stream.assembly.take()) {
                self.unit(index, unit);
            }
        }
    }

    fn splice(&mut self, index: usize, packet: &Packet<'_>) {
        if packet.is_scrambled() || !packet.has_payload() {
            return;
        }
        let mut found = Vec::new();
        self.streams[index].sections.push(
            packet.payload(),
            packet.starts_unit(),
            packet.counter(),
            |section| {
                found.push(section.to_vec());
            },
        );
        for mut section in found {
            self.emit_splice(index, &mut section);
        }
    }

    /// A whole PES packet of a stream.
    pub(super) fn unit(&mut self, index: usize, unit: Unit) {
        let stream = &mut self.streams[index];
        stream.silence = 0;
        if !stream.carries {
            stream.carries = true;
            self.emission.is_stale = true;
        }
        let codec = stream.codec;
        self.stats.has_video |= codec.is_video();
        self.stats.has_audio |= codec.is_audio();
        if codec.is_video() {
            (self.quiet, self.quiet_bytes) = (0, 0);
            if self.main != Some(index) {
                // The picture that was missing: it takes over from the sound with its first keyframe.
                let marked = unit.random_access;
                let keyframe =
                    stream.pictures.as_mut().is_some_and(|p| p.inspect(unit.payload(), marked).keyframe);
                if !keyframe {
                    return;
                }
                self.switch_main(index);
            }
        } else if codec.is_audio() && self.main != Some(index) && self.picture_is_missing(index, &unit) {
            self.switch_main(index);
        }
        if self.main == Some(index) {
            self.main_unit(index, unit);
        } else {
            self.side_unit(index, unit);
        }
    }

    fn picture_is_missing(&mut self, index: usize, unit: &Unit) -> bool {
        let Some(stamp) = unit.stamp() else { return false };
        let is_first = self.streams.iter().position(|s| s.codec.is_audio() && s.carries) == Some(index);
        let before = self.streams[index].seen.replace(stamp);
        let video_leads = self.main.is_none_or(|main| self.streams[main].codec.is_video());
        if !is_first || !video_leads {
            return false;
        }
        self.quiet += before.map_or(0, |seen| clock::distance(stamp, seen).clamp(0, MediaTime::HZ));
        self.quiet_bytes += unit.bytes.len();
        self.quiet >= PICTURE_MISSING || self.quiet_bytes >= PICTURE_MISSING_BYTES
    }

    fn switch_main(&mut self, index: usize) {
        self.main = Some(index);
        self.memory.clear();
        self.loose_pcr = None;
        self.emission.is_stale = true;
        for stream in &mut self.streams {
            stream.forget_line();
        }
        self.wait();
    }

    /// Takes the programme's map: streams that stay go on, others begin or end.
    fn apply(&mut self, map: &Pmt) {
        self.stats.connection.has_programme = true;
        self.pcr_pid = map.pcr_pid;
        self.descriptors.clone_from(&map.descriptors);
        let wanted: Vec<_> = usable(map);
        for index in 0..self.streams.len() {
            let (pid, codec) = (self.streams[index].entry.pid, self.streams[index].codec);
            if !wanted.iter().any(|(entry, c)| (entry.pid, *c) == (pid, codec)) {
                self.finish_stream(index);
            }
        }
        let main = self.main.take().map(|main| self.streams[main].entry.pid);
        let mut old = std::mem::take(&mut self.streams);
        let mut taken = Vec::new();
        let mut kept = Vec::with_capacity(wanted.len());
        for (entry, codec) in &wanted {
            let at = old.iter().position(|s| (s.entry.pid, s.codec) == (entry.pid, *codec));
            kept.push(at.map(|at| old.swap_remove(at)));
            taken.extend(kept.last().and_then(Option::as_ref).map(|stream| stream.out_pid));
        }
        for ((entry, codec), slot) in wanted.into_iter().zip(kept) {
            let stream = match slot {
                Some(mut stream) => {
                    stream.sound.language = entry.language();
                    stream.entry = entry;
                    stream
                }
                None => {
                    let Some(out_pid) = free_pid(codec, &taken) else { continue };
                    taken.push(out_pid);
                    // Another sound in place of one: decoders are told by a new epoch.
                    self.emission.epoch_due |= codec.is_audio() && old.iter().any(|s| s.codec.is_audio());
                    let mut stream = Stream::new(entry, codec, out_pid);
                    let before =
                        self.carried.iter().find(|(pid, c, _)| (*pid, *c) == (stream.entry.pid, codec));
                    if let Some((_, _, carried)) = before {
                        (stream.carries, stream.silence) = (*carried, i64::from(!carried) * MediaTime::HZ);
                    }
                    stream
                }
            };
            self.streams.push(stream);
        }
        self.routes
            .iter_mut()
            .filter(|route| matches!(route, Route::Stream(_)))
            .for_each(|r| *r = Route::Nowhere);
        for (index, stream) in self.streams.iter().enumerate() {
            let route = &mut self.routes[usize::from(stream.entry.pid)];
            if *route == Route::Nowhere {
                *route = Route::Stream(index as u8);
            }
        }
        self.choose_main(main);
        self.emission.is_stale = true;
        let early = std::mem::take(&mut self.early);
        for packet in early.chunks_exact(PACKET).filter_map(Packet::new) {
            if let Route::Stream(index) = self.routes[usize::from(packet.pid())] {
                self.payload(usize::from(index), &packet);
            } else if packet.pid() == self.pcr_pid {
                self.pcr(&packet);
            }
        }
    }

    /// The picture beats time; the stream on the PID `before` goes on doing so where it still may.
    fn choose_main(&mut self, before: Option<u16>) {
        let first = |what: fn(Codec) -> bool| self.streams.iter().position(|s| what(s.codec));
        let stays = before.and_then(|pid| self.streams.iter().position(|s| s.entry.pid == pid));
        let had_fallen_back = stays.is_some_and(|index| self.streams[index].codec.is_audio());
        let chosen = match first(Codec::is_video) {
            Some(_) if had_fallen_back => stays,
            Some(video) => Some(video),
            None => stays.or_else(|| first(Codec::is_audio)),
        };
        let goes_on = chosen.is_some() && chosen == stays && self.streams[chosen.unwrap_or(0)].last.is_some();
        self.main = chosen;
        if !goes_on && before.is_some() {
            for stream in &mut self.streams {
                stream.forget_line();
            }
            self.wait();
        }
    }
}

/// The streams of a map that are taken: one picture, all sounds, and what goes with them.
fn usable(map: &Pmt) -> Vec<(Entry, Codec)> {
    let mut found: Vec<(Entry, Codec)> = Vec::new();
    for entry in &map.streams {
        let codec = Codec::of(entry);
        let is_second_picture = codec.is_video() && found.iter().any(|(_, c)| c.is_video());
        let is_twice = found.iter().any(|(known, _)| known.pid == entry.pid);
        if codec != Codec::Sections && !is_second_picture && !is_twice && found.len() < MAX_STREAMS {
            found.push((entry.clone(), codec));
        }
    }
    found
}

fn free_pid(codec: Codec, taken: &[u16]) -> Option<u16> {
    let mut range = match codec {
        _ if codec.is_video() => VIDEO_PID..=VIDEO_PID,
        _ if codec.is_audio() => AUDIO_PID..=OTHER_PID - 1,
        _ => OTHER_PID..=LAST_PID,
    };
    range.find(|pid| !taken.contains(pid))
}
