//! What a catalogue has, item for item, against what it must have.

use super::Channel;
use crate::accounts::{Item, Kind, Logo, Truth};
use anyhow::{Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// So many are shown of each sort.
const SHOWN: usize = 8;

/// How a catalogue differs from the truth.
#[derive(Debug, Default)]
pub struct Differences {
    pub missing: Vec<Item>,
    pub unexpected: Vec<Channel>,
    /// There, but with another logo or number.
    pub wrong: Vec<(Item, Channel)>,
}

impl Differences {
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.wrong.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} missing, {} unexpected, {} wrong",
            self.missing.len(),
            self.unexpected.len(),
            self.wrong.len()
        )?;
        for item in self.missing.iter().take(SHOWN) {
            writeln!(f, "missing: {item:?}")?;
        }
        for channel in self.unexpected.iter().take(SHOWN) {
            writeln!(f, "unexpected: {channel:?}")?;
        }
        for (item, channel) in self.wrong.iter().take(SHOWN) {
            writeln!(f, "wrong: {channel:?}\n  wanted: {item:?}")?;
        }
        Ok(())
    }
}

/// What tells channels apart. `None` as a name: any.
type Key<'a> = (Option<&'a str>, Option<&'a str>, &'a str, Option<&'a str>);

fn key(item: &Item) -> Key<'_> {
    (item.name.as_deref(), item.group.as_deref(), item.kind.name(), item.tvg_id.as_deref())
}

fn found(channel: &Channel, named: bool) -> Key<'_> {
    let name = named.then_some(channel.name.as_str());
    (name, channel.group.as_deref(), channel.category.as_str(), channel.tvg_id.as_deref())
}

fn agrees(item: &Item, channel: &Channel) -> bool {
    let logo = match item.logo {
        Logo::None => channel.logo_url.is_none(),
        Logo::Url(_) => channel.logo_url.is_some(),
        // A picture inside the list may be kept or not.
        Logo::Data(_) => true,
    };
    logo && item.number.is_none_or(|number| channel.number == Some(number)) && !channel.name.is_empty()
}

/// Holds channels against the truth, as multisets: two channels may well say the same.
pub fn differences(truth: impl Iterator<Item = Item>, channels: &[Channel]) -> Differences {
    let (named, unnamed): (Vec<Item>, Vec<Item>) = truth.partition(|item| item.name.is_some());
    let mut result = Differences::default();
    let rest = matched(&named, channels.iter().collect(), true, &mut result);
    let rest = matched(&unnamed, rest, false, &mut result);
    let unexpected = rest.into_iter().cloned().collect();
    Differences { unexpected, ..result }
}

/// Takes the items' channels away; gives those that are left.
fn matched<'a>(
    items: &'a [Item],
    channels: Vec<&'a Channel>,
    named: bool,
    result: &mut Differences,
) -> Vec<&'a Channel> {
    let mut by_key: HashMap<Key<'a>, Vec<&'a Channel>> = HashMap::with_capacity(channels.len());
    for channel in channels {
        by_key.entry(found(channel, named)).or_default().push(channel);
    }
    for item in items {
        let candidates = by_key.get_mut(&key(item)).filter(|candidates| !candidates.is_empty());
        let Some(candidates) = candidates else {
            result.missing.push(item.clone());
            continue;
        };
        match candidates.iter().position(|channel| agrees(item, channel)) {
            Some(at) => drop(candidates.swap_remove(at)),
            None => result.wrong.push((item.clone(), candidates.swap_remove(0).clone())),
        }
    }
    by_key.into_values().flatten().collect()
}

/// The same, with an error that shows what differs.
pub fn compare(truth: impl Iterator<Item = Item>, channels: &[Channel]) -> Result<()> {
    let differences = differences(truth, channels);
    ensure!(differences.is_none(), "{differences}");
    Ok(())
}

/// `GET /groups` (or `/categories`) against the truth.
pub fn compare_groups(truth: &Truth, groups: &Value) -> Result<()> {
    let mut there = BTreeMap::new();
    for group in groups["groups"].as_array().into_iter().flatten() {
        let (name, count) = (group["name"].as_str().unwrap_or(""), group["count"].as_u64().unwrap_or(0));
        ensure!(there.insert(name.to_owned(), count).is_none(), "the group {name:?} is there twice");
        ensure!(!group["id"].is_null(), "a group without id: {group}");
    }
    for (name, count) in &truth.groups {
        ensure!(there.get(name) == Some(count), "{name:?}: {:?} instead of {count}", there.get(name));
    }
    let others: Vec<_> = there.keys().filter(|name| !truth.groups.contains_key(*name)).collect();
    ensure!(others.is_empty(), "groups that there are not: {others:?}");
    Ok(())
}

/// `GET /stats` against the truth.
pub fn compare_stats(truth: &Truth, stats: &Value) -> Result<()> {
    for kind in Kind::ALL {
        ensure!(
            stats[kind.name()] == truth.of(kind),
            "{}: {stats} instead of {:?}",
            kind.name(),
            truth.kinds
        );
    }
    ensure!(stats["total"] == truth.total, "{stats} instead of {}", truth.total);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Spec;
    use crate::accounts::m3u::List;

    fn perfect(spec: &Spec) -> Vec<Channel> {
        let of = |item: Item| Channel {
            id: item.index.to_string(),
            name: item.name.unwrap_or_else(|| "anything".into()),
            group: item.group,
            category: item.kind.name().into(),
            logo_url: matches!(item.logo, Logo::Url(_)).then(|| "logo".into()),
            number: item.number,
            tvg_id: item.tvg_id,
        };
        List::new(spec).items().map(of).collect()
    }

    #[test]
    fn what_is_right_is_right_in_any_order() {
        let spec = Spec::of(2000);
        let mut channels = perfect(&spec);
        channels.reverse();
        compare(List::new(&spec).items(), &channels).unwrap();
    }

    #[test]
    fn every_difference_is_found() {
        let spec = Spec::of(2000);
        let all = perfect(&spec);
        let with = |change: &dyn Fn(&mut Vec<Channel>)| {
            let mut channels = all.clone();
            change(&mut channels);
            differences(List::new(&spec).items(), &channels)
        };
        let counts = |d: Differences| (d.missing.len(), d.unexpected.len(), d.wrong.len());
        assert_eq!(counts(with(&|_| {})), (0, 0, 0));
        assert_eq!(counts(with(&|all| drop(all.remove(5)))), (1, 0, 0));
        assert_eq!(counts(with(&|all| all.push(all[5].clone()))), (0, 1, 0));
        assert_eq!(counts(with(&|all| all[5].name.push('x'))), (1, 1, 0));
        assert_eq!(counts(with(&|all| all[5].group = Some("x".into()))), (1, 1, 0));
        let numbered = all.iter().position(|channel| channel.number.is_some()).unwrap();
        assert_eq!(counts(with(&|all| all[numbered].number = Some(0.5))), (0, 0, 1));
        let pictured = all.iter().position(|channel| channel.logo_url.is_some()).unwrap();
        assert_eq!(counts(with(&|all| all[pictured].logo_url = None)), (0, 0, 1));
    }
}
