//! Sends units: begins epochs, maps times, places PCRs, keeps the PMT and the shape true.

use super::core::{Core, Phase};
use super::inspect::{Leading, Picture, sound};
use super::mux::{Beat, Piece};
use super::replay::fingerprint;
use super::stream::Stream;
use super::unit::Unit;
use crate::feed::part::{Origin, Shape, VideoInfo};
use crate::ts::pmt::{Entry, Pmt, descriptors};
use crate::ts::{Codec, MediaTime, clock, pes, psi};

/// How far the PCR is behind the decode time where the source has none that can be used.
const NO_PCR_DELAY: i64 = MediaTime::HZ / 2;
/// A PCR further behind than this is not believed.
const MAX_DELAY: i64 = 5 * MediaTime::HZ;
/// The PCR comes a little oftener than every 100 ms (ISO 13818-1, 2.7.2).
const PCR_EVERY: i64 = MediaTime::HZ * 8 / 100;
/// An epoch is put off by at most this much, so that its PCR need not go back.
const MAX_PUT_OFF: i64 = MediaTime::HZ;
/// Sound of an epoch may reach so far beyond its picture's end.
const MAX_REACH: i64 = MediaTime::HZ / 2;
/// A replay from before the first keyframe that was sent is no more than this.
const OLDEST_REPLAY: i64 = 35 * MediaTime::HZ;
/// A source that was away is no further ahead of the wall clock than this, its burst included.
const AHEAD_OF_WALL: i64 = 30 * MediaTime::HZ;
/// Access units over which the frame rate is measured.
const RATE_OVER: u32 = 25;
/// Frame rates that exist, per 1,000 s.
const RATES: [u32; 10] = [12_500, 15_000, 23_976, 24_000, 25_000, 29_970, 30_000, 50_000, 59_940, 60_000];
/// The conditional access descriptor: what is sent is clear.
const CA_DESCRIPTOR: u8 = 0x09;

/// What sending keeps in mind.
#[derive(Default)]
pub(super) struct Emission {
    /// The PMT or the shape may have changed.
    pub(super) is_stale: bool,
    /// The next keyframe begins an epoch on the same timeline.
    pub(super) epoch_due: bool,
    /// The unit in hand opens an epoch.
    pub(super) opens: bool,
    pub(super) leading: Leading,
    pub(super) first_pts: u64,
    /// Codec, width and height of the epoch's picture.
    signature: Option<(&'static str, u32, u32)>,
    /// How far the source's PCR is behind the decode time.
    delay: Option<i64>,
    /// How much later than mapped the PCR is sent, because units came too late for it.
    lag: i64,
    last_keyframe: Option<i64>,
    rate_from: Option<(i64, u32)>,
    millihertz: u32,
    header: Vec<u8>,
    pcrs: Vec<(usize, i64, u16)>,
}

impl Emission {
    /// Another connection's PCR is to be measured anew.
    pub(super) fn forget_clock(&mut self) {
        self.delay = None;
    }
}

fn signature(stream: &Stream) -> Option<(&'static str, u32, u32)> {
    stream.pictures.as_ref().map(|pictures| (pictures.info.codec, pictures.info.width, pictures.info.height))
}

impl Core {
    /// A keyframe is at hand while one is awaited: begins an epoch, or goes on with the last. False: not yet.
    pub(super) fn start(&mut self, index: usize, unit: &Unit, stamp: u64, picture: Picture) -> bool {
        if let Some(until) = self.sent_until {
            if clock::distance(stamp, until) <= 0 {
                self.stats.replayed_units += 1;
                return false;
            }
        } else if self.is_fresh && self.origin == Origin::Source && !self.has_gone_on(stamp) {
            // First what came before the first keyframe that was ever sent, then it. The stamps say so: a loop's
            // pictures from back then look like some that were sent.
            if self.precedes_all(stamp) {
                self.stats.replayed_units += 1;
                return false;
            }
            match self.memory.find(fingerprint(unit.payload()), stamp) {
                // From before a jump, whose other side was sent too.
                Some(sent) if sent.epoch != self.memory.epoch => {
                    self.stats.replayed_units += 1;
                    return false;
                }
                Some(sent) => {
                    self.is_fresh = false;
                    let same_shape = signature(&self.streams[index]) == self.emission.signature;
                    if self.memory.epoch == self.mux.epoch() && same_shape {
                        (self.epoch.ref_stamp, self.epoch.ref_out) = (stamp, sent.out);
                        self.emission.leading = Leading::None;
                        self.phase = Phase::Running;
                        self.replaying = true;
                        self.release_parked();
                        return true;
                    }
                    self.sent_until = Some(clock::wrap(stamp as i64 + self.memory.last_out - sent.out));
                    self.stats.replayed_units += 1;
                    return false;
                }
                None => {}
            }
        }
        self.open_epoch(index, unit, stamp, picture);
        true
    }

