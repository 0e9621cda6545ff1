//! Program-specific information: sections, their CRC, and how they lie in packets (ISO 13818-1, 2.4.4).

use super::packet::{PACKET, SYNC};

/// The longest section: 12 bits of length, capped by the standard at 4,093, and three bytes before it.
pub const MAX_SECTION: usize = 4096;

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut value = (n as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 0x8000_0000 != 0 { value << 1 ^ 0x04C1_1DB7 } else { value << 1 };
            bit += 1;
        }
        table[n] = value;
        n += 1;
    }
    table
}

static CRC_TABLE: [u32; 256] = crc_table();

/// CRC-32/MPEG-2. Over a whole section, CRC included, it is 0.
pub fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| crc << 8 ^ CRC_TABLE[usize::from((crc >> 24) as u8 ^ byte)])
}

/// Puts the sections of one PID together.
#[derive(Debug, Default)]
pub struct Sections {
    buffer: Vec<u8>,
    collecting: bool,
    counter: Option<u8>,
}

impl Sections {
    /// Takes the next packet's payload; `each` sees every whole section, CRC not yet checked.
    pub fn push(&mut self, payload: &[u8], starts_unit: bool, counter: u8, mut each: impl FnMut(&[u8])) {
        match self.counter.replace(counter) {
            // A repeated start is harmless, and some multiplexers never count at all.
            Some(last) if last == counter && !starts_unit => return,
            Some(last) if last == counter => {}
            Some(last) if last.wrapping_add(1) & 0x0F != counter => self.drop_open(),
            _ => {}
        }
        if !starts_unit {
            if self.collecting {
                self.buffer.extend_from_slice(payload);
                self.take_whole(&mut each);
            }
            return;
        }
        let Some((pointer, rest)) = payload.split_first() else { return };
        let Some((tail, fresh)) = rest.split_at_checked(usize::from(*pointer)) else {
            self.drop_open();
            return;
        };
        if self.collecting {
            self.buffer.extend_from_slice(tail);
            self.take_whole(&mut each);
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(fresh);
        self.collecting = true;
        self.take_whole(&mut each);
    }

    fn drop_open(&mut self) {
        self.buffer.clear();
        self.collecting = false;
    }

    fn take_whole(&mut self, each: &mut impl FnMut(&[u8])) {
        let mut at = 0;
        loop {
            match self.buffer.get(at..) {
                Some([0xFF, ..]) => {
                    self.drop_open();
                    return;
                }
                Some(rest @ [_, high, low, ..]) => {
                    let length = 3 + (usize::from(high & 0x0F) << 8 | usize::from(*low));
                    let Some(section) = rest.get(..length) else { break };
                    each(section);
                    at += length;
                }
                _ => break,
            }
        }
        self.buffer.drain(..at);
        if self.buffer.len() > MAX_SECTION {
            self.drop_open();
        }
    }
}

/// The body of a whole section with a valid CRC, current and of this table: `(table_id_extension, version, body)`.
pub fn open(section: &[u8], table: u8) -> Option<(u16, u8, &[u8])> {
    let head = section.get(..8)?;
    if head[0] != table || head[1] & 0x80 == 0 || head[5] & 1 == 0 || crc32(section) != 0 {
        return None;
    }
    let body = section.get(8..section.len().checked_sub(4)?)?;
    Some((u16::from_be_bytes([head[3], head[4]]), head[5] >> 1 & 0x1F, body))
}

/// A whole section, CRC included.
pub fn close(table: u8, extension: u16, version: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 9) as u16;
    let [high, low] = length.to_be_bytes();
    let [ext_high, ext_low] = extension.to_be_bytes();
    let mut section = Vec::with_capacity(body.len() + 12);
    section.extend_from_slice(&[
        table,
        0xB0 | high & 0x0F,
        low,
        ext_high,
        ext_low,
        0xC1 | (version & 0x1F) << 1,
        0,
        0,
    ]);
    section.extend_from_slice(body);
    let crc = crc32(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section
}

/// Lays a section into packets of `pid`, counting on in `counter` (the last one used).
pub fn packetise(section: &[u8], pid: u16, counter: &mut u8, mut each: impl FnMut(&[u8; PACKET])) {
    let mut rest = section;
    let mut first = true;
    while first || !rest.is_empty() {
        let mut packet = [0xFF; PACKET];
        *counter = counter.wrapping_add(1) & 0x0F;
        let [high, low] = pid.to_be_bytes();
        packet[..4].copy_from_slice(&[SYNC, high & 0x1F | u8::from(first) << 6, low, 0x10 | *counter]);
        let from = if first { 5 } else { 4 };
        if first {
            packet[4] = 0;
        }
        let count = rest.len().min(PACKET - from);
        packet[from..from + count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
        first = false;
        each(&packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ts::Packet;
    use proptest::prelude::*;

    #[test]
    fn crc_is_the_one_of_mpeg() {
        assert_eq!(crc32(b"123456789"), 0x0376_E6E7);
    }

    proptest! {
        #[test]
        fn sections_survive_packets(body in proptest::collection::vec(any::<u8>(), 1..1000), version in 0u8..32) {
            let section = close(0x02, 7, version, &body);
            let mut sections = Sections::default();
            let (mut counter, mut found) = (15, Vec::new());
            for _ in 0..2 {
                packetise(&section, 0x1000, &mut counter, |raw| {
                    let packet = Packet::new(raw).expect("a packet");
                    sections.push(packet.payload(), packet.starts_unit(), packet.counter(), |s| found.push(s.to_vec()));
                });
            }
            prop_assert_eq!(found.len(), 2);
            prop_assert_eq!(open(&found[0], 0x02), Some((7, version, body.as_slice())));
        }

        #[test]
        fn random_payloads_never_panic(
            payloads in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..184), any::<bool>()), 0..60)
        ) {
            let mut sections = Sections::default();
            for (n, (payload, start)) in payloads.iter().enumerate() {
                sections.push(payload, *start, (n % 16) as u8, |section| { let _ = open(section, 0); });
                prop_assert!(sections.buffer.len() <= MAX_SECTION);
            }
        }
    }
}
