//! Which channel of a guide is which channel of the catalogue. Pure; every look-up is a few hashes, whatever there is.
//!
//! By the id that the provider names, then by name. A name that says "+1" gets the guide of that name an hour later,
//! unless the guide has a "+1" of its own. Countries that contradict each other never match by name.

mod name;

use super::lineup::LineupChannel;
use crate::store::guide::GuideChannel;
use crate::wire::guide::MatchReason;
use name::Name;
use std::collections::HashMap;

/// Below this nothing is taken for a match.
const LEAST: u8 = 60;

/// A channel's guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Which of the guide channels that the index was made of.
    pub(super) guide: u32,
    /// Minutes by which the channel is later.
    pub(super) shift: i32,
    /// Of a hundred.
    pub(super) confidence: u8,
    /// Why.
    pub(super) reason: MatchReason,
}

/// The channels of all guides, to be looked up.
pub(super) struct Index {
    entries: Vec<Entry>,
    exact: HashMap<String, Vec<u32>>,
    lower: HashMap<String, Vec<u32>>,
    stems: HashMap<String, Vec<u32>>,
    strict: HashMap<String, Vec<u32>>,
    loose: HashMap<String, Vec<u32>>,
}

/// What decides between channels of guides that are called the same.
struct Entry {
    number: u32,
    source: i64,
    /// Whose guide it is.
    provider: Option<i64>,
    country: Option<&'static str>,
    /// Hours by which it is later than the channel of its name.
    later: i32,
    /// Its id in small letters: the same channel in several guides is no ambiguity.
    id: String,
}

impl Index {
    /// Indexes the channels that have programmes. `provider_of`: of a source.
    pub(super) fn new(channels: &[GuideChannel], provider_of: impl Fn(i64) -> Option<i64>) -> Self {
        let mut index = Self {
            entries: Vec::new(),
            exact: HashMap::new(),
            lower: HashMap::new(),
            stems: HashMap::new(),
            strict: HashMap::new(),
            loose: HashMap::new(),
        };
        for (number, channel) in (0u32..).zip(channels) {
            if channel.programmes > 0 {
                index.add(number, channel, provider_of(channel.source));
            }
        }
        index
    }

    fn add(&mut self, number: u32, channel: &GuideChannel, provider: Option<i64>) {
        let Ok(at) = u32::try_from(self.entries.len()) else { return };
        let lower = channel.xmltv_id.to_lowercase();
        let of_id = Name::of_id(&channel.xmltv_id);
        let names: Vec<Name> = channel.names.iter().map(|name| Name::new(name)).collect();
        let all = || names.iter().chain([&of_id]);
        self.entries.push(Entry {
            number,
            source: channel.source,
            provider,
            country: all().rev().find_map(|name| name.country),
            later: all().map(|name| name.later).max().unwrap_or(0),
            id: lower.clone(),
        });
        let put = |map: &mut HashMap<String, Vec<u32>>, key: &str| {
            if key.is_empty() {
                return;
            }
            let list = map.entry(key.to_owned()).or_default();
            // A key that everything has says nothing.
            if list.last() != Some(&at) && list.len() < 100 {
                list.push(at);
            }
        };
        put(&mut self.exact, &channel.xmltv_id);
        put(&mut self.lower, &lower);
        put(&mut self.stems, stem(&lower));
        for name in all() {
            put(&mut self.strict, &name.strict);
            put(&mut self.loose, &name.loose);
        }
    }

    /// The guide of a channel.
    pub(super) fn find(&self, channel: &LineupChannel) -> Option<Match> {
        let name = Name::new(&channel.name);
        let country = name.country.or_else(|| channel.group.as_deref().and_then(group_country));
        let found = self.by_id(channel, &name).or_else(|| self.by_name(channel, &name, country))?;
        Some(Match { shift: found.shift + channel.shift, ..found })
    }

    /// The guide that an administrator names.
    pub(super) fn named(&self, xmltv_id: &str, source: Option<i64>, shift: i32) -> Option<Match> {
        let of_source = |at: &&u32| source.is_none_or(|source| self.entries[**at as usize].source == source);
        let at = self.exact.get(xmltv_id)?.iter().find(of_source)?;
        let guide = self.entries[*at as usize].number;
        Some(Match { guide, shift, confidence: 100, reason: MatchReason::Manual })
    }

