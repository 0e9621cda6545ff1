//! Byte streams with start codes (ITU-T H.264, annex B; ISO 13818-2 uses the same codes).

use memchr::memmem;

/// Units between start codes.
pub struct Units<'a> {
    bytes: &'a [u8],
    /// Where the next unit's first byte (after its start code) is; `None` at the end.
    next: Option<usize>,
}

/// One unit, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Offset of its start code, a fourth zero byte included.
    pub from: usize,
    /// After the start code, without trailing zeros.
    pub bytes: &'a [u8],
    /// Offset of the first byte after the start code.
    pub body: usize,
}

/// Goes through the units of `bytes`; what stands before the first start code is passed over. Lazy: a
/// caller that stops early does not pay for the rest.
pub fn units(bytes: &[u8]) -> Units<'_> {
    Units { bytes, next: memmem::find(bytes, &[0, 0, 1]).map(|at| at + 3) }
}

impl<'a> Units<'a> {
    /// The next unit's offsets without looking for its end: `(from, body)`.
    pub fn peek(&self) -> Option<(usize, usize)> {
        let body = self.next?;
        let from = body - 3;
        Some((if from > 0 && self.bytes[from - 1] == 0 { from - 1 } else { from }, body))
    }
}

impl<'a> Iterator for Units<'a> {
    type Item = Unit<'a>;

    fn next(&mut self) -> Option<Unit<'a>> {
        let (from, body) = self.peek()?;
        let rest = self.bytes.get(body..)?;
        let found = memmem::find(rest, &[0, 0, 1]);
        self.next = found.map(|at| body + at + 3);
        let mut unit = &rest[..found.unwrap_or(rest.len())];
        while let [head @ .., 0] = unit {
            unit = head;
        }
        Some(Unit { from, bytes: unit, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_at_start_codes() {
        let stream = [9, 0, 0, 0, 1, 0x67, 5, 0, 0, 1, 0x68, 0, 0, 0, 1];
        let found: Vec<_> = units(&stream).map(|unit| (unit.from, unit.bytes)).collect();
        assert_eq!(found, [(1, &[0x67, 5][..]), (7, &[0x68][..]), (11, &[][..])]);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(0u8..3, 0..200)) {
            for unit in units(&bytes) {
                prop_assert!(unit.from < unit.body && unit.body <= bytes.len());
            }
        }
    }
}
