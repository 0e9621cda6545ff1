//! One transport packet (ISO 13818-1, 2.4.3.2), looked at in place.

use super::clock;

/// Bytes of a packet.
pub const PACKET: usize = 188;
/// The first byte of each.
pub const SYNC: u8 = 0x47;
/// The PID of stuffing.
pub const NULL_PID: u16 = 0x1FFF;

/// A view of one aligned packet.
#[derive(Clone, Copy)]
pub struct Packet<'a>(&'a [u8; PACKET]);

impl<'a> Packet<'a> {
    /// Looks at 188 bytes; `None` where the length or the sync byte is wrong.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let bytes: &[u8; PACKET] = bytes.try_into().ok()?;
        (bytes[0] == SYNC).then_some(Self(bytes))
    }

    /// The packet's bytes.
    pub fn bytes(&self) -> &'a [u8; PACKET] {
        self.0
    }

    /// `PID`.
    pub fn pid(&self) -> u16 {
        u16::from(self.0[1] & 0x1F) << 8 | u16::from(self.0[2])
    }

    /// `transport_error_indicator`: a demodulator says the packet is damaged.
    pub fn has_error(&self) -> bool {
        self.0[1] & 0x80 != 0
    }

    /// `payload_unit_start_indicator`: a PES packet or a section begins here.
    pub fn starts_unit(&self) -> bool {
        self.0[1] & 0x40 != 0
    }

    /// `transport_scrambling_control` is not 0.
    pub fn is_scrambled(&self) -> bool {
        self.0[3] & 0xC0 != 0
    }

    /// `continuity_counter`.
    pub fn counter(&self) -> u8 {
        self.0[3] & 0x0F
    }

    /// Whether there is a payload.
    pub fn has_payload(&self) -> bool {
        self.0[3] & 0x10 != 0
    }

    /// The adaptation field after its length byte; `None` where there is none or where its length is impossible.
    fn adaptation(&self) -> Option<&'a [u8]> {
        if self.0[3] & 0x20 == 0 {
            return None;
        }
        self.0.get(5..5 + usize::from(self.0[4])).filter(|field| !field.is_empty())
    }

    /// The payload; empty where there is none.
    pub fn payload(&self) -> &'a [u8] {
        if !self.has_payload() {
            return &[];
        }
        let from = if self.0[3] & 0x20 == 0 { 4 } else { 5 + usize::from(self.0[4]) };
        self.0.get(from..).unwrap_or(&[])
    }

    /// `discontinuity_indicator`.
    pub fn is_discontinuous(&self) -> bool {
        self.adaptation().is_some_and(|field| field[0] & 0x80 != 0)
    }

    /// `random_access_indicator`.
    pub fn is_random_access(&self) -> bool {
        self.adaptation().is_some_and(|field| field[0] & 0x40 != 0)
    }

    /// The PCR's base, in 90 kHz ticks of 33 bits, and its extension (27 MHz, 0..300).
    pub fn pcr(&self) -> Option<(u64, u16)> {
        let field = self.adaptation().filter(|field| field[0] & 0x10 != 0)?;
        let raw = field.get(1..7)?;
        let base =
            u64::from(u32::from_be_bytes([raw[0], raw[1], raw[2], raw[3]])) << 1 | u64::from(raw[4] >> 7);
        Some((base, u16::from(raw[4] & 1) << 8 | u16::from(raw[5])))
    }

    /// Whether the packet is filled up with stuffing: multiplexers do so at the end of a PES packet.
    pub fn is_stuffed(&self) -> bool {
        if self.0[3] & 0x20 == 0 {
            return false;
        }
        let Some(field) = self.adaptation() else { return true };
        let flags = field[0];
        let mut used = 1 + 6 * usize::from(flags & 0x10 != 0) + 6 * usize::from(flags & 0x08 != 0);
        used += usize::from(flags & 0x04 != 0);
        for bit in [0x02, 0x01] {
            if flags & bit != 0 {
                used += 1 + field.get(used).map_or(0, |length| usize::from(*length));
            }
        }
        field.len() > used
    }
}

/// The six bytes of a PCR: `time` in unwrapped 90 kHz ticks, the extension in 27 MHz.
pub fn pcr_bytes(time: i64, extension: u16) -> [u8; 6] {
    let base = clock::wrap(time);
    let top = ((base >> 1) as u32).to_be_bytes();
    [
        top[0],
        top[1],
        top[2],
        top[3],
        ((base & 1) as u8) << 7 | 0x7E | (extension >> 8) as u8 & 1,
        extension as u8,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_fields_of_a_packet() {
        let mut raw = [0xFF; PACKET];
        raw[..5].copy_from_slice(&[0x47, 0x41, 0x00, 0x3A, 20]);
        raw[5] = 0x50;
        raw[6..12].copy_from_slice(&pcr_bytes((1 << 33) - 1, 299));
        let packet = Packet::new(&raw).expect("a packet");
        assert_eq!((packet.pid(), packet.counter()), (0x100, 10));
        assert!(packet.starts_unit() && packet.is_random_access() && !packet.is_discontinuous());
        assert!(!packet.has_error() && !packet.is_scrambled() && packet.is_stuffed());
        assert_eq!(packet.pcr(), Some(((1 << 33) - 1, 299)));
        assert_eq!(packet.payload().len(), PACKET - 25);
    }

    #[test]
    fn an_impossible_adaptation_field_leaves_no_payload() {
        let mut raw = [0; PACKET];
        raw[..5].copy_from_slice(&[0x47, 0, 0, 0x30, 250]);
        let packet = Packet::new(&raw).expect("a packet");
        assert!(packet.payload().is_empty());
        assert_eq!(packet.pcr(), None);
    }

    proptest! {
        #[test]
        fn never_panics(raw in proptest::collection::vec(any::<u8>(), PACKET)) {
            let mut raw = raw;
            raw[0] = SYNC;
            let packet = Packet::new(&raw).expect("188 bytes");
            let _ = (packet.payload(), packet.pcr(), packet.is_stuffed(), packet.is_random_access());
        }

        #[test]
        fn a_pcr_comes_back(time in 0i64..(1 << 33), extension in 0u16..300) {
            let mut raw = [0; PACKET];
            raw[..6].copy_from_slice(&[0x47, 0, 0, 0x20, 183, 0x10]);
            raw[6..12].copy_from_slice(&pcr_bytes(time, extension));
            prop_assert_eq!(Packet::new(&raw).and_then(|p| p.pcr()), Some((time as u64, extension)));
        }
    }
}
