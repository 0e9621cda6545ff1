//! Which guide each channel has, kept in memory: one immutable snapshot, made anew off the request path whenever the
//! guides, the channels or what an administrator says change.

use super::lineup::LineupChannel;
use super::matching::{Index, Match};
use super::{Guide, GuideError};
use crate::store::guide::overrides::{self, Override};
use crate::store::guide::{self as stored, GuideChannel, sources};
use crate::wire::ChannelId;
use crate::wire::guide::{MatchReason, MatchView, MatchedGuide};
use std::collections::HashMap;
use std::sync::Arc;

/// A channel's guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// What its programmes are stored under.
    pub(super) number: i64,
    /// Seconds by which the channel is later.
    pub(super) shift: i64,
    matched: Match,
}

/// Channels that show the same at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sharing {
    pub(super) number: i64,
    /// Seconds by which they are later than that guide.
    pub(super) shift: i64,
    pub(super) channels: Vec<ChannelId>,
}

/// All matches at one time.
#[derive(Default)]
pub(super) struct Matches {
    guides: Vec<GuideChannel>,
    source_names: HashMap<i64, String>,
    found: HashMap<ChannelId, Found>,
    /// By number and shift.
    sharing: Vec<Sharing>,
    overrides: HashMap<ChannelId, Override>,
    /// Channels that were looked at.
    channels: u64,
}

impl Matches {
    pub(super) fn get(&self, channel: &ChannelId) -> Option<Found> {
        self.found.get(channel).copied()
    }

    pub(super) fn sharing(&self) -> &[Sharing] {
        &self.sharing
    }

    /// Channels, and those of them that have a guide.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.channels, self.found.len() as u64)
    }

    /// How a channel is matched; the least certain have the least rank, those without a guide come before them.
    pub(super) fn rank(&self, channel: &ChannelId) -> u8 {
        match self.found.get(channel) {
            Some(found) => 1 + found.matched.confidence,
            // What an administrator says needs no looking after.
            None if self.overrides.contains_key(channel) => 102,
            None => 0,
        }
    }

    pub(super) fn view(&self, channel: &LineupChannel) -> MatchView {
        let found = self.found.get(&channel.id);
        let manual = self.overrides.contains_key(&channel.id);
        let guide = found.and_then(|found| {
            let guide = self.guides.get(found.matched.guide as usize)?;
            Some(MatchedGuide {
                source: guide.source,
                source_name: self.source_names.get(&guide.source).cloned().unwrap_or_default(),
                guide_channel: guide.xmltv_id.clone(),
                guide_name: guide.names.first().cloned(),
                shift: found.matched.shift,
            })
        });
        MatchView {
            channel_id: channel.id.clone(),
            name: channel.name.clone(),
            group: channel.group.clone(),
            tvg_id: channel.tvg_id.clone(),
            guide,
            confidence: found.map(|found| f64::from(found.matched.confidence) / 100.0),
            reason: match found {
                Some(found) => found.matched.reason,
                None if manual => MatchReason::Manual,
                None => MatchReason::None,
            },
        }
    }
}

/// Matches being made.
struct Making {
    index: Index,
    matches: Matches,
    by_airing: HashMap<(i64, i64), Vec<ChannelId>>,
}

impl Making {
    fn new(guides: Vec<GuideChannel>, all: Vec<sources::Source>, overrides: Vec<Override>) -> Self {
        let providers: HashMap<i64, i64> =
            all.iter().filter_map(|source| Some((source.id, source.provider?))).collect();
        let index = Index::new(&guides, |source| providers.get(&source).copied());
        let matches = Matches {
            guides,
            source_names: all.into_iter().map(|source| (source.id, source.name)).collect(),
            overrides: overrides.into_iter().map(|said| (said.channel_id.clone(), said)).collect(),
            ..Matches::default()
        };
        Self { index, matches, by_airing: HashMap::new() }
    }

    fn add(&mut self, channels: Vec<LineupChannel>) {
        for channel in channels {
            self.matches.channels += 1;
            let matched = match self.matches.overrides.get(&channel.id) {
                Some(said) => {
                    said.xmltv_id.as_deref().and_then(|id| self.index.named(id, said.source, said.shift))
                }
                None => self.index.find(&channel),
            };
            let Some(matched) = matched else { continue };
            let Some(guide) = self.matches.guides.get(matched.guide as usize) else { continue };
            let (number, shift) = (guide.number, i64::from(matched.shift) * 60);
            self.by_airing.entry((number, shift)).or_default().push(channel.id.clone());
            self.matches.found.insert(channel.id, Found { number, shift, matched });
        }
    }

