//! Reads a transport stream and writes down all that is wrong with it.

use crate::hell::clip::Clip;
use crate::ts::{self, NULL_PID, PACKET, Packet, Pmt, SYNC, Video, difference};
use std::collections::HashMap;

/// One PES packet, with unwrapped times (90 kHz).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    pub pid: u16,
    pub video: bool,
    pub pts: i64,
    pub dts: i64,
    pub key: bool,
    pub parameter_sets: bool,
    pub random_access: bool,
    /// Elementary stream bytes.
    pub length: usize,
    /// Fingerprint of its tail: the same media has the same, whatever stands before its slices.
    pub mark: u64,
    /// Number of the TS packet it began in.
    pub packet: u64,
}

#[derive(Debug, Default)]
struct Pid {
    counter: Option<u8>,
    payload: Option<Vec<u8>>,
    began: u64,
    random_access: bool,
    last_dts: Option<i64>,
    /// Unwrapped minus raw.
    turns: i64,
    last_raw: Option<i64>,
}

/// Fed with bytes of any length; everything it saw is public.
#[derive(Debug, Default)]
pub struct Analyser {
    rest: Vec<u8>,
    pids: HashMap<u16, Pid>,
    pub pmt: Option<Pmt>,
    pmt_pid: Option<u16>,
    pub packets: u64,
    pub units: Vec<AccessUnit>,
    /// Changes of the PMT, the first included.
    pub pmt_changes: usize,
    pub bytes: u64,
    /// PIDs of the first packets, to see what a stream begins with.
    pub first_pids: Vec<u16>,
    /// What is wrong, in words.
    pub violations: Vec<String>,
    last_pcr: Option<(i64, u64)>,
    /// The longest distance between PCRs, ticks of 27 MHz.
    pub longest_pcr_gap: i64,
    pub null_packets: u64,
}

/// The tail that `AccessUnit::mark` covers.
const TAIL: usize = 160;

