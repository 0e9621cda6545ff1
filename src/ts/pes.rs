//! PES packet headers (ISO 13818-1, 2.4.3.6): read, and rewritten in place.

use super::clock;

/// What a PES header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// `stream_id`.
    pub stream_id: u8,
    /// Bytes after the first six, as declared; 0: until the next one begins (video only).
    pub declared: usize,
    /// Bytes before the elementary stream.
    pub length: usize,
    /// `PTS`, 33 bits of 90 kHz.
    pub pts: Option<u64>,
    /// `DTS`; without one, decoding happens at the PTS.
    pub dts: Option<u64>,
}

/// Whether this id's PES packets have the long header with its flags.
fn has_flags(stream_id: u8) -> bool {
    !matches!(stream_id, 0xBC | 0xBE | 0xBF | 0xF0 | 0xF1 | 0xFF | 0xF2 | 0xF8)
}

impl Header {
    /// Reads the header at the start of `bytes`; `None` where there is none, or not all of it.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..6)?;
        if head[..3] != [0, 0, 1] || head[3] < 0xBC {
            return None;
        }
        let (stream_id, declared) = (head[3], usize::from(u16::from_be_bytes([head[4], head[5]])));
        if !has_flags(stream_id) {
            return Some(Self { stream_id, declared, length: 6, pts: None, dts: None });
        }
        let flags = bytes.get(6..9)?;
        if flags[0] & 0xC0 != 0x80 {
            return None;
        }
        let length = 9 + usize::from(flags[2]);
        if bytes.len() < length {
            return None;
        }
        let pts = if flags[1] & 0x80 != 0 && length >= 14 { read_stamp(&bytes[9..14]) } else { None };
        let dts = if flags[1] & 0xC0 == 0xC0 && length >= 19 { read_stamp(&bytes[14..19]) } else { None };
        Some(Self { stream_id, declared, length, pts, dts })
    }
}