    fn finish(self) -> Matches {
        let mut matches = self.matches;
        let sharing = self.by_airing.into_iter();
        matches.sharing =
            sharing.map(|((number, shift), channels)| Sharing { number, shift, channels }).collect();
        matches.sharing.sort_unstable_by_key(|sharing| (sharing.number, sharing.shift));
        matches.found.shrink_to_fit();
        matches
    }
}

impl Guide {
    /// Makes all matches anew. One at a time: whoever comes meanwhile waits, and does it again, for it may be about
    /// what has just changed.
    pub async fn rematch(&self) -> Result<(), GuideError> {
        let _one = self.matching.lock().await;
        let read = self.store.read(|db| Ok((stored::channels(db)?, sources::all(db)?, overrides::all(db)?)));
        let (guides, all, said) = read.await?;
        let on_another_thread = |mut making: Making, channels| {
            tokio::task::spawn_blocking(move || {
                making.add(channels);
                making
            })
        };
        let making = tokio::task::spawn_blocking(move || Making::new(guides, all, said));
        let mut making = making.await.map_err(|_| GuideError::Panicked)?;
        let mut from = Some(0);
        while let Some(next) = from {
            let batch = self.lineup.batch(next).await?;
            // A lineup that does not come forward would never end.
            from = batch.next.filter(|after| *after > next);
            making = on_another_thread(making, batch.channels).await.map_err(|_| GuideError::Panicked)?;
        }
        let matches = making.finish();
        let (channels, matched) = matches.counts();
        tracing::info!(channels, matched, "channels matched to guides");
        self.matches.store(Arc::new(matches));
        self.changed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guide(number: i64, id: &str) -> GuideChannel {
        GuideChannel {
            number,
            source: 1,
            xmltv_id: id.into(),
            names: vec![id.into()],
            icon: None,
            programmes: 1,
        }
    }

    fn channel(id: &str, name: &str) -> LineupChannel {
        let id = id.parse().expect("id");
        LineupChannel {
            id,
            name: name.into(),
            tvg_id: None,
            group: None,
            provider: None,
            shift: 0,
            number: None,
            logo_url: None,
        }
    }

    fn said(channel: &str, xmltv_id: Option<&str>) -> Override {
        let channel_id = channel.parse().expect("id");
        Override { channel_id, source: None, xmltv_id: xmltv_id.map(str::to_owned), shift: 30 }
    }

    #[test]
    fn what_an_administrator_says_wins_and_nothing_is_said_twice() {
        let overrides = vec![said("b", Some("E4")), said("c", None), said("d", Some("gone"))];
        let mut making = Making::new(vec![guide(7, "TF1"), guide(8, "E4")], Vec::new(), overrides);
        making.add(vec![channel("a", "TF1"), channel("a2", "TF1 HD"), channel("b", "TF1")]);
        making.add(vec![channel("c", "TF1"), channel("d", "TF1"), channel("e", "Other")]);
        let matches = making.finish();
        let of = |id: &str| matches.get(&id.parse().expect("id")).map(|found| (found.number, found.shift));
        assert_eq!(
            (of("a"), of("b"), of("c"), of("d"), of("e")),
            (Some((7, 0)), Some((8, 1800)), None, None, None)
        );
        assert_eq!(matches.counts(), (6, 3));
        assert_eq!(matches.sharing().len(), 2);
        assert_eq!(matches.sharing()[0].channels.len(), 2);
        let rank = |id: &str| matches.rank(&id.parse().expect("id"));
        assert!(rank("e") < rank("a") && rank("a") < rank("b") && rank("b") < rank("c"));
        let view = matches.view(&channel("c", "TF1"));
        assert_eq!((view.reason, view.guide, view.confidence), (MatchReason::Manual, None, None));
        assert_eq!(matches.view(&channel("e", "Other")).reason, MatchReason::None);
        let view = matches.view(&channel("b", "TF1"));
        assert_eq!((view.confidence, view.guide.map(|guide| guide.shift)), (Some(1.0), Some(30)));
    }
}
