//! H.264 (ITU-T H.264): what an access unit is, without decoding it.

use super::annexb;
use super::bits::{Bits, unescape};

/// `nal_unit_type`s that matter here (table 7-1).
pub mod nal {
    /// A slice of a picture that is not IDR.
    pub const SLICE: u8 = 1;
    /// A slice of an IDR picture.
    pub const IDR: u8 = 5;
    /// Supplemental enhancement information.
    pub const SEI: u8 = 6;
    /// Sequence parameter set.
    pub const SPS: u8 = 7;
    /// Picture parameter set.
    pub const PPS: u8 = 8;
    /// Access unit delimiter.
    pub const AUD: u8 = 9;
}

/// A sequence parameter set's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sps {
    /// `seq_parameter_set_id`.
    pub id: u32,
    /// `profile_idc`, the constraint flags, `level_idc`.
    pub profile: [u8; 3],
    /// Pixels, cropped.
    pub width: u32,
    /// Pixels, cropped.
    pub height: u32,
    /// `!frame_mbs_only_flag`: may be coded as fields.
    pub interlaced: bool,
    /// Frames per 1,000 s by the VUI; 0: it doesn't say.
    pub millihertz: u32,
}

impl Sps {
    /// RFC 6381 name.
    pub fn rfc6381(&self) -> String {
        let [profile, constraints, level] = self.profile;
        format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
    }

