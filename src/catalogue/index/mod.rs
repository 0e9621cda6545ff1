//! What is asked of all channels at once, answered from memory: search, pages, counts, ids.
//!
//! An index is immutable; a new list, an edit or a rule makes a new one, and whoever holds the old one goes on with it.
//! It holds positions, not channels: what is shown of the few that a page has comes from the store.

mod list;
mod search;

pub(super) use list::{Entry, Flags, List, TooLarge, hash_of};
pub(super) use search::{Hit, Order, Wanted};

use crate::store::channels::Group;
use crate::store::imports;
use crate::wire::catalogue::{Category, Stats};
use std::collections::HashMap;
use std::sync::Arc;

/// All lists that count.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By provider.
    pub(super) lists: Vec<Arc<List>>,
    /// Every group there is, by number.
    pub(super) groups: HashMap<i64, Arc<Group>>,
}

impl Index {
    /// The same with another list of that list's provider.
    pub(super) fn with(&self, list: Arc<List>, groups: HashMap<i64, Arc<Group>>) -> Self {
        let mut lists = self.without(list.provider).lists;
        let at = lists.partition_point(|other| other.provider < list.provider);
        lists.insert(at, list);
        Self { lists, groups }
    }

    /// The same without that provider's list.
    pub(super) fn without(&self, provider: i64) -> Self {
        let lists = self.lists.iter().filter(|list| list.provider != provider).cloned().collect();
        Self { lists, groups: self.groups.clone() }
    }

    /// Rows whose channel may have this id.
    pub(super) fn rows_of(&self, channel_id: &str) -> Vec<(i64, Hit)> {
        let hash = hash_of(channel_id);
        let hits = self
            .lists
            .iter()
            .enumerate()
            .flat_map(|(list, of)| of.with_id(hash).map(move |position| Hit { list, position }));
        hits.map(|hit| (self.row(hit), hit)).collect()
    }

    /// The row of a hit.
    pub(super) fn row(&self, hit: Hit) -> i64 {
        imports::rows(self.lists[hit.list].generation).start + i64::from(hit.position)
    }

    /// Listed channels by kind.
    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.each(|list, position| {
            *match imports::kind_of(list.flags(position).kind()) {
                Category::Tv => &mut stats.tv,
                Category::Movies => &mut stats.movies,
                Category::Series => &mut stats.series,
                Category::Other => &mut stats.other,
            } += 1;
            stats.total += 1;
        });
        stats
    }

    /// Listed channels of each group that has any.
    pub(super) fn group_counts(&self) -> HashMap<i64, u64> {
        let mut counts = HashMap::new();
        self.each(|list, position| {
            if let Some(group) = list.group(position) {
                *counts.entry(group).or_insert(0) += 1;
            }
        });
        counts
    }

    fn each(&self, mut each: impl FnMut(&List, u32)) {
        for list in &self.lists {
            let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
            (0..count)
                .filter(|position| !list.flags(*position).has(Flags::HIDDEN))
                .for_each(|position| each(list, position));
        }
    }
}