/// Five bytes of a time stamp; `None` where a marker bit is wrong.
fn read_stamp(raw: &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = *raw else { return None };
    if a & c & e & 1 == 0 {
        return None;
    }
    let (a, b, c, d, e) = (u64::from(a), u64::from(b), u64::from(c), u64::from(d), u64::from(e));
    Some((a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1)
}

/// `time` (unwrapped ticks) as the five bytes of a stamp. `mark`: 2 PTS alone, 3 PTS before a DTS, 1 DTS.
pub fn stamp(mark: u8, time: i64) -> [u8; 5] {
    let t = clock::wrap(time);
    [
        mark << 4 | (t >> 29) as u8 & 0x0E | 1,
        (t >> 22) as u8,
        (t >> 14) as u8 | 1,
        (t >> 7) as u8,
        (t << 1) as u8 | 1,
    ]
}

/// Writes the header of `source` (at least `header.length` bytes) into `out`, with these times and for a
/// payload of `payload` bytes. The other fields stay; an ESCR moves with the DTS.
///
/// Without `times` the stamps are left out of account: the header is copied as it is.
pub fn rewrite(source: &[u8], header: &Header, times: Option<(i64, i64)>, payload: usize, out: &mut Vec<u8>) {
    let Some(original) = source.get(..header.length) else { return };
    out.clear();
    out.extend_from_slice(original);
    if let (Some((pts, dts)), true) = (times, has_flags(header.stream_id) && header.length >= 9) {
        // A DTS of 33 bits that equals the PTS is not written, unless it was.
        let with_dts = header.dts.is_some() || pts != dts;
        if header.pts.is_some() && (header.dts.is_some() || !with_dts) {
            let mark = if with_dts { 3 } else { 2 };
            out[9..14].copy_from_slice(&stamp(mark, pts));
            if header.dts.is_some() {
                out[14..19].copy_from_slice(&stamp(1, dts));
            }
            shift_escr(out, dts - header.dts.or(header.pts).map_or(dts, |old| old as i64));
        } else {
            out.truncate(6);
            out.extend_from_slice(&[
                original[6],
                if with_dts { 0xC0 } else { 0x80 },
                if with_dts { 10 } else { 5 },
            ]);
            out.extend_from_slice(&stamp(if with_dts { 3 } else { 2 }, pts));
            if with_dts {
                out.extend_from_slice(&stamp(1, dts));
            }
        }
    }
    // Where it fits, also where the source left it open: readers need not wait for what follows to know the end.
    let declared = u16::try_from(out.len() - 6 + payload).unwrap_or(0);
    out[4..6].copy_from_slice(&declared.to_be_bytes());
}

fn shift_escr(header: &mut [u8], by: i64) {
    if header[7] & 0x20 == 0 {
        return;
    }
    let at = 9 + match header[7] >> 6 {
        3 => 10,
        2 => 5,
        _ => 0,
    };
    let Some(raw) = header.get_mut(at..at + 6) else { return };
    let mut bits = raw.iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
    let base = (bits >> 43 & 7) << 30 | (bits >> 27 & 0x7FFF) << 15 | bits >> 11 & 0x7FFF;
    let base = clock::wrap(base as i64 + by);
    bits &= !(7 << 43 | 0x7FFF << 27 | 0x7FFF << 11);
    bits |= (base >> 30 & 7) << 43 | (base >> 15 & 0x7FFF) << 27 | (base & 0x7FFF) << 11;
    raw.copy_from_slice(&bits.to_be_bytes()[2..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn video(pts: i64, dts: i64) -> Vec<u8> {
        let mut bytes = vec![0, 0, 1, 0xE0, 0, 0, 0x84, 0xC0, 10];
        bytes.extend(stamp(3, pts));
        bytes.extend(stamp(1, dts));
        bytes
    }

    proptest! {
        #[test]
        fn stamps_come_back(pts in 0i64..clock::WRAP, dts in 0i64..clock::WRAP) {
            let header = Header::parse(&video(pts, dts)).expect("header");
            prop_assert_eq!((header.pts, header.dts), (Some(pts as u64), Some(dts as u64)));
        }

        #[test]
        fn rewriting_sets_both_times(pts in 0i64..clock::WRAP, dts in 0i64..clock::WRAP) {
            let source = video(90_000, 80_000);
            let header = Header::parse(&source).expect("header");
            let mut out = Vec::new();
            rewrite(&source, &header, Some((pts, dts)), 100, &mut out);
            let again = Header::parse(&out).expect("header");
            prop_assert_eq!((again.pts, again.dts, again.declared), (Some(pts as u64), Some(dts as u64), 113));
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), plain in any::<bool>()) {
            let mut bytes = bytes;
            if bytes.len() > 9 && !plain {
                bytes[..4].copy_from_slice(&[0, 0, 1, 0xE0]);
                bytes[6] = 0x80;
            }
            if let Some(header) = Header::parse(&bytes) {
                let mut out = Vec::new();
                rewrite(&bytes, &header, Some((1, 2)), 5, &mut out);
                rewrite(&bytes, &header, None, 5, &mut out);
            }
        }
    }

    #[test]
    fn a_header_without_stamps_gets_them() {
        let source = [0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0];
        let header = Header::parse(&source).expect("header");
        let mut out = Vec::new();
        rewrite(&source, &header, Some((5000, 4000)), 10, &mut out);
        let again = Header::parse(&out).expect("header");
        assert_eq!((again.pts, again.dts, again.length), (Some(5000), Some(4000), 19));
    }

    #[test]
    fn a_length_is_declared_where_it_fits() {
        let mut source = vec![0, 0, 1, 0xC0, 0, 18, 0x80, 0x80, 5];
        source.extend(stamp(2, 90_000));
        let header = Header::parse(&source).expect("header");
        let mut out = Vec::new();
        rewrite(&source, &header, Some((1, 1)), 30, &mut out);
        assert_eq!(Header::parse(&out).expect("header").declared, 38);
        rewrite(&source, &header, Some((1, 1)), 70_000, &mut out);
        assert_eq!(Header::parse(&out).expect("header").declared, 0);
    }

    #[test]
    fn an_escr_moves_along() {
        let mut source = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0xA0, 11];
        source.extend(stamp(2, 90_000));
        // base 45,000 = 0b1_010111111001000
        let base: u64 = 45_000;
        let bits = 1u64 << 42 | 1 << 26 | 1 << 10 | 1 | (base >> 15 & 0x7FFF) << 27 | (base & 0x7FFF) << 11;
        source.extend(&bits.to_be_bytes()[2..]);
        let header = Header::parse(&source).expect("header");
        let mut out = Vec::new();
        rewrite(&source, &header, Some((190_000, 190_000)), 0, &mut out);
        let raw = out[14..20].iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
        assert_eq!((raw >> 27 & 0x7FFF) << 15 | raw >> 11 & 0x7FFF, 145_000);
    }
}
