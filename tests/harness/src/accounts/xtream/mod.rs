//! An Xtream panel of any size: its categories and streams, and what a correct import makes of them.

mod details;
mod json;
mod login;
pub mod quirk;
#[cfg(test)]
mod tests;
mod write;

pub use details::{series_info, short_guide, vod_info};
pub use login::Login;
pub use quirk::Quirk;
pub use write::{Form, Streams, categories};

use super::Spec;
use super::dice::{Dice, mix, slot};
use super::item::{self, CatchUp, Item, Kind, Logo, Outcome, Source, Truth};
use super::naming::{self, Shelf};
use super::words::{EMOJIS, RIGHT_TO_LEFT};

/// Live streams and films are numbered in one row, shows in another that begins at 1.
const FIRST_LIVE: u64 = 1000;
const FIRST_MOVIE: u64 = 5_000_000;

/// How far back a stream may be whose id comes again.
const BACK: u64 = 300;

/// The three lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    Live,
    Vod,
    Series,
}

impl Section {
    pub const ALL: [Self; 3] = [Self::Live, Self::Vod, Self::Series];

    pub fn shelf(self) -> Shelf {
        match self {
            Self::Live => Shelf::Live,
            Self::Vod => Shelf::Movies,
            Self::Series => Shelf::Shows,
        }
    }
}

/// The panel of a [`Spec`]: a fifth live, three fifths films, the rest shows.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    spec: &'a Spec,
}

/// An item to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub outcome: Outcome,
    pub quirk: Quirk,
    /// The number of its category; it may stand in another field, or nowhere.
    pub category: u64,
}

impl<'a> Panel<'a> {
    pub fn new(spec: &'a Spec) -> Self {
        Self { spec }
    }

    /// Items of a list before any are left out.
    pub fn size(&self, section: Section) -> u64 {
        let (size, fifth) = (self.spec.size, self.spec.size / 5);
        match section {
            Section::Live => fifth,
            Section::Vod => fifth * 3 + self.spec.revision.add,
            Section::Series => size - fifth * 4,
        }
    }

