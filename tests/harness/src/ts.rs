//! MPEG-TS (ISO 13818-1) as the harness sees it: reading and writing packets, PAT, PMT and PES times.

pub const PACKET: usize = 188;
pub const SYNC: u8 = 0x47;
pub const NULL_PID: u16 = 0x1FFF;
/// 33 bits.
pub const WRAP: i64 = 1 << 33;

/// One packet of 188 bytes, as it is.
#[derive(Clone, Copy)]
pub struct Packet<'a>(pub &'a [u8]);

impl<'a> Packet<'a> {
    pub fn in_sync(self) -> bool {
        self.0.len() == PACKET && self.0[0] == SYNC
    }
    pub fn error(self) -> bool {
        self.0[1] & 0x80 != 0
    }
    /// Payload unit start.
    pub fn starts(self) -> bool {
        self.0[1] & 0x40 != 0
    }
    pub fn pid(self) -> u16 {
        u16::from_be_bytes([self.0[1] & 0x1F, self.0[2]])
    }
    pub fn scrambled(self) -> bool {
        self.0[3] & 0xC0 != 0
    }
    pub fn counter(self) -> u8 {
        self.0[3] & 0x0F
    }
    pub fn has_payload(self) -> bool {
        self.0[3] & 0x10 != 0
    }
    /// The adaptation field without its length byte; empty where there is none.
    pub fn adaptation(self) -> &'a [u8] {
        if self.0[3] & 0x20 == 0 {
            return &[];
        }
        let end = (5 + usize::from(self.0[4])).min(PACKET);
        &self.0[5..end]
    }
    fn flag(self, bit: u8) -> bool {
        self.adaptation().first().is_some_and(|flags| flags & bit != 0)
    }
    pub fn discontinuity(self) -> bool {
        self.flag(0x80)
    }
    pub fn random_access(self) -> bool {
        self.flag(0x40)
    }
    /// 27 MHz.
    pub fn pcr(self) -> Option<i64> {
        let field = self.adaptation();
        if !self.flag(0x10) || field.len() < 7 {
            return None;
        }
        let base =
            field[1..5].iter().fold(0i64, |n, &b| n << 8 | i64::from(b)) << 1 | i64::from(field[5] >> 7);
        Some(base * 300 + (i64::from(field[5] & 1) << 8 | i64::from(field[6])))
    }
    pub fn payload(self) -> &'a [u8] {
        if !self.has_payload() {
            return &[];
        }
        let start = if self.0[3] & 0x20 == 0 { 4 } else { 5 + usize::from(self.0[4]) };
        self.0.get(start..).unwrap_or(&[])
    }
}

/// A PES header: stream id, times, and where the elementary stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PesHeader {
    pub stream_id: u8,
    /// Bytes that follow the length field, 0 = until the next start.
    pub length: usize,
    pub pts: Option<i64>,
    pub dts: Option<i64>,
    pub header: usize,
}

/// Reads the header at the start of a PES packet's bytes.
pub fn pes_header(bytes: &[u8]) -> Option<PesHeader> {
    if bytes.len() < 9 || bytes[..3] != [0, 0, 1] {
        return None;
    }
    let header = 9 + usize::from(bytes[8]);
    let flags = bytes[7] >> 6;
    let time = |at: usize| bytes.get(at..at + 5).map(read_time);
    let pts = if flags & 2 != 0 { time(9) } else { None };
    let dts = if flags == 3 { time(14) } else { pts };
    Some(PesHeader {
        stream_id: bytes[3],
        length: usize::from(u16::from_be_bytes([bytes[4], bytes[5]])),
        pts,
        dts,
        header,
    })
}

fn read_time(b: &[u8]) -> i64 {
    i64::from(b[0] >> 1 & 7) << 30
        | i64::from(b[1]) << 22
        | i64::from(b[2] >> 1) << 15
        | i64::from(b[3]) << 7
        | i64::from(b[4] >> 1)
}

fn write_time(out: &mut Vec<u8>, prefix: u8, time: i64) {
    let t = time.rem_euclid(WRAP);
    out.push(prefix << 4 | ((t >> 30 & 7) as u8) << 1 | 1);
    out.push((t >> 22) as u8);
    out.push(((t >> 15 & 0x7F) as u8) << 1 | 1);
    out.push((t >> 7) as u8);
    out.push(((t & 0x7F) as u8) << 1 | 1);
}

/// The nearest distance from one 33-bit time to another.
pub fn difference(later: i64, earlier: i64) -> i64 {
    let d = (later - earlier).rem_euclid(WRAP);
    if d >= WRAP / 2 { d - WRAP } else { d }
}