/// Fingerprint of an access unit's tail.
pub fn mark(data: &[u8]) -> u64 {
    let tail = &data[data.len().saturating_sub(TAIL)..];
    tail.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl Analyser {
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole file or segment.
    pub fn of(bytes: &[u8]) -> Self {
        let mut analyser = Self::new();
        analyser.push(bytes);
        analyser.finish();
        analyser
    }

    fn wrong(&mut self, what: String) {
        if self.violations.len() < 100 {
            self.violations.push(format!("packet {}: {what}", self.packets));
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let mut data = std::mem::take(&mut self.rest);
        data.extend_from_slice(bytes);
        let mut at = 0;
        while at + PACKET <= data.len() {
            if data[at] != SYNC {
                self.wrong(format!("no sync byte but {:#04x}", data[at]));
                at += data[at..].iter().position(|&b| b == SYNC).unwrap_or(data.len() - at);
                continue;
            }
            self.packet(Packet(&data[at..at + PACKET]));
            at += PACKET;
        }
        self.rest = data.split_off(at.min(data.len()));
    }

    fn packet(&mut self, packet: Packet<'_>) {
        self.packets += 1;
        let pid = packet.pid();
        if self.first_pids.len() < 8 {
            self.first_pids.push(pid);
        }
        if pid == NULL_PID {
            self.null_packets += 1;
            return;
        }
        if packet.error() {
            self.wrong(format!("PID {pid:#x}: transport error indicator"));
        }
        if packet.scrambled() {
            self.wrong(format!("PID {pid:#x}: scrambled"));
        }
        let state = self.pids.entry(pid).or_default();
        if packet.has_payload() {
            let counter = packet.counter();
            let expected = state.counter.map(|c| (c + 1) & 15);
            state.counter = Some(counter);
            if let Some(expected) = expected.filter(|&e| e != counter && !packet.discontinuity()) {
                self.wrong(format!("PID {pid:#x}: continuity counter {counter}, not {expected}"));
            }
        }
        if let Some(pcr) = packet.pcr() {
            self.pcr(pid, pcr);
        }
        if pid == 0 {
            self.pat(packet);
        } else if Some(pid) == self.pmt_pid {
            self.map(packet);
        } else if self.pmt.as_ref().is_some_and(|p| p.streams.iter().any(|s| s.pid == pid)) {
            self.media(pid, packet);
        } else if pid >= 0x20 && self.pmt.is_some() {
            self.wrong(format!("PID {pid:#x} is not in the PMT"));
        }
    }

    fn pcr(&mut self, pid: u16, pcr: i64) {
        if self.pmt.as_ref().is_some_and(|p| p.pcr_pid != pid) {
            return;
        }
        if let Some((last, _)) = self.last_pcr {
            let gap = difference(pcr / 300, last / 300) * 300;
            if gap < 0 {
                self.wrong(format!("PCR goes back {} ms", -gap / 27_000));
            } else {
                self.longest_pcr_gap = self.longest_pcr_gap.max(gap);
            }
        }
        self.last_pcr = Some((pcr, self.packets));
    }

    fn pat(&mut self, packet: Packet<'_>) {
        if !packet.starts() {
            return;
        }
        match ts::section(packet.payload()).and_then(ts::read_pat) {
            Some(programmes) => self.pmt_pid = programmes.first().map(|p| p.1),
            None => self.wrong("PAT can't be read".into()),
        }
    }

    fn map(&mut self, packet: Packet<'_>) {
        if !packet.starts() {
            return;
        }
        match ts::section(packet.payload()).and_then(ts::read_pmt) {
            Some(pmt) if self.pmt.as_ref() != Some(&pmt) => {
                if self.pmt.as_ref().is_some_and(|old| old.version == pmt.version) {
                    self.wrong("the PMT changed and its version did not".into());
                }
                self.pmt_changes += 1;
                self.pmt = Some(pmt);
            }
            Some(_) => {}
            None => self.wrong("PMT can't be read".into()),
        }
    }

    fn media(&mut self, pid: u16, packet: Packet<'_>) {
        if packet.starts() {
            self.complete(pid, false);
            let number = self.packets;
            let Some(state) = self.pids.get_mut(&pid) else { return };
            state.payload = Some(packet.payload().to_vec());
            state.began = number;
            state.random_access = packet.random_access();
        } else if let Some(payload) = self.pids.get_mut(&pid).and_then(|s| s.payload.as_mut()) {
            payload.extend_from_slice(packet.payload());
        } else if packet.has_payload() {
            self.wrong(format!("PID {pid:#x}: begins in the middle of a PES packet"));
        }
    }

    /// The PES packet in hand is over. `last`: the stream is over too.
    fn complete(&mut self, pid: u16, last: bool) {
        let Some(state) = self.pids.get_mut(&pid) else { return };
        let Some(pes) = state.payload.take() else { return };
        let (began, random_access) = (state.began, state.random_access);
        let stream_type = self
            .pmt
            .as_ref()
            .and_then(|p| p.streams.iter().find(|s| s.pid == pid))
            .map_or(0, |s| s.stream_type);
        let is_media = self
            .pmt
            .as_ref()
            .is_some_and(|p| p.streams.iter().any(|s| s.pid == pid && (s.is_video() || s.is_audio())));
        let Some(header) = ts::pes_header(&pes) else {
            return self.wrong(format!("PID {pid:#x}: no PES header"));
        };
        if header.length > 0 && pes.len() != header.length + 6 {
            let when = if last { " at the end" } else { "" };
            self.wrong(format!(
                "PID {pid:#x}: PES packet of {} bytes says {}{when}",
                pes.len(),
                header.length + 6
            ));
        }
        let (Some(pts), Some(dts)) = (header.pts, header.dts) else {
            if is_media {
                self.wrong(format!("PID {pid:#x}: PES packet without time"));
            }
            return;
        };
        let data = pes.get(header.header..).unwrap_or(&[]);
        let Some(state) = self.pids.get_mut(&pid) else { return };
        let raw = state.last_raw.unwrap_or(dts);
        let step = difference(dts, raw);
        state.turns += raw + step - dts;
        state.last_raw = Some(dts);
        let unwrapped = dts + state.turns;
        let back = state.last_dts.filter(|&before| unwrapped <= before).map(|before| before - unwrapped);
        state.last_dts = Some(unwrapped);
        if let Some(back) = back {
            self.wrong(format!("PID {pid:#x}: decode time goes back {} ms", back / 90));
        }
        if difference(pts, dts) < 0 {
            self.wrong(format!("PID {pid:#x}: shown {} ms before it is decoded", -difference(pts, dts) / 90));
        }
        if let Some((pcr, _)) = self.last_pcr
            && difference(dts, pcr / 300) < -90
            && is_media
        {
            self.wrong(format!("PID {pid:#x}: decoded {} ms before PCR", -difference(dts, pcr / 300) / 90));
        }
        let video = Video::of(stream_type);
        let unit = AccessUnit {
            pid,
            video: video.is_some(),
            pts: unwrapped + difference(pts, dts),
            dts: unwrapped,
            key: video.is_none_or(|v| v.is_keyframe(data)),
            parameter_sets: video.is_none_or(|v| v.has_parameter_sets(data)),
            random_access,
            length: data.len(),
            mark: mark(data),
            packet: began,
        };
        self.units.push(unit);
    }

    /// The stream is over: what is in hand counts.
    pub fn finish(&mut self) {
        let mut pids: Vec<u16> = self.pids.keys().copied().collect();
        pids.sort_unstable();
        for pid in pids {
            self.complete(pid, true);
        }
        self.units.sort_by_key(|u| u.packet);
    }

    pub fn video(&self) -> impl Iterator<Item = &AccessUnit> {
        self.units.iter().filter(|u| u.video)
    }

    pub fn audio(&self) -> impl Iterator<Item = &AccessUnit> {
        self.units.iter().filter(|u| !u.video)
    }

    /// Counter of a PID's last packet, for continuity across segments.
    pub fn counters(&self) -> HashMap<u16, u8> {
        self.pids.iter().filter_map(|(pid, state)| state.counter.map(|c| (*pid, c))).collect()
    }

    /// Whether the stream begins with PAT, PMT (an SDT may stand before them, as FFmpeg's muxer has it).
    pub fn begins_with_tables(&self) -> bool {
        let mut first = self.first_pids.iter().filter(|pid| **pid != 0x11);
        first.next() == Some(&0) && first.next().is_some_and(|pid| self.pmt_pid == Some(*pid))
    }
}

/// Where in a clip each access unit comes from: `mark → (stream, pts)`. Marks that are not unique are left out.
pub fn places(clip: &Clip) -> HashMap<u64, (usize, i64)> {
    let mut places: HashMap<u64, Option<(usize, i64)>> = HashMap::new();
    for unit in &clip.units {
        places.entry(mark(&unit.data)).and_modify(|p| *p = None).or_insert(Some((unit.stream, unit.pts)));
    }
    places.into_iter().filter_map(|(m, p)| p.map(|p| (m, p))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hell::clip::{self, ClipSpec};

    fn stream() -> (std::sync::Arc<Clip>, Vec<u8>) {
        let clip = clip::load(&ClipSpec::default()).unwrap();
        let bytes = std::fs::read(&clip.path).unwrap();
        (clip, bytes)
    }

    #[test]
    fn finds_nothing_wrong_with_ffmpegs_stream() {
        let (clip, bytes) = stream();
        let analyser = Analyser::of(&bytes);
        // The clip is made without the muxer's usual lead of PCR.
        let wrong: Vec<_> = analyser.violations.iter().filter(|v| !v.contains("before PCR")).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(analyser.video().filter(|u| u.key).count(), 9);
        assert!(analyser.video().filter(|u| u.key).all(|u| u.parameter_sets));
        let places = places(&clip);
        let known = analyser.units.iter().filter(|u| places.contains_key(&u.mark)).count();
        assert!(known * 10 > analyser.units.len() * 8, "{known} of {}", analyser.units.len());
    }

    #[test]
    fn finds_what_is_wrong() {
        let (_, mut bytes) = stream();
        bytes.drain(PACKET * 20..PACKET * 21);
        bytes[PACKET * 30 + 1] |= 0x80;
        bytes.splice(PACKET * 40..PACKET * 40, [1, 2, 3]);
        let text = Analyser::of(&bytes).violations.join("\n");
        for word in ["continuity", "error indicator", "sync"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
}