    fn by_id(&self, channel: &LineupChannel, name: &Name) -> Option<Match> {
        let id = channel.tvg_id.as_deref().map(str::trim).filter(|id| !id.is_empty())?;
        let lower = id.to_lowercase();
        let found = [
            (self.exact.get(id), 100, MatchReason::Id),
            (self.lower.get(&lower), 98, MatchReason::IdLetterCase),
            (self.stems.get(stem(&lower)), 95, MatchReason::IdSuffix),
        ];
        let (list, confidence, reason) =
            found.into_iter().find_map(|(list, confidence, reason)| Some((list?, confidence, reason)))?;
        let entry = self.best(list, channel, name.later, |_| true)?;
        // An id that is for both says nothing of the hour that the name says.
        let shift = (name.later - entry.later).max(0) * 60;
        Some(Match { guide: entry.number, shift, confidence, reason })
    }

    fn by_name(&self, channel: &LineupChannel, name: &Name, country: Option<&str>) -> Option<Match> {
        let fits = |entry: &Entry| {
            let contradicts = entry.country.zip(country).is_some_and(|(a, b)| a != b);
            !contradicts && (entry.later == name.later || entry.later == 0)
        };
        let tries = [
            (self.strict.get(&name.strict), 90, MatchReason::Name),
            (self.loose.get(&name.loose), 75, MatchReason::NameLoose),
        ];
        tries.into_iter().find_map(|(list, base, reason)| {
            let list = list?;
            let entry = self.best(list, channel, name.later, fits)?;
            let others = list.iter().map(|at| &self.entries[*at as usize]).filter(|other| {
                fits(other)
                    && other.later == entry.later
                    && other.source == entry.source
                    && other.id != entry.id
            });
            let rivals: i32 = others.map(|other| if other.country == entry.country { 15 } else { 5 }).sum();
            let confidence =
                base + match (entry.country, country) {
                    (Some(_), Some(_)) => 5,
                    (None, None) => 0,
                    _ => -5,
                } - rivals.min(40)
                    - if entry.later == name.later { 0 } else { 5 };
            let confidence = u8::try_from(confidence).ok().filter(|confidence| *confidence >= LEAST)?;
            Some(Match { guide: entry.number, shift: (name.later - entry.later) * 60, confidence, reason })
        })
    }

    /// Of those that fit: one that is later by as much as the channel, then of its provider's own guide, then of the
    /// oldest source.
    fn best(
        &self,
        list: &[u32],
        channel: &LineupChannel,
        later: i32,
        fits: impl Fn(&Entry) -> bool,
    ) -> Option<&Entry> {
        let entries = list.iter().map(|at| &self.entries[*at as usize]).filter(|entry| fits(entry));
        entries.min_by_key(|entry| {
            let own = channel.provider.is_some() && entry.provider == channel.provider;
            (entry.later != later, entry.later, !own, entry.source, entry.number)
        })
    }
}

/// `tf1.fr@hd` and `tf1.fr` are variants of one channel.
fn stem(lower: &str) -> &str {
    lower.split('@').next().unwrap_or(lower)
}

