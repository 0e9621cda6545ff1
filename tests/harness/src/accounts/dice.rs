//! Chance that repeats itself: every draw is a function of the seed, an index and a purpose, so that any entry of a
//! million can be made again without the others.

/// A 64-bit hash (the finaliser of SplitMix64).
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0xD1B5_4A32_D192_ED03);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A row of draws.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The row of this index for this purpose.
    pub fn new(seed: u64, index: u64, purpose: u64) -> Self {
        Self(mix(mix(seed, purpose), index))
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0, 0)
    }

    /// From 0 to `n` - 1.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(n.max(1))) >> 64) as u64
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// # Panics
    /// Where there is nothing to pick from.
    pub fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

/// Where `index` stands in a table of `width` (a power of two) slots: every run of `width` indices takes each slot
/// exactly once, in an order of its own. That is how a quirk's rate is exact.
pub fn slot(seed: u64, index: u64, width: u64) -> usize {
    let turn = mix(seed, index / width);
    let (odd, shift, half) = (turn | 1, turn >> 32, width.trailing_zeros() / 2);
    // Each step is one to one, and together they tear neighbours apart.
    let mut slot = index.wrapping_mul(odd).wrapping_add(shift) & (width - 1);
    for step in 1..3 {
        slot ^= slot >> half;
        slot = slot.wrapping_mul(turn >> (7 * step) | 1) & (width - 1);
    }
    (slot ^ slot >> half) as usize
}

/// The `position`-th of `total` in another order: a permutation.
pub fn shuffled(seed: u64, position: u64, total: u64) -> u64 {
    let mut step = (total * 5 / 8) | 1;
    while gcd(step, total) != 1 {
        step += 2;
    }
    let (position, step, total) = (u128::from(position), u128::from(step), u128::from(total));
    ((position * step + u128::from(mix(seed, 7)) % total) % total) as u64
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn slots_and_orders_are_permutations() {
        for block in 0..20 {
            let slots: BTreeSet<_> = (0..256).map(|i| slot(5, block * 256 + i, 256)).collect();
            assert_eq!(slots.len(), 256);
        }
        for total in [1, 2, 3, 999, 1000, 1001, 4096] {
            let order: BTreeSet<_> = (0..total).map(|p| shuffled(3, p, total)).collect();
            assert_eq!((order.len() as u64, order.last().copied()), (total, Some(total - 1)), "{total}");
        }
        assert_ne!(shuffled(3, 0, 1000) + 1, shuffled(3, 1, 1000));
    }

    #[test]
    fn draws_repeat_and_spread() {
        let row = |seed, index| -> Vec<u64> {
            let mut dice = Dice::new(seed, index, 1);
            (0..100).map(|_| dice.below(10)).collect()
        };
        assert_eq!(row(1, 1), row(1, 1));
        assert_ne!(row(1, 1), row(1, 2));
        assert_ne!(row(1, 1), row(2, 1));
        let seen: BTreeSet<u64> = row(1, 1).into_iter().collect();
        assert_eq!(seen.len(), 10);
    }
}
