//! Reads what was published, and holds it to the promises of the module.

use crate::feed::part::Part;
use crate::ts::{MediaTime, Packet, clock, pat, pes::Header, pmt, pmt::Pmt, psi::Sections};
use std::collections::HashMap;

/// One PES packet of the output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub(super) pid: u16,
    pub(super) pts: Option<i64>,
    pub(super) dts: Option<i64>,
    pub(super) payload: Vec<u8>,
    pub(super) random_access: bool,
    pub(super) epoch: u32,
}

/// All of an output, read and found right.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) units: Vec<Sent>,
    pub(super) maps: Vec<Pmt>,
    pub(super) sections: Vec<(u16, Vec<u8>)>,
    pub(super) pcrs: Vec<i64>,
    pub(super) discontinuities: usize,
    /// PCRs later than the decode time of a unit behind them.
    pub(super) late: usize,
}

impl Seen {
    pub(super) fn of(&self, pid: u16) -> Vec<&Sent> {
        self.units.iter().filter(|unit| unit.pid == pid).collect()
    }
}

/// The bytes of some parts.
pub(super) fn bytes(parts: &[Part]) -> Vec<u8> {
    parts.iter().flat_map(|part| part.bytes.to_vec()).collect()
}

/// Checks all promises that hold for any source; panics where one is broken.
pub(super) fn check(parts: &[Part]) -> Seen {
    check_parts(parts);
    let mut seen = Seen::default();
    let mut counters: HashMap<u16, u8> = HashMap::new();
    let mut tables: HashMap<u16, Sections> = HashMap::new();
    let mut open: HashMap<u16, (Vec<u8>, bool, u32)> = HashMap::new();
    let mut pcr: Option<i64> = None;
    let mut last: HashMap<u16, i64> = HashMap::new();
    for part in parts {
        assert_eq!(part.bytes.len() % 188, 0);
        let mut pids = Vec::new();
        for raw in part.bytes.chunks_exact(188) {
            let packet = Packet::new(raw).expect("a sync byte");
            let pid = packet.pid();
            pids.push((pid, packet.is_random_access(), packet.starts_unit()));
            assert!(!packet.has_error() && !packet.is_scrambled() && packet.has_payload());
            let counter = packet.counter();
            if let Some(before) = counters.insert(pid, counter) {
                assert_eq!(counter, (before + 1) & 15, "continuity on {pid:#x}");
            }
            if let Some((base, _)) = packet.pcr() {
                let time = clock::unwrap(base, part.start.0);
                assert!(pcr.is_none_or(|before| time > before), "PCR goes back: {pcr:?} {time}");
                pcr = Some(time);
                seen.pcrs.push(time);
                seen.discontinuities += usize::from(packet.is_discontinuous());
            }
            if pid == 0 || pid == 0x1000 || seen.maps.last().is_some_and(|m| is_splice(m, pid)) {
                let (maps, sections) = (&mut seen.maps, &mut seen.sections);
                tables.entry(pid).or_default().push(
                    packet.payload(),
                    packet.starts_unit(),
                    counter,
                    |section| match pid {
                        0 => assert_eq!(pat::parse(section), Some(vec![(1, 0x1000)])),
                        0x1000 => maps.push(pmt::parse(section).expect("a PMT with a valid CRC")),
                        _ => sections.push((pid, section.to_vec())),
                    },
                );
                continue;
            }
            assert!(
                seen.maps.last().is_some_and(|m| m.streams.iter().any(|s| s.pid == pid)),
                "{pid:#x} is not in the PMT"
            );
            if packet.starts_unit() {
                if let Some(done) = open.remove(&pid) {
                    finish(&mut seen, &mut last, pid, done, part.start.0, pcr);
                }
                open.insert(pid, (Vec::new(), packet.is_random_access(), part.epoch));
            }
            let (bytes, _, _) = open.get_mut(&pid).expect("a unit that has begun");
            bytes.extend_from_slice(packet.payload());
        }
        for pid in open.keys().copied().collect::<Vec<_>>() {
            let done = open.remove(&pid).expect("it is there");
            finish(&mut seen, &mut last, pid, done, part.start.0, pcr);
        }
        if part.keyframe {
            let heads: Vec<_> = pids.iter().filter(|(pid, _, _)| *pid != 0x1000).take(2).collect();
            assert_eq!(heads[0].0, 0, "a chunk begins with PAT");
            assert!(heads[1].2, "then a unit");
            if part.shape.video.is_some() {
                assert_eq!((heads[1].0, heads[1].1), (0x100, true), "then the keyframe, marked");
            }
        }
        if part.segment {
            assert_eq!((pids[0].0, pids[1].0), (0, 0x1000), "a segment begins with PAT and PMT");
        }
    }
    seen
}

fn is_splice(map: &Pmt, pid: u16) -> bool {
    map.streams.iter().any(|stream| stream.pid == pid && stream.kind == 0x86)
}

fn finish(
    seen: &mut Seen,
    last: &mut HashMap<u16, i64>,
    pid: u16,
    (bytes, random_access, epoch): (Vec<u8>, bool, u32),
    near: i64,
    pcr: Option<i64>,
) {
    let header = Header::parse(&bytes).expect("a PES header");
    if header.declared > 0 {
        assert_eq!(bytes.len(), header.declared + 6, "declared length on {pid:#x}");
    }
    let dts = header.dts.or(header.pts).map(|stamp| clock::unwrap(stamp, near));
    let pts = header.pts.zip(dts).map(|(stamp, dts)| clock::unwrap(stamp, dts));
    if let Some(dts) = dts {
        if let Some(before) = last.insert(pid, dts) {
            assert!(dts > before, "decode time on {pid:#x}: {before} then {dts}");
        }
        assert!(pts >= Some(dts));
        seen.late += usize::from(pcr.is_some_and(|pcr| pcr > dts));
    }
    let payload = bytes[header.length..].to_vec();
    seen.units.push(Sent { pid, pts, dts, payload, random_access, epoch });
}

fn check_parts(parts: &[Part]) {
    let mut segment_from: Option<MediaTime> = None;
    for (n, part) in parts.iter().enumerate() {
        assert!(part.start <= part.end, "part {n}");
        assert!(!part.bytes.is_empty());
        let before = n.checked_sub(1).map(|n| &parts[n]);
        match before {
            Some(before) if before.epoch == part.epoch => {
                // Between segments pictures may be missing.
                let lost = if part.segment { 0..=MediaTime::HZ / 2 } else { 0..=0 };
                let hole = (part.start - before.end).0;
                assert!(lost.contains(&hole), "parts {} and {n} join, {hole} apart", n - 1);
                assert_eq!(before.origin, part.origin);
            }
            _ => {
                assert!(part.segment && part.keyframe, "part {n} opens an epoch");
                assert!(before.is_none_or(|b| b.epoch < part.epoch && part.start >= b.end));
            }
        }
        if part.segment {
            segment_from = Some(part.start);
        }
        let length = part.end - segment_from.expect("the first part begins a segment");
        assert!(length.0 <= 4 * MediaTime::HZ + 45_000, "segment of {length} at part {n}");
    }
}
