//! AAC in ADTS frames (ISO 13818-7, 6.2), and LATM/LOAS recognised (ISO 14496-3, 1.7.2).

/// A frame header's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Hz.
    pub sample_rate: u32,
    /// 0: told inside the frame.
    pub channels: u8,
    /// Bytes of the whole frame.
    pub length: usize,
    /// Samples per channel.
    pub samples: u32,
}

const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Reads a header at the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Option<Frame> {
    let head = bytes.get(..7)?;
    if head[0] != 0xFF || head[1] & 0xF6 != 0xF0 {
        return None;
    }
    let sample_rate = *RATES.get(usize::from(head[2] >> 2 & 0x0F))?;
    let channels = match (head[2] & 1) << 2 | head[3] >> 6 {
        7 => 8,
        count => count,
    };
    let length = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
    let samples = 1024 * (u32::from(head[6] & 3) + 1);
    (length >= 7).then_some(Frame { sample_rate, channels, length, samples })
}

/// Whether LOAS frames begin here: sync word 0x2B7, and another where the length says.
pub fn is_loas(bytes: &[u8]) -> bool {
    let at = |from: usize| {
        bytes.get(from).is_some_and(|a| *a == 0x56) && bytes.get(from + 1).is_some_and(|b| b & 0xE0 == 0xE0)
    };
    let Some(head) = bytes.get(..3) else { return false };
    let length = 3 + (usize::from(head[1] & 0x1F) << 8 | usize::from(head[2]));
    at(0) && (bytes.len() <= length + 1 || at(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_header() {
        let frame = parse(&[0xFF, 0xF1, 0x4C, 0x80, 0x2E, 0x7F, 0xFC]).expect("a frame");
        assert_eq!((frame.sample_rate, frame.channels, frame.length, frame.samples), (48_000, 2, 371, 1024));
        assert!(is_loas(&[0x56, 0xE0, 0x02, 1, 2, 0x56, 0xE0]) && !is_loas(&[0x56, 0xE0, 0x02, 1, 2, 3, 4]));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (parse(&bytes), is_loas(&bytes));
        }
    }
}
