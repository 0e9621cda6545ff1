//! Pages of lists (contract, section 1).

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: u64,
    /// Items on a page, 1 to [`Paging::MOST`].
    pub per_page: u64,
}

impl Paging {
    /// More than this is taken as this.
    pub const MOST: u64 = 500;

    /// Clamps what was asked for to what is served.
    pub fn new(page: u64, per_page: u64) -> Self {
        Self { page: page.max(1), per_page: per_page.clamp(1, Self::MOST) }
    }

    /// Items before this page.
    pub fn offset(self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Pages that `total` items fill.
    pub fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.per_page)
    }

    /// This page of a list that is at hand whole.
    pub fn slice<T>(self, all: Vec<T>) -> Vec<T> {
        let skip = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let take = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        all.into_iter().skip(skip).take(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_and_counts() {
        let paging = Paging::new(0, 10_000);
        assert_eq!((paging.page, paging.per_page, paging.offset()), (1, 500, 0));
        assert_eq!(Paging::new(3, 10).offset(), 20);
        assert_eq!(Paging::new(1, 10).pages(0), 0);
        assert_eq!(Paging::new(1, 10).pages(21), 3);
        assert_eq!(Paging::new(u64::MAX, 500).offset(), u64::MAX);
        assert_eq!(Paging::new(2, 2).slice(vec![1, 2, 3]), [3]);
    }
}
