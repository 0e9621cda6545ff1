//! The programme association table (ISO 13818-1, 2.4.4.3).

use super::psi;

/// Programmes, in the table's order: number and PMT PID. Number 0 (the network) is left out.
pub fn parse(section: &[u8]) -> Option<Vec<(u16, u16)>> {
    let (_, _, body) = psi::open(section, 0)?;
    let entries = body.chunks_exact(4).map(|entry| {
        (u16::from_be_bytes([entry[0], entry[1]]), u16::from_be_bytes([entry[2], entry[3]]) & 0x1FFF)
    });
    Some(entries.filter(|(number, _)| *number != 0).collect())
}

/// A table with one programme.
pub fn write(stream_id: u16, version: u8, programme: u16, pmt_pid: u16) -> Vec<u8> {
    let [number_high, number_low] = programme.to_be_bytes();
    let [pid_high, pid_low] = (pmt_pid | 0xE000).to_be_bytes();
    psi::close(0, stream_id, version, &[number_high, number_low, pid_high, pid_low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let table = write(1, 0, 1, 0x1000);
        assert_eq!(parse(&table), Some(vec![(1, 0x1000)]));
        let mut damaged = table;
        damaged[9] ^= 1;
        assert_eq!(parse(&damaged), None);
    }
}
