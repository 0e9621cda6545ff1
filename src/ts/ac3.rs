//! AC-3 and E-AC-3 frame headers (ETSI TS 102 366, 4.4 and E.1.2).

use super::bits::Bits;

/// A frame header's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Enhanced.
    pub is_eac3: bool,
    /// Hz.
    pub sample_rate: u32,
    /// The low-frequency channel included.
    pub channels: u8,
    /// Samples per channel.
    pub samples: u32,
}

const RATES: [u32; 3] = [48_000, 44_100, 32_000];
const CHANNELS: [u8; 8] = [2, 1, 2, 3, 3, 4, 4, 5];

/// Reads a header at the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Option<Frame> {
    let head = bytes.get(..8)?;
    if head[..2] != [0x0B, 0x77] {
        return None;
    }
    let bsid = head[5] >> 3;
    if bsid > 16 {
        return None;
    }
    if bsid > 10 {
        let mut bits = Bits::new(&head[4..]);
        let code = bits.read(2)? as usize;
        let second = bits.read(2)?;
        let (sample_rate, samples) = if code == 3 {
            (RATES.get(second as usize)? / 2, 1536)
        } else {
            (*RATES.get(code)?, [256, 512, 768, 1536][second as usize & 3])
        };
        let (mode, lfe) = (bits.read(3)? as usize, bits.read(1)? as u8);
        return Some(Frame { is_eac3: true, sample_rate, channels: CHANNELS[mode & 7] + lfe, samples });
    }
    let sample_rate = *RATES.get(usize::from(head[4] >> 6))?;
    let mut bits = Bits::new(&head[6..]);
    let mode = bits.read(3)?;
    let skipped =
        2 * (usize::from(mode & 1 != 0 && mode != 1) + usize::from(mode & 4 != 0) + usize::from(mode == 2));
    bits.skip(skipped)?;
    let lfe = bits.read(1)? as u8;
    Some(Frame { is_eac3: false, sample_rate, channels: CHANNELS[mode as usize & 7] + lfe, samples: 1536 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_header() {
        // 48 kHz, bsid 8, acmod 7 (3/2), cmixlev, surmixlev, lfe on.
        let frame = parse(&[0x0B, 0x77, 0, 0, 0x1E, 0x40, 0xE1, 0]).expect("a frame");
        assert_eq!((frame.is_eac3, frame.sample_rate, frame.channels), (false, 48_000, 6));
        let frame = parse(&[0x0B, 0x77, 0, 0xFF, 0x34, 0x80, 0, 0]).expect("a frame");
        assert_eq!(
            (frame.is_eac3, frame.sample_rate, frame.channels, frame.samples),
            (true, 48_000, 2, 1536)
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..10)) {
            let mut bytes = bytes;
            if let [a, b, ..] = bytes.as_mut_slice() {
                (*a, *b) = (0x0B, 0x77);
            }
            let _ = parse(&bytes);
        }
    }
}
