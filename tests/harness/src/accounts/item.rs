//! What a correct import holds: the truth beside every generated list.

use std::collections::BTreeMap;

/// The normalised kind of a channel (contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Tv,
    Movies,
    Series,
    Other,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Tv, Self::Movies, Self::Series, Self::Other];

    /// As the API says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tv => "tv",
            Self::Movies => "movies",
            Self::Series => "series",
            Self::Other => "other",
        }
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logo {
    None,
    Url(String),
    /// In the list itself, as base64 of so many bytes of text.
    Data(usize),
}

/// Where a channel plays, and what the provider wants to see in the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    pub url: String,
    pub user_agent: Option<String>,
    /// `Referer`, `Origin`.
    pub headers: Vec<(&'static str, String)>,
}

/// How to see what was on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatchUp {
    /// `default`, `shift`, `flussonic`, `xc` …
    pub mode: Option<&'static str>,
    pub days: Option<u32>,
    /// With its placeholders.
    pub source: Option<String>,
}

/// A channel as the catalogue must have it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is in the account: stays through renames, moves and other orders of the list.
    pub index: u64,
    /// `None`: the list gives none, so any that is not empty will do.
    pub name: Option<String>,
    pub group: Option<String>,
    pub kind: Kind,
    pub tvg_id: Option<String>,
    pub logo: Logo,
    /// `None`: the list gives none.
    pub number: Option<f64>,
    pub source: Source,
    pub catch_up: Option<CatchUp>,
    /// What the panel calls it (Xtream: `stream_id`, or `series_id`).
    pub stream_id: u64,
}

/// An import in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Channels.
    pub total: u64,
    pub kinds: BTreeMap<Kind, u64>,
    /// Channels of each group; those without one are in none.
    pub groups: BTreeMap<String, u64>,
    /// Entries that can't be a channel.
    pub odd: u64,
    /// Entries that say again what another said.
    pub repeated: u64,
}

impl Truth {
    pub fn add(&mut self, item: &Item) {
        self.total += 1;
        *self.kinds.entry(item.kind).or_default() += 1;
        if let Some(group) = &item.group {
            match self.groups.get_mut(group) {
                Some(count) => *count += 1,
                None => drop(self.groups.insert(group.clone(), 1)),
            }
        }
    }

    pub fn of(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Channel(Item),
    /// The same again.
    Repeated(Item),
    /// Nothing can be made of it.
    Odd(Item),
}

impl Outcome {
    pub fn item(&self) -> &Item {
        match self {
            Self::Channel(item) | Self::Repeated(item) | Self::Odd(item) => item,
        }
    }

    pub fn channel(self) -> Option<Item> {
        match self {
            Self::Channel(item) => Some(item),
            Self::Repeated(_) | Self::Odd(_) => None,
        }
    }
}

/// Counts outcomes.
pub fn count(outcomes: impl Iterator<Item = Outcome>) -> Truth {
    let mut truth = Truth::default();
    for outcome in outcomes {
        match outcome {
            Outcome::Channel(item) => truth.add(&item),
            Outcome::Repeated(_) => truth.repeated += 1,
            Outcome::Odd(_) => truth.odd += 1,
        }
    }
    truth
}
