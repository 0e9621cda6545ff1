//! An M3U list of any length: what its entries are, in which order, and what a correct import makes of them.

mod dress;
pub mod quirk;
#[cfg(test)]
mod tests;
mod write;

pub use quirk::Quirk;
pub use write::Writer;

use super::Spec;
use super::dice::{mix, shuffled, slot};
use super::item::{self, Item, Outcome, Truth};
use super::naming;

/// A sticky `#EXTGRP` holds for so many entries.
const SPAN: u64 = 32;
/// One span of so many is sticky.
const STICKY: u64 = 12;
/// How far back an entry may be that is said again.
const BACK: u64 = 300;

/// What an entry is before its quirk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Live,
    Movies,
    Episodes,
}

/// The list of a [`Spec`]: 3 % live, 10 % movies, the rest episodes, in this order.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    spec: &'a Spec,
    live: u64,
    movies: u64,
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub outcome: Outcome,
    pub quirk: Quirk,
    /// Its group comes from a `#EXTGRP` line that may be far above.
    pub sticky: bool,
    /// Its address says that it is no live channel.
    pub vod: bool,
}

impl<'a> List<'a> {
    pub fn new(spec: &'a Spec) -> Self {
        let live = (spec.size * 3 / 100).max(16).min(spec.size);
        let movies = (live + spec.size / 10).min(spec.size);
        Self { spec, live, movies }
    }

    /// Entries before any are left out.
    fn all(&self) -> u64 {
        self.spec.size + self.spec.revision.add
    }

