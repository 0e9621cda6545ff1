//! Channel numbers that are taken: a number never changes by itself, so a new channel can't have another's. Each kind
//! counts for itself, as panels count each of their lists.

use std::collections::HashSet;

/// Kinds there are.
const KINDS: usize = 4;

/// Empty where there was no list before: then the provider's numbers are taken as they are.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    taken: Option<[HashSet<u32>; KINDS]>,
    highest: [f32; KINDS],
}

impl Numbers {
    /// Those of the list before, with their kinds.
    pub(super) fn of(numbers: impl Iterator<Item = (u8, f32)>) -> Self {
        let mut all = Self { taken: Some(Default::default()), highest: [0.0; KINDS] };
        numbers.for_each(|(kind, number)| all.take(kind, number));
        all
    }

    /// The number of a new channel: the one that it wants, or the next after all others.
    #[allow(clippy::cast_possible_truncation)] // numbers of channels, compared as the index holds them
    pub(super) fn free(&mut self, kind: u8, wanted: Option<f64>) -> Option<f64> {
        let wanted = wanted?;
        let Some(taken) = self.taken.as_ref().and_then(|taken| taken.get(usize::from(kind))) else {
            return Some(wanted);
        };
        let highest = self.highest.get(usize::from(kind)).copied().unwrap_or_default();
        let is_taken = taken.contains(&(wanted as f32).to_bits());
        let number = if is_taken { f64::from(highest.floor()) + 1.0 } else { wanted };
        self.take(kind, number as f32);
        Some(number)
    }

    fn take(&mut self, kind: u8, number: f32) {
        let kind = usize::from(kind);
        if let Some(taken) = self.taken.as_mut().and_then(|taken| taken.get_mut(kind)) {
            taken.insert(number.to_bits());
        }
        if let Some(highest) = self.highest.get_mut(kind) {
            *highest = highest.max(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_channel_takes_no_number_that_another_has() {
        let mut numbers = Numbers::of([(0, 1.0), (0, 2.0), (0, 5.5), (1, 3.0)].into_iter());
        assert_eq!(numbers.free(0, Some(3.0)), Some(3.0));
        assert_eq!(numbers.free(0, Some(2.0)), Some(6.0));
        assert_eq!(numbers.free(0, Some(6.0)), Some(7.0));
        assert_eq!(numbers.free(1, Some(2.0)), Some(2.0), "films count for themselves");
        assert_eq!(numbers.free(0, None), None);
        let mut first = Numbers::default();
        assert_eq!((first.free(0, Some(2.0)), first.free(0, Some(2.0))), (Some(2.0), Some(2.0)));
    }
}
