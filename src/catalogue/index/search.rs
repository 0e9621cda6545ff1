//! Finding channels: the rarest word by a scan of all names, the others where that one is.

use super::Index;
use super::list::{Flags, List};
use memchr::memmem::Finder;
use std::cmp::Ordering;
use std::ops::Range;

/// Where a channel stands in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalogue) struct Hit {
    pub(in crate::catalogue) list: usize,
    pub(in crate::catalogue) position: u32,
}

/// Which channels; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::catalogue) struct Wanted {
    /// Folded words; each is somewhere in the name.
    pub(in crate::catalogue) words: Vec<String>,
    /// The folded name as a whole.
    pub(in crate::catalogue) folded: Option<String>,
    /// The kind's number.
    pub(in crate::catalogue) kind: Option<u8>,
    /// Any of these groups. `Some` and empty: nothing.
    pub(in crate::catalogue) groups: Option<Vec<i64>>,
    /// Only this provider's.
    pub(in crate::catalogue) provider: Option<i64>,
    /// Only favourites.
    pub(in crate::catalogue) favourites: bool,
    /// Hidden ones: `None` without them, `Some(true)` only them, `Some(false)` both.
    pub(in crate::catalogue) hidden: Option<bool>,
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::catalogue) enum Order {
    /// As the providers have them.
    #[default]
    Listed,
    /// By name.
    Name {
        /// The last first.
        down: bool,
    },
    /// By number; those without come last.
    Number {
        /// The last first.
        down: bool,
    },
}

impl Index {
    /// How many there are, and those of `page`.
    pub(in crate::catalogue) fn find(
        &self,
        wanted: &Wanted,
        order: Order,
        page: Range<u64>,
    ) -> (Vec<Hit>, u64) {
        let mut total = 0;
        let mut hits = Vec::new();
        self.each_of(wanted, |hit| {
            if order != Order::Listed || page.contains(&total) {
                hits.push(hit);
            }
            total += 1;
        });
        if order != Order::Listed {
            hits = self.sorted(hits, order, page);
        }
        (hits, total)
    }

    /// Every channel that is wanted, in the providers' order.
    pub(in crate::catalogue) fn each_of(&self, wanted: &Wanted, mut each: impl FnMut(Hit)) {
        for (number, list) in self.lists.iter().enumerate() {
            if wanted.provider.is_none_or(|provider| provider == list.provider) {
                matching(list, wanted, |position| each(Hit { list: number, position }));
            }
        }
    }

    /// A page of hits in that order: only what the page needs is sorted.
    fn sorted(&self, mut hits: Vec<Hit>, order: Order, page: Range<u64>) -> Vec<Hit> {
        let within = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(hits.len());
        let (from, to) = (within(page.start), within(page.end));
        let compare = |a: &Hit, b: &Hit| self.compare(order, *a, *b);
        if to < hits.len() {
            hits.select_nth_unstable_by(to, compare);
            hits.truncate(to);
        }
        if from > 0 && from < hits.len() {
            hits.select_nth_unstable_by(from, compare);
        }
        let mut page = hits.split_off(from);
        page.sort_unstable_by(compare);
        page
    }

    fn compare(&self, order: Order, a: Hit, b: Hit) -> Ordering {
        let (of_a, of_b) = (&self.lists[a.list], &self.lists[b.list]);
        let by = match order {
            Order::Listed => Ordering::Equal,
            Order::Name { down } => turned(of_a.name(a.position).cmp(of_b.name(b.position)), down),
            Order::Number { down } => {
                let (x, y) = (of_a.number(a.position), of_b.number(b.position));
                match (x.is_nan(), y.is_nan()) {
                    (false, false) => turned(x.total_cmp(&y), down),
                    (x, y) => x.cmp(&y),
                }
            }
        };
        by.then_with(|| (a.list, a.position).cmp(&(b.list, b.position)))
    }
}

fn turned(ordering: Ordering, down: bool) -> Ordering {
    if down { ordering.reverse() } else { ordering }
}

