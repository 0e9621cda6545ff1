//! XMLTV guides of any size, and what a correct import holds of them.

mod write;

pub use write::Xmltv;
pub(crate) use write::date;

use super::dice::{Dice, mix, slot};
use super::naming;

/// Half an hour: programmes begin about so far apart.
const SLOT: i64 = 1800;

/// A guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideSpec {
    /// With an account's seed, channels have the guide ids of that account's live channels.
    pub seed: u64,
    pub channels: u64,
    /// Of each channel.
    pub programmes: u64,
    /// When the first begins, about; seconds since the epoch.
    pub start: i64,
    pub quirks: bool,
    /// Bytes are Latin-1, and the prolog says so.
    pub latin1: bool,
    pub doctype: bool,
}

impl Default for GuideSpec {
    fn default() -> Self {
        // The first of January 2026, 00:00 UTC.
        let start = 1_767_225_600;
        Self { seed: 1, channels: 50, programmes: 48, start, quirks: true, latin1: false, doctype: true }
    }
}

impl GuideSpec {
    /// About so many bytes, with 170 programmes (three and a half days) to a channel.
    pub fn of_bytes(bytes: u64) -> Self {
        let programmes = 170;
        Self { channels: (bytes / (programmes * 420)).max(1), programmes, ..Self::default() }
    }
}

/// What guides do beside what they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    Plain,
    /// `202601011000 +0000`
    NoSeconds,
    /// `20260101100000`: UTC is meant.
    NoZone,
    /// `20260101100000 +0100 CET`
    NamedZone,
    /// It lasts until the next begins.
    NoStop,
    StopBeforeStart,
    /// It ends ten minutes into the next.
    Overlap,
    /// The same element again.
    Repeat,
    NoStart,
    UnknownChannel,
    /// `&amp; &lt; &#233; &#x1F600;`
    Entities,
    Cdata,
    /// Titles in two languages.
    Languages,
    /// White space around texts.
    Padded,
    Comments,
    SingleQuotes,
    /// Elements that nobody asked for, ten deep.
    Nested,
    LongText,
}

const RUN: u64 = 256;
/// Each quirk that often of [`RUN`].
const OFTEN: usize = 2;
const QUIRKS: [Quirk; 17] = [
    Quirk::NoSeconds,
    Quirk::NoZone,
    Quirk::NamedZone,
    Quirk::NoStop,
    Quirk::StopBeforeStart,
    Quirk::Overlap,
    Quirk::Repeat,
    Quirk::NoStart,
    Quirk::UnknownChannel,
    Quirk::Entities,
    Quirk::Cdata,
    Quirk::Languages,
    Quirk::Padded,
    Quirk::Comments,
    Quirk::SingleQuotes,
    Quirk::Nested,
    Quirk::LongText,
];

/// A programme as a guide must have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    pub channel: String,
    /// Seconds since the epoch.
    pub start: i64,
    /// Its end in the file, or where that is missing the next one's beginning.
    pub stop: i64,
    /// Title by language.
    pub titles: Vec<(&'static str, String)>,
    pub description: Option<String>,
    /// Series and episode, from 0, as `xmltv_ns` has it.
    pub episode: Option<(u64, u64)>,
    pub quirk: Quirk,
}

impl Programme {
    /// It can be no programme: it has no beginning, or ends before it, or its channel is not there.
    pub fn is_odd(&self) -> bool {
        matches!(self.quirk, Quirk::NoStart | Quirk::StopBeforeStart | Quirk::UnknownChannel)
    }
}

impl GuideSpec {
    /// A channel's id.
    pub fn channel(&self, index: u64) -> String {
        naming::guide_id(self.seed, index).unwrap_or_else(|| format!("unlisted{index}.example.org"))
    }

    /// Its name.
    pub fn channel_name(&self, index: u64) -> String {
        naming::live(self.seed, index)
    }

    fn begins(&self, channel: u64, number: u64) -> i64 {
        let jitter = (mix(self.seed ^ channel, number) % 4) as i64 * 300;
        self.start + number as i64 * SLOT + jitter
    }