/// CRC-32/MPEG-2 over a section.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xFFFF_FFFF, |mut crc, &byte| {
        crc ^= u32::from(byte) << 24;
        for _ in 0..8 {
            crc = if crc & 0x8000_0000 != 0 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 };
        }
        crc
    })
}

/// An elementary stream as a PMT declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elementary {
    pub pid: u16,
    pub stream_type: u8,
    pub descriptors: Vec<u8>,
}

impl Elementary {
    pub fn is_video(&self) -> bool {
        matches!(self.stream_type, 0x01 | 0x02 | 0x10 | 0x1B | 0x24)
    }
    pub fn is_audio(&self) -> bool {
        // Private data (6) is AC-3 where a descriptor 0x6A says so.
        matches!(self.stream_type, 0x03 | 0x04 | 0x0F | 0x11 | 0x81)
            || (self.stream_type == 6 && self.descriptors.first() == Some(&0x6A))
    }
}

/// What a PMT says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pmt {
    pub programme: u16,
    pub version: u8,
    pub pcr_pid: u16,
    pub streams: Vec<Elementary>,
}

/// The section in a PSI payload that starts in this packet; `None` when it is longer than the packet or its
/// checksum is wrong. (All PSI that the harness meets fits a packet.)
pub fn section(payload: &[u8]) -> Option<&[u8]> {
    let start = 1 + usize::from(*payload.first()?);
    whole_section(payload.get(start..)?)
}

fn whole_section(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(1)? & 0x0F, *bytes.get(2)?]));
    let section = bytes.get(..3 + length)?;
    (crc32(section) == 0).then_some(section)
}

/// Programmes of a PAT: `(programme number, PMT PID)`.
pub fn read_pat(section: &[u8]) -> Option<Vec<(u16, u16)>> {
    if *section.first()? != 0 || section.len() < 12 {
        return None;
    }
    let entries = section[8..section.len() - 4].chunks_exact(4);
    Some(
        entries
            .map(|e| (u16::from_be_bytes([e[0], e[1]]), u16::from_be_bytes([e[2] & 0x1F, e[3]])))
            .filter(|(programme, _)| *programme != 0)
            .collect(),
    )
}

pub fn read_pmt(section: &[u8]) -> Option<Pmt> {
    if *section.first()? != 2 || section.len() < 16 {
        return None;
    }
    let body = &section[..section.len() - 4];
    let info = usize::from(u16::from_be_bytes([body[10] & 0x0F, body[11]]));
    let mut at = 12 + info;
    let mut streams = Vec::new();
    while at + 5 <= body.len() {
        let length = usize::from(u16::from_be_bytes([body[at + 3] & 0x0F, body[at + 4]]));
        streams.push(Elementary {
            stream_type: body[at],
            pid: u16::from_be_bytes([body[at + 1] & 0x1F, body[at + 2]]),
            descriptors: body.get(at + 5..at + 5 + length)?.to_vec(),
        });
        at += 5 + length;
    }
    Some(Pmt {
        programme: u16::from_be_bytes([body[3], body[4]]),
        version: body[5] >> 1 & 0x1F,
        pcr_pid: u16::from_be_bytes([body[8] & 0x1F, body[9]]),
        streams,
    })
}

fn finish(mut section: Vec<u8>) -> Vec<u8> {
    let length = section.len() - 3 + 4;
    section[1] = 0xB0 | (length >> 8) as u8;
    section[2] = length as u8;
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}

/// A PAT section.
pub fn pat(programmes: &[(u16, u16)], version: u8) -> Vec<u8> {
    let mut s = vec![0, 0, 0, 0, 1, 0xC1 | version << 1, 0, 0];
    for (programme, pid) in programmes {
        s.extend_from_slice(&programme.to_be_bytes());
        s.extend_from_slice(&(0xE000 | pid).to_be_bytes());
    }
    finish(s)
}

/// A PMT section.
pub fn pmt(pmt: &Pmt) -> Vec<u8> {
    let mut s = vec![2, 0, 0];
    s.extend_from_slice(&pmt.programme.to_be_bytes());
    s.extend_from_slice(&[0xC1 | pmt.version << 1, 0, 0]);
    s.extend_from_slice(&(0xE000 | pmt.pcr_pid).to_be_bytes());
    s.extend_from_slice(&[0xF0, 0]);
    for stream in &pmt.streams {
        s.push(stream.stream_type);
        s.extend_from_slice(&(0xE000 | stream.pid).to_be_bytes());
        s.extend_from_slice(&(0xF000 | stream.descriptors.len() as u16).to_be_bytes());
        s.extend_from_slice(&stream.descriptors);
    }
    finish(s)
}

/// Cuts sections and PES packets into TS packets, keeping a continuity counter per PID.
#[derive(Debug, Clone, Default)]
pub struct Packetizer {
    counters: std::collections::HashMap<u16, u8>,
}

