//! MPEG audio, layers I to III (ISO 11172-3, 2.4.2.3; ISO 13818-3 for the low rates).

/// A frame header's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// 1, 2 or 3.
    pub layer: u8,
    /// Hz.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Samples per channel.
    pub samples: u32,
}

/// Reads a header at the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Option<Frame> {
    let head = bytes.get(..4)?;
    if head[0] != 0xFF || head[1] & 0xE0 != 0xE0 || head[2] >> 4 == 15 || head[2] >> 4 == 0 {
        return None;
    }
    let layer = 4 - (head[1] >> 1 & 3);
    let base = *[44_100, 48_000, 32_000].get(usize::from(head[2] >> 2 & 3))?;
    let version = head[1] >> 3 & 3;
    let sample_rate = match version {
        3 => base,
        2 => base / 2,
        0 => base / 4,
        _ => return None,
    };
    let samples = match (layer, version) {
        (1, _) => 384,
        (2, _) | (3, 3) => 1152,
        (3, _) => 576,
        _ => return None,
    };
    Some(Frame { layer, sample_rate, channels: if head[3] >> 6 == 3 { 1 } else { 2 }, samples })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_header() {
        let layer =
            |bytes: [u8; 4]| parse(&bytes).map(|frame| (frame.layer, frame.sample_rate, frame.channels));
        assert_eq!(layer([0xFF, 0xFD, 0xA4, 0x00]), Some((2, 48_000, 2)));
        assert_eq!(layer([0xFF, 0xFB, 0x90, 0xC0]), Some((3, 44_100, 1)));
        assert_eq!(layer([0xFF, 0xF3, 0x90, 0x00]), Some((3, 22_050, 2)));
        assert_eq!(layer([0xFF, 0xF1, 0x4C, 0x80]), None, "an ADTS header has layer 0");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
            let _ = parse(&bytes);
        }
    }
}
