use super::super::Revision;
use super::super::item::{Kind, Logo};
use super::super::pieces::{M3u, bytes};
use super::*;
use std::collections::{BTreeMap, HashMap, HashSet};

fn text(spec: &Spec) -> Vec<u8> {
    bytes(Box::new(M3u::new(spec.clone())))
}

#[test]
fn a_thousand_entries_have_every_quirk() {
    for seed in 0..8 {
        let spec = Spec { seed, ..Spec::of(1000) };
        let mut seen: BTreeMap<Quirk, usize> = BTreeMap::new();
        for (_, entry) in List::new(&spec).entries_from(0) {
            *seen.entry(entry.quirk).or_default() += 1;
        }
        for (quirk, _) in quirk::RATES {
            assert!(seen.contains_key(&quirk), "seed {seed} has no {quirk:?}");
        }
        assert!(seen[&Quirk::Plain] > 700, "{seen:?}");
    }
}

#[test]
fn rates_are_exact_where_no_sticky_group_forbids() {
    let spec = Spec::of(12 * quirk::RUN as u64);
    let list = List::new(&spec);
    for (quirk, rate) in quirk::RATES.into_iter().filter(|(quirk, _)| !quirk.has_group()) {
        let count = (0..spec.size - 1).filter(|&index| list.entry(index).quirk == quirk).count();
        assert!((12 * rate - 1..=12 * rate).contains(&count), "{quirk:?}: {count}");
    }
}

#[test]
fn the_truth_is_what_stands_in_the_list() {
    let spec = Spec::of(5000);
    let (list, truth) = (List::new(&spec), List::new(&spec).truth());
    let items: Vec<Item> = list.items().collect();
    assert_eq!(truth.total, items.len() as u64);
    assert_eq!(truth.total + truth.odd + truth.repeated, 5000);
    assert!(truth.odd >= 35 && truth.repeated >= 15, "{truth:?}");
    let mut kinds: HashMap<Kind, u64> = HashMap::new();
    items.iter().for_each(|item| *kinds.entry(item.kind).or_default() += 1);
    assert!(Kind::ALL.into_iter().all(|kind| truth.of(kind) == kinds[&kind]));
    assert!(truth.of(Kind::Series) > 4000 && truth.of(Kind::Movies) > 450, "{truth:?}");
    let grouped = items.iter().filter(|item| item.group.is_some()).count() as u64;
    assert_eq!(truth.groups.values().sum::<u64>(), grouped);
    assert!(grouped < truth.total && items.iter().any(|item| matches!(item.logo, Logo::Data(_))));

    let list = String::from_utf8_lossy(&text(&spec)).into_owned();
    assert_eq!(list.matches("#EXTINF:").count(), 5000);
    let names: HashSet<_> = items.iter().filter_map(|item| item.name.as_deref()).collect();
    assert!(names.len() > 4850, "{}", names.len());
}

#[test]
fn every_item_stands_there_as_it_is() {
    let spec = Spec::of(700);
    let list = String::from_utf8_lossy(&text(&spec)).into_owned();
    for (_, entry) in List::new(&spec).entries_from(0) {
        let item = entry.outcome.item();
        // Where quirks don't change how these are written.
        let address = !matches!(entry.quirk, Quirk::NoAddress | Quirk::BadAddress | Quirk::Slip);
        assert_eq!(list.contains(&item.source.url), address, "{entry:?}");
        if let Some(name) = item.name.as_ref().filter(|_| entry.quirk != Quirk::Latin1) {
            assert!(list.contains(name), "{entry:?}");
        }
        if let Some(group) = item.group.as_ref() {
            assert!(list.contains(group) || entry.quirk == Quirk::Latin1, "{entry:?}");
        }
    }
}