fn matching(list: &List, wanted: &Wanted, mut each: impl FnMut(u32)) {
    let groups: Option<Vec<u32>> = wanted.groups.as_ref().map(|groups| {
        let mut groups: Vec<u32> = groups.iter().filter_map(|id| u32::try_from(*id).ok()).collect();
        groups.sort_unstable();
        groups
    });
    let fits = |position: u32| {
        let flags = list.flags(position);
        wanted.kind.is_none_or(|kind| kind == flags.kind())
            && match wanted.hidden {
                None => !flags.has(Flags::HIDDEN),
                Some(only) => !only || flags.has(Flags::HIDDEN),
            }
            && (!wanted.favourites || flags.has(Flags::FAVOURITE))
            && groups.as_ref().is_none_or(|groups| {
                let group = list.group(position).and_then(|id| u32::try_from(id).ok());
                group.is_some_and(|id| groups.binary_search(&id).is_ok())
            })
    };
    if groups.as_ref().is_some_and(Vec::is_empty) {
        return;
    }
    let words: Vec<&str> = wanted.folded.iter().chain(&wanted.words).map(String::as_str).collect();
    // The longest word is mostly the rarest.
    let Some(longest) = words.iter().copied().max_by_key(|word| word.len()) else {
        let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
        (0..count).filter(|position| fits(*position)).for_each(each);
        return;
    };
    let others: Vec<Finder<'_>> =
        words.iter().filter(|word| **word != longest).map(|word| Finder::new(word.as_bytes())).collect();
    list.with_bytes(&Finder::new(longest.as_bytes()), |position| {
        if fits(position) {
            let name = list.name(position);
            let whole = wanted.folded.as_ref().is_none_or(|folded| folded.as_bytes() == name);
            if whole && others.iter().all(|word| word.find(name).is_some()) {
                each(position);
            }
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn list(provider: i64, names: &[&str]) -> Arc<List> {
        let mut list = List::new(provider, provider);
        for (n, name) in names.iter().enumerate() {
            let id = format!("{provider}-{n}");
            let flags = Flags((n % 4) as u8 | if n % 5 == 4 { Flags::HIDDEN } else { 0 });
            let number = (n % 3 != 0).then_some(100.0 - n as f64);
            list.push(Entry { channel_id: &id, folded: name, group: Some(n as i64 % 2), flags, number })
                .expect("room");
        }
        Arc::new(list.finish())
    }

    fn index(names: &[&str]) -> Index {
        Index { lists: vec![list(1, names), list(2, &["tele zwei", ""])], ..Index::default() }
    }

    fn names(index: &Index, wanted: &Wanted, order: Order, page: Range<u64>) -> (Vec<String>, u64) {
        let (hits, total) = index.find(wanted, order, page);
        let name = |hit: &Hit| String::from_utf8_lossy(index.lists[hit.list].name(hit.position)).into_owned();
        (hits.iter().map(name).collect(), total)
    }

    #[test]
    fn words_in_any_order_and_of_any_length() {
        let index = index(&["tf1 hd", "tele 5", "hd tf1 tele", "a", "hidden tele", "bb"]);
        let search = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            names(&index, &Wanted { words, ..Wanted::default() }, Order::Listed, 0..10).0
        };
        assert_eq!(search(&["hd", "tf1"]), ["tf1 hd", "hd tf1 tele"]);
        assert_eq!(search(&["tele"]), ["tele 5", "hd tf1 tele", "tele zwei"]);
        assert_eq!(search(&["a"]), ["a"]);
        assert_eq!(search(&["1", "d"]), ["tf1 hd", "hd tf1 tele"]);
        assert_eq!(search(&["hdtele"]), Vec::<String>::new());
        let exact = Wanted { folded: Some("a".into()), ..Wanted::default() };
        assert_eq!(names(&index, &exact, Order::Listed, 0..9).1, 1);
    }

    #[test]
    fn conditions_orders_and_pages() {
        let index = index(&["c", "b", "a", "d", "hidden", "e"]);
        let all = Wanted::default();
        assert_eq!(names(&index, &all, Order::Listed, 1..3), (vec!["b".into(), "a".into()], 7));
        assert_eq!(
            names(&index, &all, Order::Name { down: false }, 1..4).0,
            ["a", "b", "c"],
            "the empty name is first"
        );
        assert_eq!(names(&index, &all, Order::Name { down: true }, 0..2).0, ["tele zwei", "e"]);
        assert_eq!(names(&index, &all, Order::Number { down: false }, 0..3).0, ["e", "a", "b"]);
        assert_eq!(names(&index, &all, Order::Number { down: true }, 0..3).0, ["b", "", "a"]);
        assert_eq!(names(&index, &all, Order::Number { down: false }, 4..99).0, ["c", "d", "tele zwei"]);
        assert_eq!(names(&index, &all, Order::Name { down: false }, 50..60), (vec![], 7));
        let wanted = |change: fn(&mut Wanted)| {
            let mut wanted = Wanted::default();
            change(&mut wanted);
            names(&index, &wanted, Order::Listed, 0..99).0
        };
        assert_eq!(wanted(|w| w.hidden = Some(true)), ["hidden"]);
        assert_eq!(wanted(|w| w.hidden = Some(false)).len(), 8);
        assert_eq!(wanted(|w| w.kind = Some(1)), ["b", "e", ""]);
        assert_eq!(wanted(|w| w.groups = Some(vec![1])), ["b", "d", "e", ""]);
        assert_eq!(wanted(|w| w.groups = Some(vec![])), Vec::<String>::new());
        assert_eq!(wanted(|w| w.provider = Some(2)), ["tele zwei", ""]);
    }

    #[test]
    fn ids_are_found_in_whatever_list() {
        let index = index(&["a", "b"]);
        let rows: Vec<i64> = index.rows_of("1-1").iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [(1 << 24) + 1]);
        assert_eq!(index.rows_of("2-0")[0].1, Hit { list: 1, position: 0 });
        assert!(index.rows_of("none").is_empty());
        assert_eq!(index.stats().total, 4);
        assert_eq!(index.group_counts(), [(0, 2), (1, 2)].into());
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_look_finds(
            names in prop::collection::vec("[ab ]{0,6}", 0..40),
            words in prop::collection::vec("[ab]{1,3}", 0..3),
        ) {
            let texts: Vec<&str> = names.iter().map(String::as_str).collect();
            let index = Index { lists: vec![list(1, &texts)], ..Index::default() };
            let wanted = Wanted { words: words.clone(), hidden: Some(false), ..Wanted::default() };
            let (hits, total) = index.find(&wanted, Order::Listed, 0..1000);
            let plain: Vec<u32> = (0u32..).zip(&names)
                .filter(|(_, name)| words.iter().all(|word| name.contains(word.as_str())))
                .map(|(position, _)| position)
                .collect();
            prop_assert_eq!(hits.iter().map(|hit| hit.position).collect::<Vec<_>>(), plain);
            prop_assert_eq!(total as usize, hits.len());
        }
    }
}
