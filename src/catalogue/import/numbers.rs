//! Channel numbers that are taken: a number never changes by itself, so a new channel can't have another's.

use std::collections::HashSet;

/// Empty where there was no list before: then the provider's numbers are taken as they are.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    taken: Option<HashSet<u32>>,
    highest: f32,
}

impl Numbers {
    /// Those of the list before.
    pub(super) fn of(numbers: impl Iterator<Item = f32>) -> Self {
        let mut all = Self { taken: Some(HashSet::new()), highest: 0.0 };
        numbers.for_each(|number| all.take(number));
        all
    }

    /// The number of a new channel: the one that it wants, or the next after all others.
    #[allow(clippy::cast_possible_truncation)] // numbers of channels, compared as the index holds them
    pub(super) fn free(&mut self, wanted: Option<f64>) -> Option<f64> {
        let wanted = wanted?;
        let Some(taken) = &self.taken else { return Some(wanted) };
        let number = if taken.contains(&(wanted as f32).to_bits()) {
            f64::from(self.highest.floor()) + 1.0
        } else {
            wanted
        };
        self.take(number as f32);
        Some(number)
    }

    fn take(&mut self, number: f32) {
        if let Some(taken) = &mut self.taken {
            taken.insert(number.to_bits());
        }
        self.highest = self.highest.max(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_channel_takes_no_number_that_another_has() {
        let mut numbers = Numbers::of([1.0, 2.0, 5.5].into_iter());
        assert_eq!(numbers.free(Some(3.0)), Some(3.0));
        assert_eq!(numbers.free(Some(2.0)), Some(6.0));
        assert_eq!(numbers.free(Some(6.0)), Some(7.0));
        assert_eq!(numbers.free(None), None);
        let mut first = Numbers::default();
        assert_eq!((first.free(Some(2.0)), first.free(Some(2.0))), (Some(2.0), Some(2.0)));
    }
}