    fn precedes_all(&self, stamp: u64) -> bool {
        self.memory
            .oldest()
            .is_some_and(|oldest| (-OLDEST_REPLAY..0).contains(&clock::distance(stamp, oldest.stamp)))
    }

    /// The source's clock went on while it was away. A picture that looks like one that was sent is no replay then:
    /// still pictures and loops look the same over and over.
    fn has_gone_on(&self, stamp: u64) -> bool {
        let away = (self.floor - self.memory.last_out).max(0);
        (1..=away + AHEAD_OF_WALL).contains(&clock::distance(stamp, self.memory.last_stamp))
    }

    fn open_epoch(&mut self, index: usize, unit: &Unit, stamp: u64, picture: Picture) {
        self.mux.close(None);
        let delay = self.emission.delay.unwrap_or(NO_PCR_DELAY);
        let earliest = self.mux.end().max(self.floor).max(self.sent_beyond(index));
        let for_pcr = self.mux.last_pcr().map_or(earliest, |last| last + 1 + delay);
        let at = earliest.max(for_pcr.min(earliest + MAX_PUT_OFF));
        (self.epoch.ref_stamp, self.epoch.ref_out) = (stamp, at);
        self.emission.lag = 0;
        self.enter_epoch(index, unit, stamp, at, picture);
    }

    /// Sound may have run on while the picture did not: what was sent of it is not cut off.
    fn sent_beyond(&self, index: usize) -> i64 {
        let last = |stream: &Stream| self.mux.last(stream.out_pid).map(|(last, _)| last);
        let own = last(&self.streams[index]).map(|last| last + self.streams[index].step);
        let others = self.streams.iter().filter_map(last).max().map(|last| last - MAX_REACH);
        own.max(others).unwrap_or(0)
    }

    fn enter_epoch(&mut self, index: usize, unit: &Unit, stamp: u64, at: i64, picture: Picture) {
        self.phase = Phase::Running;
        (self.is_fresh, self.sent_until, self.replaying) = (false, None, false);
        self.epoch.start = at;
        self.mux.close(Some(at));
        self.mux.begin_epoch(self.origin, at);
        self.stats.epochs += 1;
        let now = signature(&self.streams[index]);
        let emission = &mut self.emission;
        if emission.signature != now {
            (emission.millihertz, emission.signature) = (0, now);
        }
        (emission.epoch_due, emission.opens, emission.is_stale) = (false, true, true);
        emission.leading = picture.leading;
        emission.first_pts = unit.header.pts.unwrap_or(stamp);
        (emission.last_keyframe, emission.rate_from) = (None, None);
    }

    /// The source's PCR against its decode times; unbelievable ones are not used.
    pub(super) fn measure_delay(&mut self, unit: &Unit, stamp: u64) {
        if let Some(first) = unit.pcrs.first() {
            let delay = clock::distance(stamp, first.base);
            self.emission.delay = (0..=MAX_DELAY).contains(&delay).then_some(delay);
        }
    }