/// What stands in the adaptation field of a PES packet's first TS packet.
#[derive(Debug, Clone, Copy, Default)]
pub struct First {
    /// 27 MHz.
    pub pcr: Option<i64>,
    pub random_access: bool,
    pub discontinuity: bool,
}

impl Packetizer {
    /// Counters that start at some value rather than 0, as in the middle of a broadcast.
    pub fn starting_at(pids: &[(u16, u8)]) -> Self {
        Self { counters: pids.iter().copied().collect() }
    }

    fn next(&mut self, pid: u16) -> u8 {
        let counter = self.counters.entry(pid).or_insert(0);
        let now = *counter;
        *counter = (now + 1) & 15;
        now
    }

    pub fn section(&mut self, out: &mut Vec<u8>, pid: u16, section: &[u8]) {
        let mut bytes = vec![0];
        bytes.extend_from_slice(section);
        let mut start = true;
        for piece in bytes.chunks(PACKET - 4) {
            let counter = self.next(pid);
            out.extend_from_slice(&[
                SYNC,
                (u8::from(start) << 6) | (pid >> 8) as u8,
                pid as u8,
                0x10 | counter,
            ]);
            out.extend_from_slice(piece);
            out.resize(out.len() + PACKET - 4 - piece.len(), 0xFF);
            start = false;
        }
    }

    /// One access unit as one PES packet.
    pub fn pes(
        &mut self,
        out: &mut Vec<u8>,
        pid: u16,
        stream_id: u8,
        times: (i64, i64),
        first: First,
        data: &[u8],
    ) {
        let (pts, dts) = times;
        let mut pes = Vec::with_capacity(data.len() + 19);
        let both = pts != dts;
        let header = if both { 10 } else { 5 };
        let length = data.len() + 3 + header;
        // Video may leave its length open; everything else must tell it.
        let length = if stream_id & 0xF0 == 0xE0 || length > 0xFFFF { 0 } else { length as u16 };
        pes.extend_from_slice(&[0, 0, 1, stream_id]);
        pes.extend_from_slice(&length.to_be_bytes());
        pes.extend_from_slice(&[0x84, if both { 0xC0 } else { 0x80 }, header as u8]);
        write_time(&mut pes, if both { 3 } else { 2 }, pts);
        if both {
            write_time(&mut pes, 1, dts);
        }
        pes.extend_from_slice(data);
        let mut rest = pes.as_slice();
        let mut start = true;
        while !rest.is_empty() {
            let mut field: Vec<u8> = Vec::new();
            if start && (first.pcr.is_some() || first.random_access || first.discontinuity) {
                let flags = u8::from(first.discontinuity) << 7
                    | u8::from(first.random_access) << 6
                    | u8::from(first.pcr.is_some()) << 4;
                field.push(flags);
                if let Some(pcr) = first.pcr {
                    let (base, extension) = (pcr.div_euclid(300).rem_euclid(WRAP), pcr.rem_euclid(300));
                    field.extend_from_slice(&((base >> 1) as u32).to_be_bytes());
                    field.push(((base & 1) as u8) << 7 | 0x7E | (extension >> 8) as u8);
                    field.push(extension as u8);
                }
            }
            let mut with_field = !field.is_empty();
            let mut room = PACKET - 4 - if with_field { 1 + field.len() } else { 0 };
            if rest.len() < room {
                // Stuffing makes up for what is missing: in an adaptation field.
                let missing = room - rest.len();
                if !with_field {
                    with_field = true;
                    if missing > 1 {
                        field.push(0);
                        field.resize(missing - 1, 0xFF);
                    }
                } else {
                    field.resize(field.len() + missing, 0xFF);
                }
                room = rest.len();
            }
            let counter = self.next(pid);
            let control = 0x10 | u8::from(with_field) << 5;
            out.extend_from_slice(&[
                SYNC,
                (u8::from(start) << 6) | (pid >> 8) as u8,
                pid as u8,
                control | counter,
            ]);
            if with_field {
                out.push(field.len() as u8);
                out.extend_from_slice(&field);
            }
            out.extend_from_slice(&rest[..room]);
            rest = &rest[room..];
            start = false;
        }
    }
}

/// A null packet.
pub fn null_packet() -> [u8; PACKET] {
    let mut packet = [0xFF; PACKET];
    packet[..4].copy_from_slice(&[SYNC, 0x1F, 0xFF, 0x10]);
    packet
}

/// NAL units of an Annex B byte stream: `(offset of the start code, offset of the NAL's first byte)`.
pub fn nal_units(data: &[u8]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 3 < data.len() {
        if data[at..at + 3] == [0, 0, 1] {
            let code = if at > 0 && data[at - 1] == 0 { at - 1 } else { at };
            found.push((code, at + 3));
            at += 3;
        } else {
            at += 1;
        }
    }
    found
}

