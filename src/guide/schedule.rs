//! What is on, what comes, and what has these words in its title. Times are seconds since the epoch.

use super::matches::{Found as Matched, Matches};
use super::timeline::{Airing, airings};
use super::{Guide, GuideError};
use crate::fold::fold;
use crate::store::StoreError;
use crate::store::guide::programmes::{self, Around};
use crate::wire::ChannelId;
use crate::wire::guide::ProgrammeView;
use rusqlite::Connection;
use std::collections::BinaryHeap;

/// Programmes of one channel in one answer.
const MOST: usize = 2000;
/// Programmes that are counted in a search.
const MOST_FOUND: usize = 10_000;
/// Channels that are named with a programme.
const MOST_NAMED: usize = 20;
/// Words of a search; each costs a pass.
const MOST_WORDS: usize = 8;

/// What is on and what comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NowNext {
    /// What runs.
    pub now: Option<ProgrammeView>,
    /// What begins next.
    pub next: Option<ProgrammeView>,
}

/// A programme that was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Channels that show it, at most 20.
    pub channels: Vec<ChannelId>,
    /// When and what.
    pub programme: ProgrammeView,
}

impl Guide {
    /// Whether a guide is known for a channel.
    pub fn has_guide(&self, channel: &ChannelId) -> bool {
        self.matches.load().get(channel).is_some()
    }

    /// The programmes of each channel that run at any time from `from` to before `to`, at most 2,000 each.
    pub async fn schedule(
        &self,
        channels: &[ChannelId],
        from: i64,
        to: i64,
    ) -> Result<Vec<Vec<ProgrammeView>>, GuideError> {
        let matched = self.matched_to(channels);
        let read = self.store.read(move |db| {
            let mut around = Around::new(db)?;
            let channels = matched.into_iter().map(|matched| match matched {
                None => Ok(Vec::new()),
                Some(matched) => {
                    let all = aired(&mut around, matched, from, to, MOST)?;
                    let within = all.filter(|airing| airing.is_within(from, to));
                    Ok(within.filter_map(Airing::view).collect())
                }
            });
            channels.collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(read.await?)
    }

    /// What is on at that time on each channel, and what comes next.
    pub async fn now(&self, channels: &[ChannelId], at: i64) -> Result<Vec<NowNext>, GuideError> {
        let matched = self.matched_to(channels);
        let read = self.store.read(move |db| {
            let mut around = Around::new(db)?;
            let channels = matched.into_iter().map(|matched| match matched {
                None => Ok(NowNext::default()),
                Some(matched) => now_next(&mut around, matched, at),
            });
            channels.collect::<Result<Vec<_>, StoreError>>()
        });
        Ok(read.await?)
    }

    /// Programmes of matched channels with all these words, whatever their case and diacritics, in title or
    /// sub-title, that begin from `from` to before `to`; in order of time. How many there are, 10,000 at most.
    pub async fn search(
        &self,
        words: &str,
        (from, to): (i64, i64),
        skip: u64,
        take: usize,
    ) -> Result<(Vec<Found>, u64), GuideError> {
        let words: Vec<String> = fold(words)
            .split(' ')
            .filter(|word| !word.is_empty())
            .take(MOST_WORDS)
            .map(str::to_owned)
            .collect();
        if words.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let matches = self.matches.load_full();
        let read = self.store.read(move |db| {
            let hits = hits(db, &matches, &words, (from, to))?;
            let total = hits.len() as u64;
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let mut around = Around::new(db)?;
            let page = hits.into_iter().skip(skip).take(take);
            let found = page.map(|(start, at)| found(&mut around, &matches, at, start));
            let found = found.collect::<Result<Vec<_>, StoreError>>()?;
            Ok((found.into_iter().flatten().collect(), total))
        });
        Ok(read.await?)
    }

    fn matched_to(&self, channels: &[ChannelId]) -> Vec<Option<Matched>> {
        let matches = self.matches.load();
        channels.iter().map(|channel| matches.get(channel)).collect()
    }
}

/// A channel's programmes from the one before `from` on, as the channel shows them.
fn aired(
    around: &mut Around<'_>,
    Matched { number, shift, .. }: Matched,
    from: i64,
    to: i64,
    most: usize,
) -> Result<impl Iterator<Item = Airing> + use<>, StoreError> {
    let programmes = around.take(number, from.saturating_sub(shift), to.saturating_sub(shift), most)?;
    Ok(airings(programmes, shift))
}

fn now_next(around: &mut Around<'_>, matched: Matched, at: i64) -> Result<NowNext, StoreError> {
    let mut all = aired(around, matched, at, i64::MAX, 3)?;
    let mut answer = NowNext::default();
    for airing in all.by_ref() {
        if airing.is_on(at) {
            answer.now = airing.view();
        } else if airing.start > at {
            answer.next = airing.view();
            break;
        }
    }
    Ok(answer)
}

/// The first beginnings, in order, each with the place of its channels among those that share.
fn hits(
    db: &Connection,
    matches: &Matches,
    words: &[String],
    (from, to): (i64, i64),
) -> Result<Vec<(i64, usize)>, StoreError> {
    let finders: Vec<_> = words.iter().map(|word| memchr::memmem::Finder::new(word.as_bytes())).collect();
    let mut small = Vec::new();
    let mut has = |text: &str, word: &memchr::memmem::Finder<'_>| {
        if text.is_ascii() {
            small.clear();
            small.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
            word.find(&small).is_some()
        } else {
            word.find(fold(text).as_bytes()).is_some()
        }
    };
    let mut is_it = |title: &str, sub_title: Option<&str>| {
        finders.iter().all(|word| has(title, word) || sub_title.is_some_and(|text| has(text, word)))
    };
    let mut hits = BinaryHeap::new();
    for (at, sharing) in matches.sharing().iter().enumerate() {
        let within = (from.saturating_sub(sharing.shift), to.saturating_sub(sharing.shift));
        programmes::search(db, sharing.number, within, &mut is_it, |start| {
            hits.push((start + sharing.shift, at));
            if hits.len() > MOST_FOUND {
                // The latest of them.
                hits.pop();
            }
        })?;
    }
    Ok(hits.into_sorted_vec())
}

fn found(
    around: &mut Around<'_>,
    matches: &Matches,
    at: usize,
    start: i64,
) -> Result<Option<Found>, StoreError> {
    let Some(sharing) = matches.sharing().get(at) else { return Ok(None) };
    let programmes = around.take(sharing.number, start - sharing.shift, start - sharing.shift + 1, 2)?;
    let airing = airings(programmes, sharing.shift).find(|airing| airing.start == start);
    let channels = sharing.channels.iter().take(MOST_NAMED).cloned().collect();
    Ok(airing.and_then(Airing::view).map(|programme| Found { channels, programme }))
}