    pub(super) fn emit_main(
        &mut self,
        index: usize,
        unit: &Unit,
        stamp: u64,
        pts: i64,
        dts: i64,
        picture: Picture,
    ) {
        let changed = picture.keyframe && signature(&self.streams[index]) != self.emission.signature;
        if !self.emission.opens && picture.keyframe && (changed || self.emission.epoch_due) {
            self.enter_epoch(index, unit, stamp, dts, picture);
        }
        self.emission.opens = false;
        self.note_rate(dts, self.streams[index].step);
        let codec = self.streams[index].codec;
        let stream = &mut self.streams[index];
        if codec.is_audio() && sound(codec, unit.payload(), &mut stream.sound) {
            self.emission.is_stale = true;
        }
        self.refresh();
        self.place_pcrs(index, unit, stamp, dts);
        let stream = &self.streams[index];
        let radio = !codec.is_video();
        let (before, after) = unit.payload().split_at(picture.insert.unwrap_or(0).min(unit.payload().len()));
        let missing: &[u8] = match &stream.pictures {
            Some(pictures) if picture.insert.is_some() => &pictures.missing,
            _ => &[],
        };
        let length = unit.payload().len() + missing.len();
        pes::rewrite(&unit.bytes, &unit.header, Some((pts, dts)), length, &mut self.emission.header);
        let piece = Piece {
            pid: stream.out_pid,
            bytes: [&self.emission.header, before, missing, after],
            random_access: picture.keyframe && !radio,
            pcrs: &self.emission.pcrs,
        };
        let beat = Beat { dts, duration: stream.step, keyframe: picture.keyframe, radio };
        self.mux.main(&piece, &beat);
        self.watch_lag(dts);
        if self.origin == Origin::Source {
            (self.memory.last_out, self.memory.last_stamp) = (dts, stamp);
            self.memory.epoch = self.mux.epoch();
            if picture.keyframe {
                self.memory.keep(fingerprint(unit.payload()), stamp, dts, radio);
            }
        }
        if picture.keyframe
            && !radio
            && let Some(last) = self.emission.last_keyframe.replace(dts)
        {
            self.stats.gop = Some(MediaTime(dts - last));
        }
    }

    pub(super) fn emit_side(&mut self, index: usize, unit: &Unit, pts: i64, dts: i64) {
        let stream = &mut self.streams[index];
        if stream.codec.is_audio() && sound(stream.codec, unit.payload(), &mut stream.sound) {
            self.emission.is_stale = true;
        }
        let pid = stream.out_pid;
        self.refresh();
        pes::rewrite(
            &unit.bytes,
            &unit.header,
            Some((pts, dts)),
            unit.payload().len(),
            &mut self.emission.header,
        );
        let bytes = [self.emission.header.as_slice(), unit.payload(), &[], &[]];
        self.mux.side(&Piece { pid, bytes, random_access: false, pcrs: &[] }, Some(dts));
        self.watch_lag(dts);
    }

    /// Sends what has no time of its own: it goes on where the last unit of its stream ended.
    pub(super) fn emit_untimed(&mut self, index: usize, unit: &Unit) {
        let pid = self.streams[index].out_pid;
        self.refresh();
        pes::rewrite(&unit.bytes, &unit.header, None, unit.payload().len(), &mut self.emission.header);
        let bytes = [self.emission.header.as_slice(), unit.payload(), &[], &[]];
        self.mux.side(&Piece { pid, bytes, random_access: false, pcrs: &[] }, None);
    }

    /// Sends a splice information section: its clock is moved onto ours (SCTE-35, 9.6: `pts_adjustment`).
    pub(super) fn emit_splice(&mut self, index: usize, section: &mut [u8]) {
        if self.phase != Phase::Running || self.replaying || section.len() < 15 || psi::crc32(section) != 0 {
            return;
        }
        let stream = &mut self.streams[index];
        (stream.silence, self.emission.is_stale) = (0, self.emission.is_stale || !stream.carries);
        stream.carries = true;
        let pid = stream.out_pid;
        if section[0] == 0xFC {
            let low = u32::from_be_bytes([section[5], section[6], section[7], section[8]]);
            let old = i64::from(section[4] & 1) << 32 | i64::from(low);
            let new = clock::wrap(old + self.epoch.ref_out - self.epoch.ref_stamp as i64);
            section[4] = section[4] & 0xFE | (new >> 32) as u8;
            section[5..9].copy_from_slice(&(new as u32).to_be_bytes());
            let body = section.len() - 4;
            let crc = psi::crc32(&section[..body]);
            section[body..].copy_from_slice(&crc.to_be_bytes());
        }
        self.refresh();
        self.mux.section(pid, section);
    }