/// `FR | General`, `|UK| News`, `FR`.
fn group_country(group: &str) -> Option<&'static str> {
    let group = crate::fold::fold(group);
    name::country(&group).or_else(|| Name::new(&group).country)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide(source: i64, id: &str, names: &[&str]) -> GuideChannel {
        GuideChannel {
            number: 0,
            source,
            xmltv_id: id.into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            icon: None,
            programmes: 1,
        }
    }

    fn channel(name: &str, tvg_id: Option<&str>) -> LineupChannel {
        LineupChannel {
            id: "x".parse().expect("id"),
            name: name.into(),
            tvg_id: tvg_id.map(str::to_owned),
            group: None,
            provider: None,
            shift: 0,
            number: None,
            logo_url: None,
        }
    }

    fn guides() -> Vec<GuideChannel> {
        vec![
            guide(1, "TF1.fr", &["TF1"]),
            guide(1, "BBC1.uk", &["BBC One", "BBC 1"]),
            guide(1, "E4.uk", &["E4"]),
            guide(1, "ITV2.uk", &["ITV2"]),
            guide(1, "ITV2Plus1.uk", &["ITV2 +1"]),
            guide(1, "Sport1.de", &["Sport 1"]),
            guide(1, "Sport1.hu", &["Sport 1"]),
            guide(2, "tf1.fr", &["TF1 HD"]),
            guide(1, "M6.fr@HD", &["M6"]),
            guide(1, "Kino.pl", &[]),
        ]
    }

    fn found(name: &str, tvg_id: Option<&str>) -> Option<(u32, i32, u8, MatchReason)> {
        let index = Index::new(&guides(), |source| Some(source * 10));
        index.find(&channel(name, tvg_id)).map(|m| (m.guide, m.shift, m.confidence, m.reason))
    }

    #[test]
    fn ids_come_before_names() {
        assert_eq!(found("whatever", Some("TF1.fr")), Some((0, 0, 100, MatchReason::Id)));
        assert_eq!(found("whatever", Some(" BBC1.UK ")), Some((1, 0, 98, MatchReason::IdLetterCase)));
        assert_eq!(found("whatever", Some("E4.uk@SD")), Some((2, 0, 95, MatchReason::IdSuffix)));
        assert_eq!(found("whatever", Some("m6.fr")), Some((8, 0, 95, MatchReason::IdSuffix)));
        assert_eq!(found("TF1", Some("unknown")), Some((0, 0, 85, MatchReason::Name)));
        assert_eq!(found("TF1", Some("")), Some((0, 0, 85, MatchReason::Name)));
    }

    #[test]
    fn names_whatever_stands_around_them() {
        assert_eq!(found("|FR| TF1 ᴴᴰ", None), Some((0, 0, 95, MatchReason::Name)));
        assert_eq!(found("UK: BBC One FHD", None), Some((1, 0, 95, MatchReason::Name)));
        assert_eq!(found("E4 TV", None), Some((2, 0, 70, MatchReason::NameLoose)));
        assert_eq!(found("PL - Kino", None), Some((9, 0, 95, MatchReason::Name)), "by the guide's id");
        assert_eq!(found("DE: TF1", None), None, "another country's");
        assert_eq!(found("No Such Channel", None), None);
        assert_eq!(found("", None), None);
    }

    #[test]
    fn two_that_are_called_the_same_are_less_certain_and_a_country_decides() {
        assert_eq!(found("Sport 1", None), Some((5, 0, 80, MatchReason::Name)));
        assert_eq!(found("HU: Sport 1", None), Some((6, 0, 95, MatchReason::Name)));
        let grouped = LineupChannel { group: Some("HU | SPORT".into()), ..channel("Sport 1 HD", None) };
        let index = Index::new(&guides(), |_| None);
        assert_eq!(index.find(&grouped).map(|m| m.guide), Some(6));
    }

    #[test]
    fn an_hour_later() {
        assert_eq!(
            found("ITV2 +1", None),
            Some((4, 0, 85, MatchReason::Name)),
            "the guide has one of its own"
        );
        assert_eq!(found("E4+1 HD", None), Some((2, 60, 80, MatchReason::Name)));
        assert_eq!(found("ITV2 +1", Some("ITV2.uk")), Some((3, 60, 100, MatchReason::Id)));
        assert_eq!(found("ITV2 +1", Some("ITV2Plus1.uk")), Some((4, 0, 100, MatchReason::Id)));
        assert_eq!(found("ITV2", None), Some((3, 0, 85, MatchReason::Name)));
        let index = Index::new(&guides(), |_| None);
        let shifted = LineupChannel { shift: 120, ..channel("E4", None) };
        assert_eq!(index.find(&shifted).map(|m| m.shift), Some(120));
    }

    #[test]
    fn the_providers_own_guide_is_preferred() {
        let index = Index::new(&guides(), |source| Some(source * 10));
        let of = |provider| index.find(&LineupChannel { provider, ..channel("TF1", None) }).map(|m| m.guide);
        assert_eq!((of(Some(10)), of(Some(20)), of(None)), (Some(0), Some(7), Some(0)));
    }

    #[test]
    fn what_an_administrator_says() {
        let index = Index::new(&guides(), |_| None);
        let manual =
            |guide, shift| Some(Match { guide, shift, confidence: 100, reason: MatchReason::Manual });
        assert_eq!(index.named("E4.uk", None, 30), manual(2, 30));
        assert_eq!(index.named("tf1.fr", Some(2), 0), manual(7, 0));
        assert_eq!(index.named("tf1.fr", Some(1), 0), None);
        assert_eq!(index.named("gone", None, 0), None);
    }

    #[test]
    fn guides_without_programmes_and_crowds_do_not_count() {
        let empty = GuideChannel { programmes: 0, ..guide(1, "TF1.fr", &["TF1"]) };
        let index = Index::new(&[empty, guide(2, "tf1", &["TF1"])], |_| None);
        assert_eq!(index.find(&channel("TF1", Some("TF1.fr"))).map(|m| m.guide), Some(1));
        let crowd: Vec<_> = (0..10_000).map(|n| guide(1, &format!("x{n}"), &["Channel"])).collect();
        let index = Index::new(&crowd, |_| None);
        assert_eq!(index.find(&channel("Channel", None)), None);
    }
}