/// Video codecs that the harness can look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Video {
    H264,
    Hevc,
    Mpeg2,
}

impl Video {
    pub fn of(stream_type: u8) -> Option<Self> {
        match stream_type {
            0x1B => Some(Self::H264),
            0x24 => Some(Self::Hevc),
            0x01 | 0x02 => Some(Self::Mpeg2),
            _ => None,
        }
    }

    /// Whether an access unit is a picture that decoding can begin at (IDR, CRA, BLA, MPEG I; for H.264 also an
    /// I-picture announced by a recovery point).
    pub fn is_keyframe(self, data: &[u8]) -> bool {
        let units = nal_units(data);
        match self {
            Self::H264 => units.iter().any(|&(_, at)| {
                data[at] & 0x1F == 5 || (data[at] & 0x1F == 6 && data.get(at + 1) == Some(&6))
            }),
            Self::Hevc => units.iter().any(|&(_, at)| (16..=21).contains(&(data[at] >> 1 & 0x3F))),
            Self::Mpeg2 => units
                .iter()
                .any(|&(_, at)| data[at] == 0 && data.get(at + 2).is_some_and(|b| b >> 3 & 7 == 1)),
        }
    }

    /// Whether it carries its parameter sets (sequence header for MPEG-2).
    pub fn has_parameter_sets(self, data: &[u8]) -> bool {
        let units = nal_units(data);
        match self {
            Self::H264 => [7, 8].iter().all(|t| units.iter().any(|&(_, at)| data[at] & 0x1F == *t)),
            Self::Hevc => {
                [32, 33, 34].iter().all(|t| units.iter().any(|&(_, at)| data[at] >> 1 & 0x3F == *t))
            }
            Self::Mpeg2 => units.iter().any(|&(_, at)| data[at] == 0xB3),
        }
    }

    /// The same access unit without its parameter sets.
    pub fn without_parameter_sets(self, data: &[u8]) -> Vec<u8> {
        let units = nal_units(data);
        let mut out = Vec::with_capacity(data.len());
        for (index, &(code, at)) in units.iter().enumerate() {
            let end = units.get(index + 1).map_or(data.len(), |next| next.0);
            let drop = match self {
                Self::H264 => matches!(data[at] & 0x1F, 7 | 8),
                Self::Hevc => matches!(data[at] >> 1 & 0x3F, 32..=34),
                Self::Mpeg2 => matches!(data[at], 0xB3 | 0xB5),
            };
            if !drop {
                out.extend_from_slice(&data[code..end]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psi_written_is_psi_read() {
        let table = pat(&[(1, 0x1000), (2, 0x1010)], 3);
        assert_eq!(read_pat(whole_section(&table).unwrap()).unwrap(), [(1, 0x1000), (2, 0x1010)]);
        let wanted = Pmt {
            programme: 2,
            version: 7,
            pcr_pid: 0x100,
            streams: vec![
                Elementary { pid: 0x100, stream_type: 0x1B, descriptors: vec![] },
                Elementary { pid: 0x101, stream_type: 6, descriptors: vec![0x6A, 1, 0] },
            ],
        };
        let mut out = Vec::new();
        Packetizer::default().section(&mut out, 0x1000, &pmt(&wanted));
        let packet = Packet(&out);
        assert!(packet.in_sync() && packet.starts());
        assert_eq!(read_pmt(section(packet.payload()).unwrap()).unwrap(), wanted);
        out[20] ^= 1;
        assert!(section(Packet(&out).payload()).is_none());
    }

    #[test]
    fn pes_of_any_length_survives() {
        let mut packetizer = Packetizer::default();
        for length in (1..600).chain([70_000]) {
            let data: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut out = Vec::new();
            let first = First { pcr: Some(27_000_123), random_access: true, discontinuity: false };
            packetizer.pes(&mut out, 0x100, 0xE0, (WRAP + 9000, 5400), first, &data);
            assert_eq!(out.len() % PACKET, 0);
            let mut bytes = Vec::new();
            for (index, packet) in out.chunks(PACKET).map(Packet).enumerate() {
                assert!(packet.in_sync());
                assert_eq!(packet.starts(), index == 0);
                bytes.extend_from_slice(packet.payload());
            }
            assert_eq!(Packet(&out[..PACKET]).pcr(), Some(27_000_123));
            let header = pes_header(&bytes).unwrap();
            assert_eq!((header.pts, header.dts), (Some(9000), Some(5400)));
            assert_eq!(bytes[header.header..], data);
        }
    }

    #[test]
    fn times_differ_across_the_wrap() {
        assert_eq!(difference(10, WRAP - 10), 20);
        assert_eq!(difference(WRAP - 10, 10), -20);
    }
}