    /// PCRs for a unit of the main stream: the source's, mapped; others where it has too few. None is later
    /// than the decode time of this unit, nor of those that have begun on other PIDs.
    fn place_pcrs(&mut self, index: usize, unit: &Unit, stamp: u64, dts: i64) {
        self.measure_delay(unit, stamp);
        let mut limit = dts;
        for (other, stream) in self.streams.iter().enumerate() {
            if other != index
                && let Some(open) = stream.assembly.open_stamp()
            {
                let out = self.epoch.map(open);
                if (self.epoch.start..=dts + MAX_DELAY).contains(&out) {
                    limit = limit.min(out);
                }
            }
        }
        let (epoch, emission) = (self.epoch, &mut self.emission);
        emission.pcrs.clear();
        let has_first = unit.pcrs.first().is_some_and(|pcr| pcr.at == 0) && emission.delay.is_some();
        if !has_first {
            let last = self.mux.last_pcr().unwrap_or(i64::MIN / 2);
            let mut time = (dts - emission.delay.unwrap_or(NO_PCR_DELAY) - emission.lag).min(limit);
            if epoch.start == dts {
                time = time.max(last + 1).min(dts);
            }
            if time - last >= PCR_EVERY || epoch.start == dts {
                emission.pcrs.push((0, time, 0));
            }
        }
        for pcr in &unit.pcrs {
            let delay = clock::distance(stamp, pcr.base);
            if emission.delay.is_some() && (0..=MAX_DELAY).contains(&delay) {
                let time = dts - delay - emission.lag;
                let extension = if time > limit { 0 } else { pcr.extension };
                emission.pcrs.push((pcr.at, time.min(limit), extension));
            }
        }
        if epoch.start == dts
            && let (Some((_, time, _)), Some(last)) = (emission.pcrs.first_mut(), self.mux.last_pcr())
        {
            *time = (*time).max(last + 1).min(dts);
        }
    }

    /// A unit that is decoded before a PCR that was sent: the PCR has to come later from now on.
    fn watch_lag(&mut self, dts: i64) {
        if let Some(late) = self.mux.last_pcr().map(|pcr| pcr - dts).filter(|late| *late > 0) {
            self.emission.lag = (self.emission.lag + late).min(2 * MediaTime::HZ);
        }
    }

    fn note_rate(&mut self, dts: i64, step: i64) {
        let emission = &mut self.emission;
        if emission.millihertz != 0 {
            return;
        }
        match &mut emission.rate_from {
            Some((from, count)) => {
                *count += 1;
                let expected = step * i64::from(*count);
                if (dts - *from - expected).abs() > 2 * step {
                    emission.rate_from = Some((dts, 0));
                } else if *count >= RATE_OVER && dts > *from {
                    let rate = (i64::from(*count) * MediaTime::HZ * 1000 / (dts - *from)) as u32;
                    let near = RATES.iter().find(|known| known.abs_diff(rate) * 1000 <= **known);
                    emission.millihertz = near.copied().unwrap_or(rate);
                    emission.is_stale = true;
                }
            }
            None => emission.rate_from = Some((dts, 0)),
        }
    }

    /// Brings the PMT and the shape up to date.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.emission.is_stale) {
            return;
        }
        let Some(main) = self.main else { return };
        let mut shape = Shape::default();
        let mut listed = Vec::new();
        for (index, stream) in self.streams.iter().enumerate() {
            // A sound is expected until it has been silent; others are listed when they come.
            let expected = stream.codec.is_audio() && stream.silence < MediaTime::HZ;
            if index != main && (stream.codec.is_video() || !(stream.carries || expected)) {
                continue;
            }
            match &stream.pictures {
                Some(pictures) => {
                    shape.video =
                        Some(VideoInfo { millihertz: self.emission.millihertz, ..pictures.info.clone() });
                }
                None if stream.codec.is_audio() => shape.audio.push(stream.sound.clone()),
                None => shape.others += 1,
            }
            let kind = match stream.codec {
                Codec::Mpeg1 | Codec::Mpeg2 if stream.entry.kind == 0x80 => 0x02,
                _ => stream.entry.kind,
            };
            listed.push(Entry { kind, pid: stream.out_pid, descriptors: clear(&stream.entry.descriptors) });
        }
        let pcr_pid = self.streams[main].out_pid;
        self.mux.set_programme(Pmt {
            programme: 1,
            pcr_pid,
            descriptors: clear(&self.descriptors),
            streams: listed,
        });
        self.mux.set_shape(shape);
    }
}

/// Descriptors without conditional access.
fn clear(all: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(all.len());
    for (tag, body) in descriptors(all).filter(|(tag, _)| *tag != CA_DESCRIPTOR) {
        kept.extend_from_slice(&[tag, body.len() as u8]);
        kept.extend_from_slice(body);
    }
    kept
}
