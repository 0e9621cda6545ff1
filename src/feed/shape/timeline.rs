//! Which units are sent: jumps, replays, remains of old timelines, bad units.
//!
//! The main stream decides. A unit far off its line is held until the next one tells whether the timeline has
//! jumped (a new epoch) or the unit was bad (dropped). The other streams follow: whether one has jumped already is
//! seen from how far it usually is from the main stream.

use super::core::{Core, Phase};
use super::inspect::{Leading, Picture};
use super::stream::JUMP_BACK;
use super::unit::Unit;
use crate::ts::{MediaTime, clock};

/// A decode time further ahead than this is a jump, unless segments are so short that it would burst one.
const JUMP_AHEAD: i64 = 5 * MediaTime::HZ;
/// Sound further off the picture than this is not sent.
const OFF: i64 = 10 * MediaTime::HZ;
/// A stream other than the main one that has jumped alone for so long is taken at its word.
const ALONE: i64 = 3 * MediaTime::HZ / 2;
/// After an epoch has run for so long, streams that have not followed its jump are as they are.
const FOLLOW_WITHIN: i64 = 3 * MediaTime::HZ;

const RADIO: Picture =
    Picture { keyframe: true, leading: Leading::None, skipped_leading: false, begins: true, insert: None };

impl Core {
    /// A jump ahead must fit into a segment.
    fn is_on_line(&self, deviation: i64) -> bool {
        let ahead = JUMP_AHEAD.min(self.options.segment_target.0 * 3 / 4);
        (-JUMP_BACK..=ahead).contains(&deviation)
    }

    /// A unit of the main stream.
    pub(super) fn main_unit(&mut self, index: usize, unit: Unit) {
        let stream = &mut self.streams[index];
        let Some(stamp) = unit.stamp() else {
            self.untimed_main(index, unit);
            return;
        };
        let Some(deviation) = stream.deviation(stamp) else {
            self.accept_main(index, unit, stamp);
            return;
        };
        let Some((held, held_stamp)) = stream.held.take() else {
            if self.is_on_line(deviation) {
                self.accept_main(index, unit, stamp);
            } else {
                self.streams[index].held = Some((unit, stamp));
            }
            return;
        };
        let beyond = clock::distance(stamp, held_stamp) - stream.step;
        let step = stream.step;
        let jumped =
            self.is_on_line(beyond) && (!self.is_on_line(deviation) || beyond.abs() < deviation.abs());
        if jumped {
            let by = self.streams[index].last.map_or(0, |last| clock::distance(held_stamp, last) - step);
            self.jump(index, by);
            self.accept_main(index, held, held_stamp);
            self.accept_main(index, unit, stamp);
        } else {
            self.stats.dropped_units += 1;
            self.recycle(index, held);
            if self.is_on_line(deviation) {
                self.accept_main(index, unit, stamp);
            } else {
                self.streams[index].held = Some((unit, stamp));
            }
        }
    }

    /// The main stream's timeline has jumped by so much: the next keyframe begins an epoch.
    fn jump(&mut self, index: usize, by: i64) {
        self.wait();
        for (other, stream) in self.streams.iter_mut().enumerate() {
            if other == index {
                stream.last = None;
                stream.sent = false;
            } else if stream.last.is_some() {
                stream.jump = Some(stream.jump.unwrap_or(0) + by);
            }
        }
    }

    /// A unit without time stamps: the rest of the last access unit, or one whose time follows from the line.
    fn untimed_main(&mut self, index: usize, unit: Unit) {
        let stream = &mut self.streams[index];
        let begins = match &mut stream.pictures {
            Some(pictures) => pictures.inspect(unit.payload(), unit.random_access).begins,
            None => false,
        };
        match stream.last {
            Some(last) if begins && stream.held.is_none() => {
                let stamp = clock::wrap(last as i64 + stream.step);
                self.accept_main(index, unit, stamp);
            }
            _ if !begins && stream.sent && stream.held.is_none() && self.phase == Phase::Running => {
                self.emit_untimed(index, &unit);
                self.recycle(index, unit);
            }
            _ => self.stats.dropped_units += 1,
        }
    }

    /// A unit that is on the main stream's line.
    fn accept_main(&mut self, index: usize, unit: Unit, stamp: u64) {
        // Shown long after it is decoded, or before: a damaged stamp. It must not open an epoch either.
        if unit.header.pts.is_some_and(|pts| clock::distance(pts, stamp).abs() > OFF) {
            self.stats.dropped_units += 1;
            self.recycle(index, unit);
            return;
        }
        let stream = &mut self.streams[index];
        let picture = match &mut stream.pictures {
            Some(pictures) => pictures.inspect(unit.payload(), unit.random_access),
            None => RADIO,
        };
        let since = stream.last.map_or(0, |last| clock::distance(stamp, last).clamp(0, MediaTime::HZ));
        if picture.keyframe {
            self.stats.keyframe_seen();
        } else {
            self.stats.time_since_keyframe = self.stats.time_since_keyframe + MediaTime(since);
        }
        for other in self.streams.iter_mut().filter(|s| !s.codec.is_video()) {
            // Sounds that fall silent leave the PMT; subtitles come and go.
            let before = other.silence;
            other.silence += since;
            let limit = if other.carries { 10 * MediaTime::HZ } else { MediaTime::HZ };
            if other.codec.is_audio() && before < limit && other.silence >= limit {
                other.carries = false;
                self.emission.is_stale = true;
            }
        }
        if self.phase == Phase::Waiting {
            self.measure_delay(&unit, stamp);
            self.streams[index].follow(stamp);
            self.streams[index].sent = false;
            if !picture.keyframe || !self.start(index, &unit, stamp, picture) {
                self.recycle(index, unit);
                return;
            }
        }
        self.send_main(index, &unit, stamp, picture);
        self.recycle(index, unit);
    }