    /// The entries, from that position of the list on.
    pub fn entries_from(self, position: u64) -> impl Iterator<Item = (u64, Entry)> + use<'a> {
        let (list, all) = (self, self.all());
        (position..all).filter_map(move |position| {
            let index = list.at(position);
            (list.is_last(index) || list.spec.keeps(index)).then(|| (position, list.entry(index)))
        })
    }

    /// Which entry stands there.
    fn at(&self, position: u64) -> u64 {
        let rest = self.all().saturating_sub(1);
        match self.spec.revision.shuffle && position < rest {
            true => shuffled(self.spec.seed ^ self.spec.revision.number, position, rest),
            false => position,
        }
    }

    /// A list that ends in an entry without its address can't be told from one that was cut: the last is plain.
    fn is_last(&self, index: u64) -> bool {
        index + 1 == self.spec.size || index + 1 == self.all()
    }

    /// The channels in the list's order.
    pub fn items(self) -> impl Iterator<Item = Item> + use<'a> {
        self.entries_from(0).filter_map(|(_, entry)| entry.outcome.channel())
    }

    pub fn truth(self) -> Truth {
        item::count(self.entries_from(0).map(|(_, entry)| entry.outcome))
    }

    /// One entry, whatever the order.
    pub fn entry(&self, index: u64) -> Entry {
        let sticky = self.is_sticky(index);
        let quirk = self.quirk(index, self.spans(index));
        let section = self.section(index, quirk);
        let item = match quirk {
            Quirk::Repeat | Quirk::SameName | Quirk::SameGuideId => self.again(index, quirk),
            _ => self.dressed(index, quirk, section, sticky),
        };
        let outcome = match quirk {
            Quirk::Repeat => Outcome::Repeated(item),
            Quirk::NoAddress | Quirk::BadAddress => Outcome::Odd(item),
            _ => Outcome::Channel(item),
        };
        let url = &outcome.item().source.url;
        let vod = url.contains("/movie/") || url.contains("/series/");
        Entry { outcome, quirk, sticky, vod }
    }

    fn quirk(&self, index: u64, sticky: bool) -> Quirk {
        if !self.spec.quirks || self.is_last(index) {
            return Quirk::Plain;
        }
        if self.spec.giant > 0 && index == self.spec.size / 2 {
            return Quirk::DataLogo;
        }
        let quirk = self.slot(index);
        // Above channels without a group no `#EXTGRP` may stand; in another order any would reach any.
        let early = index < self.live / 4;
        let elsewhere = self.spec.revision.shuffle && quirk == Quirk::OwnExtGrp;
        if elsewhere || (sticky || early) && quirk.has_group() {
            return Quirk::Plain;
        }
        let repeats = matches!(quirk, Quirk::Repeat | Quirk::SameName | Quirk::SameGuideId);
        if repeats && self.earlier(index).is_none() { Quirk::Plain } else { quirk }
    }

    fn slot(&self, index: u64) -> Quirk {
        Quirk::in_slot(slot(self.spec.seed, index, quirk::RUN as u64))
    }

    fn section(&self, index: u64, quirk: Quirk) -> Section {
        match index {
            _ if quirk.is_live() || index < self.live => Section::Live,
            // What a revision adds is at the end, and it is movies.
            _ if index < self.movies || index >= self.spec.size => Section::Movies,
            _ => Section::Episodes,
        }
    }

    /// The first few channels have no group; no `#EXTGRP` stands above them.
    fn is_ungrouped(&self, index: u64) -> bool {
        self.spec.quirks && index < self.live / 4 && index % 4 == 1
    }

    fn is_sticky(&self, index: u64) -> bool {
        // In another order a group would reach whatever comes to stand below it.
        !self.spec.revision.shuffle && self.spans(index)
    }

    /// Below an `#EXTGRP` in the list's own order; what an entry is does not depend on the order.
    fn spans(&self, index: u64) -> bool {
        let span = index / SPAN;
        let (first, last) = (span * SPAN, span * SPAN + SPAN - 1);
        self.spec.quirks
            && first > self.live / 4
            && last < self.spec.size
            && self.section(first, Quirk::Plain) == self.section(last, Quirk::Plain)
            && mix(self.spec.seed ^ 0x5A, span).is_multiple_of(STICKY)
    }

    /// A plain entry above that can be said again.
    fn earlier(&self, index: u64) -> Option<u64> {
        let begin = index.checked_sub(1 + mix(self.spec.seed ^ 0xE, index) % 100)?;
        let giant = self.spec.giant > 0;
        let taken = |&earlier: &u64| {
            giant && earlier == self.spec.size / 2 || self.is_sticky(earlier) || self.is_ungrouped(earlier)
        };
        (begin.saturating_sub(BACK)..=begin)
            .rev()
            .filter(|&earlier| self.slot(earlier) == Quirk::Plain && self.spec.keeps(earlier))
            .find(|earlier| !taken(earlier))
    }

    fn again(&self, index: u64, quirk: Quirk) -> Item {
        let section = self.section(index, Quirk::Plain);
        let own = self.plain(index, section, false);
        let Some(earlier) = self.earlier(index) else { return own };
        let first = self.plain(earlier, self.section(earlier, Quirk::Plain), false);
        match quirk {
            Quirk::Repeat => first,
            // The address decides the kind of what is no live channel.
            Quirk::SameName => Item { name: first.name, group: first.group, tvg_id: first.tvg_id, ..own },
            _ => Item { tvg_id: first.tvg_id, ..own },
        }
    }

    /// An entry without quirks, as the revision has it.
    fn plain(&self, index: u64, section: Section, sticky: bool) -> Item {
        let mut item = self.grouped(index, section, sticky);
        self.rename(&mut item);
        item
    }

    fn dressed(&self, index: u64, quirk: Quirk, section: Section, sticky: bool) -> Item {
        let mut item = self.grouped(index, section, sticky);
        dress::put_on(self.spec, &mut item, quirk);
        self.rename(&mut item);
        item
    }

    fn grouped(&self, index: u64, section: Section, sticky: bool) -> Item {
        let (seed, revision) = (self.spec.seed, &self.spec.revision);
        let turn = if revision.moves(seed, index) { revision.number } else { 0 };
        // A sticky group is that of the span's first entry, and stays.
        let (of, turn) = if sticky { (index / SPAN * SPAN, 0) } else { (index, turn) };
        let group = match section {
            Section::Live => naming::live_group(seed, of, turn),
            Section::Movies => naming::movie_group(seed, of, turn),
            Section::Episodes => naming::episode_group(seed, of, turn),
        };
        let group = (!self.is_ungrouped(index)).then_some(group.name);
        Item { group, ..dress::bare(self.spec, index, section) }
    }

    fn rename(&self, item: &mut Item) {
        let revision = &self.spec.revision;
        if let Some(name) = &mut item.name
            && revision.renames(self.spec.seed, item.index)
        {
            name.push_str(&format!(" NEW{}", revision.number));
        }
    }
}