    /// One programme of a channel; its quirk may be that it is none.
    pub fn programme(&self, channel: u64, number: u64) -> Programme {
        let index = channel * self.programmes + number;
        let mut dice = Dice::new(self.seed, index, 71);
        let last = number + 1 == self.programmes;
        let quirk = match slot(self.seed ^ 0x71, index, RUN) {
            slot if self.quirks && !last => QUIRKS.get(slot / OFTEN).copied().unwrap_or(Quirk::Plain),
            _ => Quirk::Plain,
        };
        // References mean nothing in there, and Latin-1 needs them.
        let quirk = if self.latin1 && quirk == Quirk::Cdata { Quirk::Plain } else { quirk };
        let show = naming::show(mix(self.seed, index) % 40_000);
        let title = match quirk {
            Quirk::Entities => format!("{show} & <friends> é \u{1f600} \"quoted\""),
            Quirk::Cdata => format!("{show} & <b>bold</b>"),
            _ => show,
        };
        let mut titles = vec![("fr", title)];
        if quirk == Quirk::Languages {
            titles.push(("en", format!("The English {number}")));
        }
        let description = match (quirk, dice.below(4)) {
            (Quirk::LongText, _) => Some("Une très longue description. ".repeat(280)),
            (_, 0) => None,
            (_, more) => {
                Some("Dans cet épisode, rien ne va plus. ".repeat(2 + more as usize * 2).trim().to_owned())
            }
        };
        let stop = match quirk {
            Quirk::Overlap => self.begins(channel, number + 1) + 600,
            Quirk::StopBeforeStart => self.begins(channel, number) - 60,
            _ => self.begins(channel, number + 1),
        };
        Programme {
            channel: self.channel(channel),
            start: self.begins(channel, number),
            stop,
            titles,
            description,
            episode: dice.one_in(2).then(|| (dice.below(9), dice.below(20))),
            quirk,
        }
    }

    /// What a guide must have, in the file's order.
    pub fn truth(&self) -> impl Iterator<Item = Programme> + '_ {
        let of = move |channel| (0..self.programmes).map(move |number| self.programme(channel, number));
        (0..self.channels).flat_map(of).filter(|programme| !programme.is_odd())
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::bytes;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_quirk_is_there_and_the_file_has_what_the_truth_says() {
        let spec = GuideSpec::default();
        let text = String::from_utf8(bytes(Box::new(Xmltv::new(spec.clone())))).unwrap();
        let mut quirks = BTreeMap::new();
        let mut elements = 0;
        for channel in 0..spec.channels {
            assert!(text.contains(&format!("<channel id=\"{}\">", spec.channel(channel))));
            for number in 0..spec.programmes {
                let quirk = spec.programme(channel, number).quirk;
                *quirks.entry(quirk).or_insert(0) += 1;
                elements += if quirk == Quirk::Repeat { 2 } else { 1 };
            }
        }
        assert_eq!(quirks.len(), QUIRKS.len() + 1, "{quirks:?}");
        assert_eq!(text.matches("<programme ").count(), elements);
        assert_eq!(text.matches("</programme>").count(), elements);
        let odd = (0..3).map(|n| quirks[&[Quirk::NoStart, Quirk::StopBeforeStart, Quirk::UnknownChannel][n]]);
        let odd: usize = odd.sum();
        assert_eq!(spec.truth().count(), (spec.channels * spec.programmes) as usize - odd);
    }

    #[test]
    fn programmes_follow_each_other() {
        let spec = GuideSpec { quirks: false, ..GuideSpec::default() };
        let all: Vec<_> = spec.truth().take(48).collect();
        assert!(all.windows(2).all(|pair| pair[0].stop == pair[1].start && pair[0].start < pair[1].start));
        assert_ne!(all[1].start - all[0].start, all[2].start - all[1].start);
    }

    #[test]
    fn a_guide_of_a_size_has_about_that_size() {
        let spec = GuideSpec::of_bytes(4 << 20);
        let size = bytes(Box::new(Xmltv::new(spec))).len() as f64 / f64::from(4 << 20);
        assert!((0.85..1.2).contains(&size), "{size}");
    }
}
