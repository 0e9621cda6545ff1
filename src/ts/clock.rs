//! 33-bit arithmetic: PTS, DTS and PCR bases count modulo 2^33 ticks of 90 kHz, about 26.5 hours
//! (ISO 13818-1, 2.4.3.6).

/// The modulus of time stamps.
pub const WRAP: i64 = 1 << 33;

/// `time` as a stamp.
pub fn wrap(time: i64) -> u64 {
    time.rem_euclid(WRAP) as u64
}

/// How far `stamp` is from `reference`, by the shorter way round.
pub fn distance(stamp: u64, reference: u64) -> i64 {
    let ahead = (stamp as i64).wrapping_sub(reference as i64).rem_euclid(WRAP);
    if ahead >= WRAP / 2 { ahead - WRAP } else { ahead }
}

/// The unwrapped time nearest to `reference` that `stamp` stands for.
pub fn unwrap(stamp: u64, reference: i64) -> i64 {
    reference.saturating_add(distance(stamp, wrap(reference)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wrap_is_a_small_step() {
        assert_eq!(distance(5, (WRAP - 5) as u64), 10);
        assert_eq!(distance((WRAP - 5) as u64, 5), -10);
        assert_eq!(unwrap(3600, WRAP - 1), WRAP + 3600);
        assert_eq!(unwrap((WRAP - 1) as u64, 0), -1);
        assert_eq!(wrap(-1), (WRAP - 1) as u64);
    }

    proptest! {
        #[test]
        fn unwrapping_undoes_wrapping(reference in -(1i64 << 50)..(1i64 << 50), step in -(WRAP / 2)..(WRAP / 2)) {
            prop_assert_eq!(unwrap(wrap(reference + step), reference), reference + step);
        }
    }
}