#[test]
fn heads_line_ends_and_giants_are_as_told() {
    let spec = Spec { bom: true, crlf: true, giant: 1 << 20, ..Spec::of(1000) };
    let list = text(&spec);
    assert!(list.starts_with(b"\xef\xbb\xbf#EXTM3U "));
    let lines = list.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    assert!(lines.clone().all(|line| line.ends_with(b"\r")));
    assert!(lines.clone().any(|line| line.len() > 1 << 20));
    let bare = text(&Spec { header: false, ..Spec::of(10).plain() });
    assert!(bare.starts_with(b"#EXTINF"));
    assert_eq!(text(&Spec::of(777)), text(&Spec::of(777)));
    assert_ne!(text(&Spec::of(777)), text(&Spec { seed: 2, ..Spec::of(777) }));
}

#[test]
fn ungrouped_channels_stand_above_every_sticky_group() {
    for seed in 0..4 {
        let list = text(&Spec { seed, ..Spec::of(20_000) });
        let list = String::from_utf8_lossy(&list).into_owned();
        let first = list.find("#EXTGRP:").expect("a sticky group");
        let ungrouped = list.lines().filter(|l| l.starts_with("#EXTINF") && !l.contains("group-title="));
        let without: Vec<&str> = ungrouped.collect();
        assert!(list.matches("#EXTGRP:").count() > 50);
        assert!(without.len() > 600);
        let items =
            List::new(&Spec { seed, ..Spec::of(20_000) }).items().filter(|item| item.group.is_none()).count();
        let above = list[..first].matches("#EXTINF").count();
        assert!(items > 20 && items < above, "{items} {above}");
    }
}

#[test]
fn revisions_change_what_they_say_and_no_more() {
    let before = Spec::of(4000);
    let after = |revision: Revision| Spec { revision, ..before.clone() };
    let items = |spec: &Spec| -> HashMap<u64, Item> {
        List::new(spec).items().map(|item| (item.index, item)).collect()
    };
    let old = items(&before);
    let share = |spec: &Spec, differs: fn(&Item, &Item) -> bool| {
        let new = items(spec);
        let both: Vec<_> = new.iter().filter_map(|(index, item)| Some((old.get(index)?, item))).collect();
        both.iter().filter(|(a, b)| differs(a, b)).count() as f64 / both.len() as f64
    };
    let renamed = after(Revision { rename: 200, ..Revision::number(1) });
    assert!((0.17..0.23).contains(&share(&renamed, |a, b| a.name != b.name)));
    assert_eq!(share(&renamed, |a, b| a.source != b.source || a.group != b.group), 0.0);
    let moved = after(Revision { regroup: 300, ..Revision::number(1) });
    assert!((0.15..0.3).contains(&share(&moved, |a, b| a.group != b.group)));
    assert_eq!(share(&moved, |a, b| a.source != b.source || a.name != b.name), 0.0);
    let tokens = after(Revision { tokens: true, ..Revision::number(1) });
    assert!(share(&tokens, |a, b| a.source != b.source) > 0.98);
    assert_eq!(share(&tokens, |a, b| a.name != b.name || a.group != b.group || a.number != b.number), 0.0);

    let shuffled = after(Revision { shuffle: true, ..Revision::number(1) });
    let order = |spec: &Spec| List::new(spec).items().map(|item| item.index).collect::<Vec<_>>();
    let (mut one, mut other) = (order(&before), order(&shuffled));
    assert_ne!(one, other);
    one.sort_unstable();
    other.sort_unstable();
    // A sticky group forbids some quirks, and there are none in another order.
    let differing = one.iter().filter(|index| other.binary_search(index).is_err()).count();
    assert!(differing < 40, "{differing}");
    assert!(!String::from_utf8_lossy(&text(&shuffled)).contains("#EXTGRP"));

    let half = after(Revision { keep: 400, ..Revision::number(1) });
    assert!((0.36..0.44).contains(&(List::new(&half).truth().total as f64 / old.len() as f64)));
    let more = after(Revision { add: 100, ..Revision::number(1) });
    assert!(List::new(&more).truth().total > old.len() as u64 + 90);
}
