//! HEVC (ITU-T H.265): what an access unit is, without decoding it.

use super::annexb;
use super::bits::{Bits, unescape};
use std::fmt::Write;

/// `nal_unit_type`s that matter here (table 7-1).
pub mod nal {
    /// Random access skipped leading, not used for reference.
    pub const RASL_N: u8 = 8;
    /// Random access skipped leading.
    pub const RASL_R: u8 = 9;
    /// The first of those that begin a random access point (BLA, IDR, CRA).
    pub const BLA: u8 = 16;
    /// Clean random access.
    pub const CRA: u8 = 21;
    /// Video parameter set.
    pub const VPS: u8 = 32;
    /// Sequence parameter set.
    pub const SPS: u8 = 33;
    /// Picture parameter set.
    pub const PPS: u8 = 34;
    /// Access unit delimiter.
    pub const AUD: u8 = 35;
    /// Prefix SEI.
    pub const SEI: u8 = 39;
}

/// A sequence parameter set's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sps {
    /// Pixels, cropped.
    pub width: u32,
    /// Pixels, cropped.
    pub height: u32,
    /// The source was interlaced and is not also progressive.
    pub interlaced: bool,
    /// RFC 6381 name (ISO 14496-15, E.3).
    pub rfc6381: String,
}

impl Sps {
    /// Reads a NAL unit of type 33, both header bytes included.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let raw = unescape(nal.get(2..)?, 1024);
        let mut bits = Bits::new(&raw);
        bits.skip(4)?;
        let sub_layers = bits.read(3)?;
        bits.flag()?;
        let (space, tier, profile) = (bits.read(2)?, bits.flag()?, bits.read(5)?);
        let compatibility = bits.read(32)?;
        let (high, low) = (bits.read(24)?, bits.read(24)?);
        let constraints = u64::from(high) << 24 | u64::from(low);
        let level = bits.read(8)?;
        let mut present = [(false, false); 8];
        for layer in present.iter_mut().take(sub_layers as usize) {
            *layer = (bits.flag()?, bits.flag()?);
        }
        if sub_layers > 0 {
            bits.skip(2 * (8 - sub_layers as usize))?;
        }
        for (profile, level) in present.iter().take(sub_layers as usize) {
            bits.skip(88 * usize::from(*profile) + 8 * usize::from(*level))?;
        }
        bits.ue()?;
        let chroma = bits.ue()?;
        if chroma == 3 {
            bits.flag()?;
        }
        let (mut width, mut height) = (bits.ue()?, bits.ue()?);
        if bits.flag()? {
            let (unit_x, unit_y) = (1 + u32::from(matches!(chroma, 1 | 2)), 1 + u32::from(chroma == 1));
            let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
            width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
            height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
        }
        if width > 16_384 || height > 16_384 {
            return None;
        }
        let interlaced = constraints >> 46 & 0b11 == 0b01;
        let rfc6381 = name(space, profile, compatibility, tier, level, constraints);
        Some(Self { width, height, interlaced, rfc6381 })
    }
}

fn name(space: u32, profile: u32, compatibility: u32, tier: bool, level: u32, constraints: u64) -> String {
    let space = ["", "A", "B", "C"][space as usize & 3];
    let tier = if tier { 'H' } else { 'L' };
    let mut name = format!("hvc1.{space}{profile}.{:X}.{tier}{level}", compatibility.reverse_bits());
    let bytes = &constraints.to_be_bytes()[2..];
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in &bytes[..used] {
        let _ = write!(name, ".{byte:X}");
    }
    name
}

/// The id of a picture parameter set.
pub fn pps_id(nal: &[u8]) -> Option<u32> {
    Bits::new(&unescape(nal.get(2..)?, 16)).ue().filter(|id| *id < 64)
}

/// What an access unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// IDR, CRA or BLA: decoding can start here, given the parameter sets.
    pub keyframe: bool,
    /// A leading picture that refers to what comes before the random access point.
    pub skipped_leading: bool,
    /// A picture begins in it.
    pub has_picture: bool,
    /// Its first unit is one that begins an access unit.
    pub begins: bool,
}

/// `nal_unit_type`.
pub fn kind(header: u8) -> u8 {
    header >> 1 & 0x3F
}

/// Looks at an access unit up to its first slice. `on_sets` sees each parameter set, header bytes included.
pub fn inspect(payload: &[u8], mut on_sets: impl FnMut(u8, &[u8])) -> Access {
    let mut access = Access::default();
    let mut first = true;
    let mut units = annexb::units(payload);
    while let Some((_, body)) = units.peek() {
        let Some(kind) = payload.get(body).map(|header| kind(*header)) else { break };
        if first {
            let begins_picture = payload.get(body + 2).is_some_and(|byte| byte & 0x80 != 0);
            access.begins = if kind < 32 { begins_picture } else { (nal::VPS..=nal::SEI).contains(&kind) };
            first = false;
        }
        if kind < 32 {
            access.has_picture = true;
            access.keyframe = (nal::BLA..=nal::CRA).contains(&kind);
            access.skipped_leading = matches!(kind, nal::RASL_N | nal::RASL_R);
            return access;
        }
        let Some(unit) = units.next() else { break };
        if (nal::VPS..=nal::PPS).contains(&kind) {
            on_sets(kind, unit.bytes);
        }
    }
    access
}

/// Where parameter sets that are missing are to be put: after a delimiter that comes first, else at the front.
pub fn insertion_point(payload: &[u8]) -> usize {
    let mut units = annexb::units(payload);
    match units.next() {
        Some(unit) if unit.bytes.first().is_some_and(|header| kind(*header) == nal::AUD) => {
            units.peek().map_or(payload.len(), |(from, _)| from)
        }
        Some(unit) => unit.from,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// x265, Main, 1280x720.
    const SPS: &[u8] = &[
        0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
        0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0xc0, 0x40,
    ];

    #[test]
    fn reads_dimensions_and_name() {
        let sps = Sps::parse(SPS).expect("a parameter set");
        assert_eq!((sps.width, sps.height, sps.interlaced), (1280, 720, false));
        assert_eq!(sps.rfc6381, "hvc1.1.6.L93.90");
    }

    #[test]
    fn tells_random_access_points() {
        let unit = |kind: u8| [0, 0, 0, 1, kind << 1, 1, 0x80, 0];
        for (kind, keyframe, leading) in
            [(19, true, false), (21, true, false), (16, true, false), (1, false, false), (9, false, true)]
        {
            let access = inspect(&[unit(nal::AUD), unit(kind)].concat(), |_, _| {});
            assert_eq!(
                (access.keyframe, access.skipped_leading, access.begins),
                (keyframe, leading, true),
                "{kind}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..300)) {
            let _ = (inspect(&bytes, |_, nal| { let _ = Sps::parse(nal); }), insertion_point(&bytes), Sps::parse(&bytes));
        }
    }
}