    /// The items of a list in its order, from that position on.
    pub fn entries_from(
        self,
        section: Section,
        position: u64,
    ) -> impl Iterator<Item = (u64, Entry)> + use<'a> {
        let size = self.size(section);
        (position..size).filter_map(move |position| {
            let index = match self.spec.revision.shuffle {
                true => super::dice::shuffled(self.spec.seed ^ self.spec.revision.number, position, size),
                false => position,
            };
            self.keeps(section, index).then(|| (position, self.entry(section, index)))
        })
    }

    /// The channels of all lists.
    pub fn items(self) -> impl Iterator<Item = Item> + use<'a> {
        let of =
            move |section| self.entries_from(section, 0).filter_map(|(_, entry)| entry.outcome.channel());
        Section::ALL.into_iter().flat_map(of)
    }

    pub fn truth(self) -> Truth {
        let of = move |section| self.entries_from(section, 0).map(|(_, entry)| entry.outcome);
        item::count(Section::ALL.into_iter().flat_map(of))
    }

    fn keeps(&self, section: Section, index: u64) -> bool {
        let added = section == Section::Vod && index >= self.spec.size / 5 * 3;
        added || mix(self.seed(section) ^ 0xD0, index) % 1000 < self.spec.revision.keep
    }

    /// Each list has chances of its own.
    fn seed(&self, section: Section) -> u64 {
        self.spec.seed ^ (section as u64 + 1) << 40
    }

    /// One item.
    pub fn entry(&self, section: Section, index: u64) -> Entry {
        let quirk = self.quirk(section, index);
        let (mut item, category) = self.bare(section, index);
        let mut entry_category = category.number;
        if quirk == Quirk::SameIdAgain
            && let Some(earlier) = self.earlier(index)
        {
            item = self.bare(section, earlier).0;
            // Not that of the first.
            entry_category = category.number % 190 + 2;
            self.rename(section, &mut item);
            return Entry { outcome: Outcome::Repeated(item), quirk, category: entry_category };
        }
        self.put_on(section, &mut item, quirk);
        if quirk == Quirk::UnknownCategory {
            entry_category = 987_654;
        }
        self.rename(section, &mut item);
        let outcome = match quirk {
            Quirk::NoId | Quirk::NoObject => Outcome::Odd(item),
            _ => Outcome::Channel(item),
        };
        Entry { outcome, quirk, category: entry_category }
    }

    fn quirk(&self, section: Section, index: u64) -> Quirk {
        if !self.spec.quirks {
            return Quirk::Plain;
        }
        let quirk = self.slot(section, index);
        let wrong = quirk.is_live() && section != Section::Live;
        let alone = quirk == Quirk::SameIdAgain && self.earlier(index).is_none();
        if wrong || alone { Quirk::Plain } else { quirk }
    }

    fn slot(&self, section: Section, index: u64) -> Quirk {
        Quirk::in_slot(slot(self.seed(section), index, quirk::RUN as u64))
    }

    /// A plain live stream above.
    fn earlier(&self, index: u64) -> Option<u64> {
        let begin = index.checked_sub(1 + mix(self.spec.seed ^ 0xE, index) % 50)?;
        let plain = |&earlier: &u64| self.slot(Section::Live, earlier) == Quirk::Plain;
        (begin.saturating_sub(BACK)..=begin)
            .rev()
            .filter(plain)
            // In another order it might come first, and its category would count.
            .find(|&earlier| self.keeps(Section::Live, earlier) && !self.spec.revision.shuffle)
    }

    fn bare(&self, section: Section, index: u64) -> (Item, naming::Group) {
        let (seed, revision) = (self.spec.seed, &self.spec.revision);
        let turn = if revision.moves(self.seed(section), index) { revision.number } else { 0 };
        let (username, password) = self.spec.credentials();
        let place = |folder: &str, id: u64, end: &str| {
            format!("{}/{folder}/{username}/{password}/{id}.{end}", self.spec.address)
        };
        let container = naming::container(seed, index);
        let (name, kind, group, stream_id, url) = match section {
            Section::Live => {
                let (id, group) = (FIRST_LIVE + index, naming::live_group(seed, index, turn));
                (naming::live(seed, index), Kind::Tv, group, id, place("live", id, "ts"))
            }
            Section::Vod => {
                let (id, group) = (FIRST_MOVIE + index, naming::movie_group(seed, index, turn));
                (naming::movie(seed, index), Kind::Movies, group, id, place("movie", id, container))
            }
            Section::Series => {
                let group = naming::show_group(seed, index, turn);
                (naming::show(index), Kind::Series, group, index + 1, String::new())
            }
        };
        let live = section == Section::Live;
        let logo = match mix(seed ^ 22, index) % 8 {
            0 => Logo::None,
            _ => Logo::Url(format!("http://logos.example.org/{stream_id}.png")),
        };
        let item = Item {
            index,
            name: Some(name),
            group: Some(group.name.clone()),
            kind,
            tvg_id: naming::guide_id(seed, index).filter(|_| live),
            logo,
            number: live.then(|| revision.renumbered((index + 1) as f64)),
            source: Source { url, ..Source::default() },
            catch_up: None,
            stream_id,
        };
        (item, group)
    }

    fn put_on(&self, section: Section, item: &mut Item, quirk: Quirk) {
        let mut dice = Dice::new(self.seed(section), item.index, 41);
        let name = item.name.clone().unwrap_or_default();
        match quirk {
            Quirk::BlankNumber | Quirk::NullNumber => item.number = None,
            Quirk::NoCategory | Quirk::UnknownCategory => item.group = None,
            Quirk::NullIcon | Quirk::BlankIcon => item.logo = Logo::None,
            Quirk::NullName => item.name = None,
            Quirk::DirectSource => item.source.url = format!("http://direct.example.org/{}", item.stream_id),
            Quirk::Radio => {
                item.kind = Kind::Other;
                item.name = Some(format!("Radio {name}"));
            }
            Quirk::Emoji => item.name = Some(format!("{} {name}", dice.pick(&EMOJIS))),
            Quirk::RightToLeft => {
                item.name = Some(format!("{} {}", dice.pick(&RIGHT_TO_LEFT), item.stream_id));
            }
            Quirk::Superscript => item.name = Some(format!("{name} ᴴᴰ")),
            Quirk::QuotesInName => item.name = Some(format!("The \"Big\" {name} \\ 2/3")),
            Quirk::NoGuideId => item.tvg_id = None,
            Quirk::Archive => {
                let days = Some(1 + dice.below(7) as u32);
                item.catch_up = Some(CatchUp { mode: Some("xc"), days, source: None });
            }
            _ => {}
        }
    }

    fn rename(&self, section: Section, item: &mut Item) {
        let revision = &self.spec.revision;
        if let Some(name) = &mut item.name
            && revision.renames(self.seed(section), item.index)
        {
            name.push_str(&format!(" NEW{}", revision.number));
        }
    }
}