    /// Decides, within an epoch, whether the unit is sent.
    fn send_main(&mut self, index: usize, unit: &Unit, stamp: u64, picture: Picture) {
        let out = self.epoch.map(stamp);
        (self.epoch.ref_stamp, self.epoch.ref_out) = (stamp, out);
        self.streams[index].sent = false;
        let pid = self.streams[index].out_pid;
        let last = self.mux.last(pid).map(|(last, _)| last);
        if last.is_some_and(|last| out <= last) && !self.emission.opens {
            if self.replaying {
                self.streams[index].follow(stamp);
                self.stats.replayed_units += 1;
            } else {
                self.stats.dropped_units += 1;
            }
            return;
        }
        if self.replaying {
            self.replaying = false;
        }
        self.streams[index].follow(stamp);
        let pts = unit.header.pts.unwrap_or(stamp);
        let ahead = clock::distance(pts, stamp);
        if self.is_leading(pts, picture) {
            return;
        }
        let opens = self.emission.opens;
        self.emit_main(index, unit, stamp, out + ahead.max(0), out, picture);
        self.streams[index].sent = true;
        if opens {
            self.release_parked();
        }
    }

    /// Pictures right behind an epoch's first keyframe that need what was never sent.
    fn is_leading(&mut self, pts: u64, picture: Picture) -> bool {
        if self.emission.opens {
            return false;
        }
        let leads = match self.emission.leading {
            Leading::None => false,
            Leading::Marked => picture.skipped_leading,
            Leading::ByTime => clock::distance(pts, self.emission.first_pts) < 0,
        };
        let shown_later = clock::distance(pts, self.emission.first_pts) >= 0;
        if shown_later {
            self.emission.leading = Leading::None;
        }
        leads
    }

    /// A unit of another stream than the main one.
    pub(super) fn side_unit(&mut self, index: usize, unit: Unit) {
        let Some(main) = self.main else { return };
        let Some(stamp) = unit.stamp() else {
            if self.streams[index].sent && self.phase == Phase::Running && !self.replaying {
                self.emit_untimed(index, &unit);
            }
            self.recycle(index, unit);
            return;
        };
        if let (Some(by), Some(beat)) = (self.streams[index].jump, self.streams[main].last) {
            let stream = &mut self.streams[index];
            let skew = clock::distance(stamp, beat);
            let settled =
                self.phase == Phase::Running && self.epoch.ref_out - self.epoch.start > FOLLOW_WITHIN;
            if !settled && (skew - (stream.skew - by)).abs() < (skew - stream.skew).abs() {
                self.stats.dropped_units += 1;
                self.recycle(index, unit);
                return;
            }
            stream.jump = None;
            stream.last = None;
        }
        if self.phase == Phase::Waiting {
            self.streams[index].park(unit, stamp);
            return;
        }
        let stream = &mut self.streams[index];
        let deviation = stream.deviation(stamp).filter(|_| stream.codec.is_audio());
        if deviation.is_some_and(|deviation| !self.is_on_line(deviation)) {
            // Perhaps the main stream follows.
            let stream = &mut self.streams[index];
            let first = stream.parked.front().map(|(_, first)| *first);
            stream.park(unit, stamp);
            if first.is_some_and(|first| !(0..ALONE).contains(&clock::distance(stamp, first))) {
                stream.last = None;
                for (unit, stamp) in stream.unpark() {
                    self.send_side(index, &unit, stamp);
                }
            }
            return;
        }
        let stream = &mut self.streams[index];
        if !stream.parked.is_empty() {
            self.stats.dropped_units += stream.unpark().len() as u64;
        }
        self.send_side(index, &unit, stamp);
        self.recycle(index, unit);
    }

    /// Sends a unit of another stream, where it belongs to the epoch.
    fn send_side(&mut self, index: usize, unit: &Unit, stamp: u64) {
        let out = self.epoch.map(stamp);
        let stream = &mut self.streams[index];
        stream.sent = false;
        if (out - self.epoch.ref_out).abs() > OFF {
            self.stats.dropped_units += 1;
            return;
        }
        stream.follow(stamp);
        stream.skew = out - self.epoch.ref_out;
        if out < self.epoch.start {
            return;
        }
        match self.mux.last(stream.out_pid) {
            Some((last, epoch)) if out <= last => {
                // Sound of the last epoch may reach into this one; a replay brings what was sent.
                if self.replaying {
                    self.stats.replayed_units += 1;
                } else if epoch == self.mux.epoch() {
                    self.stats.dropped_units += 1;
                }
                return;
            }
            _ => {}
        }
        let ahead = unit.header.pts.map_or(0, |pts| clock::distance(pts, stamp)).clamp(0, OFF);
        self.emit_side(index, unit, out + ahead, out);
        self.streams[index].sent = true;
    }

    /// An epoch has begun, or goes on: what waited for it.
    pub(super) fn release_parked(&mut self) {
        let Some(main) = self.main else { return };
        for index in (0..self.streams.len()).filter(|index| *index != main) {
            self.streams[index].last = None;
            for (unit, stamp) in self.streams[index].unpark() {
                self.send_side(index, &unit, stamp);
            }
        }
    }

    fn recycle(&mut self, index: usize, unit: Unit) {
        if let Some(stream) = self.streams.get_mut(index) {
            stream.assembly.recycle(unit.bytes);
        }
    }
}