    /// Reads a NAL unit of type 7, header byte included.
    pub fn parse(nal: &[u8]) -> Option<Self> {
        let raw = unescape(nal.get(1..)?, 1024);
        let profile = [*raw.first()?, *raw.get(1)?, *raw.get(2)?];
        let mut bits = Bits::new(raw.get(3..)?);
        let id = bits.ue().filter(|id| *id < 32)?;
        let mut chroma = 1;
        if matches!(profile[0], 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
            chroma = bits.ue()?;
            if chroma == 3 {
                bits.flag()?;
            }
            bits.ue()?;
            bits.ue()?;
            bits.flag()?;
            if bits.flag()? {
                for n in 0..if chroma == 3 { 12 } else { 8 } {
                    if bits.flag()? {
                        skip_scaling_list(&mut bits, if n < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.ue()?;
        match bits.ue()? {
            0 => {
                bits.ue()?;
            }
            1 => {
                bits.flag()?;
                bits.se()?;
                bits.se()?;
                for _ in 0..bits.ue().filter(|count| *count < 256)? {
                    bits.se()?;
                }
            }
            _ => {}
        }
        bits.ue()?;
        bits.flag()?;
        let (columns, rows) = (bits.ue()?.checked_add(1)?, bits.ue()?.checked_add(1)?);
        let frames_only = bits.flag()?;
        if !frames_only {
            bits.flag()?;
        }
        bits.flag()?;
        let fields = 2 - u32::from(frames_only);
        let (mut width, mut height) = (columns.checked_mul(16)?, rows.checked_mul(16 * fields)?);
        if bits.flag()? {
            let (unit_x, unit_y) = match chroma {
                1 => (2, 2 * fields),
                2 => (2, fields),
                _ => (1, fields),
            };
            let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
            width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
            height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
        }
        if width > 16_384 || height > 16_384 {
            return None;
        }
        let millihertz = vui_rate(&mut bits).unwrap_or(0);
        Some(Self { id, profile, width, height, interlaced: !frames_only, millihertz })
    }
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

/// Annex E.1.1, up to the timing.
fn vui_rate(bits: &mut Bits<'_>) -> Option<u32> {
    if !bits.flag()? {
        return None;
    }
    if bits.flag()? && bits.read(8)? == 255 {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.flag()?;
    }
    if bits.flag()? {
        bits.skip(4)?;
        if bits.flag()? {
            bits.skip(24)?;
        }
    }
    if bits.flag()? {
        bits.ue()?;
        bits.ue()?;
    }
    if !bits.flag()? {
        return None;
    }
    let (tick, scale) = (u64::from(bits.read(32)?), u64::from(bits.read(32)?));
    // A tick is a field's time.
    let rate = (scale * 1000).checked_div(tick * 2)?;
    u32::try_from(rate).ok().filter(|rate| (500..=400_000).contains(rate))
}

/// The id of a picture parameter set.
pub fn pps_id(nal: &[u8]) -> Option<u32> {
    Bits::new(&unescape(nal.get(1..)?, 16)).ue().filter(|id| *id < 256)
}

/// `slice_type` modulo 5: 0 P, 1 B, 2 I, 3 SP, 4 SI.
fn slice_kind(nal: &[u8]) -> Option<u32> {
    let raw = unescape(nal.get(1..)?, 24);
    let mut bits = Bits::new(&raw);
    bits.ue()?;
    bits.ue().map(|kind| kind % 5)
}

/// Whether the slice is the first of its picture (`first_mb_in_slice` is 0).
fn begins_picture(nal: &[u8]) -> bool {
    nal.get(1).is_some_and(|byte| byte & 0x80 != 0)
}

/// Whether a SEI NAL unit has a recovery point (D.1.8).
fn has_recovery_point(nal: &[u8]) -> bool {
    let raw = unescape(nal.get(1..).unwrap_or(&[]), 4096);
    let mut rest = raw.as_slice();
    while rest.len() > 2 {
        let mut number = || {
            let mut value = 0usize;
            loop {
                let (byte, tail) = rest.split_first()?;
                rest = tail;
                value += usize::from(*byte);
                if *byte != 255 {
                    return Some(value);
                }
            }
        };
        let (Some(kind), Some(size)) = (number(), number()) else { return false };
        if kind == 6 {
            return true;
        }
        rest = rest.get(size..).unwrap_or(&[]);
    }
    false
}

/// What an access unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Decoding can start here, given the parameter sets.
    pub keyframe: bool,
    /// An IDR picture: nothing refers across it.
    pub idr: bool,
    /// A picture begins in it.
    pub has_picture: bool,
    /// Its first unit is one that begins an access unit (delimiter, parameter set, SEI, first slice).
    pub begins: bool,
}

/// Looks at an access unit up to its first slice (all slices where it may be a keyframe). `on_sets` sees each
/// parameter set, header byte included.
///
/// A picture of I slices is a keyframe where a recovery point or a SPS stands before it: some encoders repeat
/// the parameter sets at each random access point and send no SEI.
pub fn inspect(payload: &[u8], mut on_sets: impl FnMut(u8, &[u8])) -> Access {
    let mut access = Access::default();
    let (mut entry, mut first) = (false, true);
    let mut units = annexb::units(payload);
    while let Some((_, body)) = units.peek() {
        let Some(kind) = payload.get(body).map(|header| header & 0x1F) else { break };
        let head = &payload[body..];
        if first {
            access.begins = match kind {
                nal::SLICE | nal::IDR => begins_picture(head),
                nal::SEI..=nal::AUD => true,
                _ => false,
            };
            first = false;
        }
        match kind {
            nal::IDR => {
                return Access { keyframe: true, idr: true, has_picture: true, ..access };
            }
            1..=4 => {
                access.has_picture = true;
                if !entry || slice_kind(head) != Some(2) {
                    return Access { keyframe: false, ..access };
                }
                access.keyframe = begins_picture(head);
                units.next();
                continue_slices(&mut units, payload, &mut access);
                return access;
            }
            _ => {}
        }
        let Some(unit) = units.next() else { break };
        match kind {
            nal::SPS | nal::PPS => {
                entry |= kind == nal::SPS;
                on_sets(kind, unit.bytes);
            }
            nal::SEI => entry |= has_recovery_point(unit.bytes),
            _ => {}
        }
    }
    access
}

/// The other slices of a picture that may be a keyframe: one that is not I makes it none.
fn continue_slices(units: &mut annexb::Units<'_>, payload: &[u8], access: &mut Access) {
    while let Some((_, body)) = units.peek() {
        let head = &payload[body..];
        let Some(kind) = head.first().map(|header| header & 0x1F) else { return };
        // The next picture in the same PES packet, or the second field, which may be P.
        if !matches!(kind, 1..=4) || begins_picture(head) {
            return;
        }
        if slice_kind(head) != Some(2) {
            access.keyframe = false;
            return;
        }
        units.next();
    }
}

/// Where parameter sets that are missing are to be put: after a delimiter that comes first, else at the front.
pub fn insertion_point(payload: &[u8]) -> usize {
    let mut units = annexb::units(payload);
    match units.next() {
        Some(unit) if unit.bytes.first().is_some_and(|header| header & 0x1F == nal::AUD) => {
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

    /// x264, High, 1920x1080 progressive, 25 fps.
    const SPS: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
        0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58,
    ];

    #[test]
    fn reads_dimensions_profile_and_rate() {
        let sps = Sps::parse(SPS).expect("a parameter set");
        assert_eq!((sps.width, sps.height, sps.interlaced, sps.millihertz), (1920, 1080, false, 25_000));
        assert_eq!(sps.rfc6381(), "avc1.640028");
    }

    fn stream(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    #[test]
    fn tells_keyframes() {
        let (aud, pps, idr) = (&[0x09, 0xF0][..], &[0x68, 0xEB][..], &[0x65, 0x88, 0x80][..]);
        // first_mb 0, slice_type 7 (I): 1 0001000; slice_type 5 (P): 1 00110
        let (i_slice, p_slice) = (&[0x41, 0x88, 0x80][..], &[0x41, 0x98, 0x80][..]);
        let recovery = &[0x06, 0x06, 0x01, 0xC4, 0x80][..];
        let look = |units: &[&[u8]]| inspect(&stream(units), |_, _| {});
        assert!(look(&[aud, SPS, pps, idr]).idr);
        assert!(look(&[aud, recovery, i_slice]).keyframe && !look(&[aud, recovery, i_slice]).idr);
        assert!(!look(&[aud, recovery, p_slice]).keyframe);
        assert!(!look(&[aud, i_slice]).keyframe);
        assert!(look(&[aud, SPS, pps, i_slice]).keyframe);
        assert!(look(&[p_slice]).begins && look(&[aud, p_slice]).has_picture);
        assert!(!look(&[&[0x41, 0x5A]]).begins);
    }

    #[test]
    fn parameter_sets_go_after_the_delimiter() {
        let payload = stream(&[&[0x09, 0xF0], &[0x65, 0x88]]);
        assert_eq!(insertion_point(&payload), 6);
        assert_eq!(insertion_point(&payload[6..]), 0);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..400)) {
            let _ = (inspect(&bytes, |_, nal| { let _ = (Sps::parse(nal), pps_id(nal)); }), insertion_point(&bytes));
            let _ = (Sps::parse(&bytes), has_recovery_point(&bytes));
            let mut damaged = SPS.to_vec();
            for (n, byte) in bytes.iter().enumerate().take(20) {
                let len = damaged.len();
                damaged[(n * 7 + 4) % len] ^= byte;
            }
            let _ = Sps::parse(&damaged);
        }
    }
}
