//! MPEG-1 and MPEG-2 video (ISO 13818-2): what an access unit is, without decoding it.

use super::annexb;

/// A sequence header's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames per 1,000 s; 0: not known.
    pub millihertz: u32,
    /// `!progressive_sequence`; MPEG-1 is never interlaced.
    pub interlaced: bool,
    /// A sequence extension follows: MPEG-2.
    pub is_mpeg2: bool,
}

/// What an access unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Its first picture is an I picture.
    pub intra: bool,
    /// `closed_gop` of a group header before it: its leading B pictures need nothing from before.
    pub closed: bool,
    /// A picture begins in it.
    pub has_picture: bool,
    /// Its first code begins an access unit (sequence, group or picture).
    pub begins: bool,
    /// The sequence header that stands before the picture.
    pub sequence: Option<Sequence>,
    /// Where that header lies, with its extensions.
    pub header: Option<(usize, usize)>,
}

const RATES: [u32; 9] = [0, 23_976, 24_000, 25_000, 29_970, 30_000, 50_000, 59_940, 60_000];

/// Looks at an access unit up to its first picture header.
pub fn inspect(payload: &[u8]) -> Access {
    let mut access = Access::default();
    let mut first = true;
    let mut header_from = None;
    let mut units = annexb::units(payload);
    while let Some((_, body)) = units.peek() {
        // A zero before the start code may be the last byte of what stands there.
        let from = body - 3;
        let Some(code) = payload.get(body) else { break };
        let rest = &payload[body + 1..];
        if first {
            access.begins = matches!(code, 0x00 | 0xB3 | 0xB8);
            first = false;
        }
        if let (Some(begin), true) = (header_from, matches!(code, 0x00 | 0xB8)) {
            access.header = Some((begin, from));
            header_from = None;
        }
        match (code, rest) {
            (0x00, [_, kind, ..]) => {
                access.has_picture = true;
                access.intra = kind >> 3 & 7 == 1;
                return access;
            }
            (0xB3, [a, b, c, rate, ..]) => {
                access.sequence = Some(Sequence {
                    width: u32::from(*a) << 4 | u32::from(b >> 4),
                    height: u32::from(b & 0x0F) << 8 | u32::from(*c),
                    millihertz: RATES.get(usize::from(rate & 0x0F)).copied().unwrap_or(0),
                    ..Sequence::default()
                });
                header_from = Some(from);
            }
            // Sequence extension: identifier 1, profile and level, progressive, chroma, size extensions.
            (0xB5, [a, b, c, ..]) if a >> 4 == 1 => {
                if let Some(sequence) = &mut access.sequence {
                    sequence.is_mpeg2 = true;
                    sequence.interlaced = b & 0x08 == 0;
                    sequence.width |= (u32::from(b & 1) << 1 | u32::from(c >> 7)) << 12;
                    sequence.height |= u32::from(c >> 5 & 3) << 12;
                }
            }
            (0xB8, [_, _, _, flags, ..]) => access.closed = flags & 0x40 != 0,
            _ => {}
        }
        if units.next().is_none() {
            break;
        }
    }
    access
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_sequence_group_and_picture() {
        let mut stream = vec![0, 0, 1, 0xB3, 0x2D, 0x02, 0x40, 0x33, 0xFF, 0xFF, 0xE0, 0x18];
        stream.extend([0, 0, 1, 0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00]);
        stream.extend([0, 0, 1, 0xB8, 0, 8, 0, 0x40]);
        stream.extend([0, 0, 1, 0x00, 0, 0x08, 0xFF, 0xF8, 0, 0, 1, 1]);
        let access = inspect(&stream);
        assert!(access.intra && access.closed && access.begins && access.has_picture);
        let sequence = access.sequence.expect("a header");
        assert_eq!((sequence.width, sequence.height, sequence.millihertz), (720, 576, 25_000));
        assert!(sequence.interlaced && sequence.is_mpeg2);
        assert_eq!(access.header, Some((0, 22)));
        assert!(!inspect(&[0, 0, 1, 0, 0, 0x10, 0, 0]).intra);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(prop_oneof![0u8..4, 0xB0u8..0xBA, any::<u8>()], 0..300)) {
            let _ = inspect(&bytes);
        }
    }
}
