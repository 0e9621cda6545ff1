//! the programme guide: XMLTV in, matched to channels, and out again.
//!
//! Invariants: a source's guide is replaced whole or not at all, and never a good one by a worse; addresses are sealed
//! in the database, or asked of the provider when they are needed, and shown nowhere.

mod document;
mod error;
mod fetch;
mod import;
mod lineup;
mod matches;
mod matching;
mod refresh;
mod schedule;
mod source;
mod timeline;
pub mod write;
pub mod xmltv;

pub use document::Document;
pub use error::{GuideError, ImportError};
pub use import::Imported;
pub use lineup::{Address, Batch, GuideProvider, Lineup, LineupChannel, LineupError, ProviderGuides};
pub use refresh::Refreshed;
pub use schedule::{Found, NowNext};

use crate::net::Outbound;
use crate::store::guide::overrides::{self, Override};
use crate::store::guide::sources::{self, Source};
use crate::store::{Store, Vault};
use crate::wire::ChannelId;
use crate::wire::guide::{MatchRequest, MatchView, SourceRequest, SourceView};
use arc_swap::ArcSwap;
use matches::Matches;
use parking_lot::Mutex;
use refresh::Running;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// Guides that are read at a time.
const TURNS: usize = 2;
/// Minutes; no channel is later than a day.
const MOST_SHIFT: i32 = 24 * 60;

/// What configuration says.
#[derive(Debug, Clone)]
pub struct Options {
    /// Days that are kept.
    pub days_back: u32,
    /// Days that are taken.
    pub days_ahead: u32,
    /// Between refreshes, for sources that say nothing else.
    pub refresh_interval: Duration,
    /// The language to take, for sources that say nothing else.
    pub language: Option<String>,
    /// `false`: no certificate is checked, whatever a source says.
    pub verify_tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            days_back: 1,
            days_ahead: 14,
            refresh_interval: Duration::from_secs(12 * 3600),
            language: None,
            verify_tls: true,
        }
    }
}

/// The programme guide.
pub struct Guide {
    store: Store,
    vault: Vault,
    outbound: Outbound,
    lineup: Arc<dyn Lineup>,
    providers: Arc<dyn ProviderGuides>,
    options: Options,
    running: Arc<Mutex<HashMap<i64, Arc<Running>>>>,
    turns: Semaphore,
    matches: ArcSwap<Matches>,
    matching: tokio::sync::Mutex<()>,
    wake: Notify,
    version: AtomicU64,
}

impl Guide {
    /// Opens it. Nothing is matched before [`Guide::run`] runs, or [`Guide::rematch`].
    pub fn open(
        store: Store,
        vault: Vault,
        outbound: Outbound,
        lineup: Arc<dyn Lineup>,
        providers: Arc<dyn ProviderGuides>,
        options: Options,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            vault,
            outbound,
            lineup,
            providers,
            options,
            running: Arc::default(),
            turns: Semaphore::new(TURNS),
            matches: ArcSwap::default(),
            matching: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            // Whoever remembers a version from before a restart must not take it for this one.
            version: AtomicU64::new(rand::random::<u64>() >> 16),
        })
    }

    /// Another number whenever the guide may say something else.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    fn changed(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    /// Every source, the oldest first.
    pub async fn sources(&self) -> Result<Vec<SourceView>, GuideError> {
        let all = self.store.read(sources::all).await?;
        Ok(all.iter().map(|source| self.view(source)).collect())
    }

    /// Adds a source and wakes the scheduler, which reads it.
    pub async fn add(&self, request: &SourceRequest) -> Result<SourceView, GuideError> {
        let new = source::new(request, &self.vault, self.options.refresh_interval)?;
        let stored = self.store.write(move |tx| {
            let id = sources::insert(tx, &new)?;
            Ok(Source { id, ..new })
        });
        let stored = stored.await?;
        self.wake.notify_one();
        Ok(self.view(&stored))
    }

    /// Changes what the request has of a source, by name or number. A source that would be read to something else is
    /// read anew.
    pub async fn change(
        self: &Arc<Self>,
        name: &str,
        request: &SourceRequest,
    ) -> Result<SourceView, GuideError> {
        let before = self.source(name).await?;
        let after = source::changed(&before, request, &self.vault)?;
        let row = after.clone();
        if !self.store.write(move |tx| sources::update(tx, &row)).await? {
            return Err(GuideError::UnknownSource(name.to_owned()));
        }
        if before.enabled != after.enabled {
            self.rematch().await?;
        }
        if after.enabled && after.validators != before.validators {
            self.begin(after.clone(), false);
        }
        self.wake.notify_one();
        Ok(self.view(&after))
    }

    /// Removes a source, by name or number: its programmes vanish at once, its rows in the background.
    pub async fn remove(self: &Arc<Self>, name: &str) -> Result<(), GuideError> {
        let source = self.source(name).await?;
        if source.provider.is_some() {
            return Err(GuideError::OfProvider(source.name));
        }
        self.drop_source(source.id).await?;
        self.rematch().await?;
        let guide = self.clone();
        tokio::spawn(async move { guide.sweep().await });
        Ok(())
    }

    /// How these channels are matched.
    pub fn matched(&self, channels: &[LineupChannel]) -> Vec<MatchView> {
        let matches = self.matches.load();
        channels.iter().map(|channel| matches.view(channel)).collect()
    }

    /// Some of all channels, those without a guide first, then the least certain; how many there are, and how many of
    /// them have a guide.
    pub async fn matches(&self, skip: u64, take: usize) -> Result<(Vec<MatchView>, u64, u64), GuideError> {
        let matches = self.matches.load_full();
        // Ranks alone are kept of all channels: a byte each.
        let mut ranks: Vec<u8> = Vec::new();
        let mut from = Some(0);
        while let Some(next) = from {
            let batch = self.lineup.batch(next).await?;
            from = batch.next.filter(|after| *after > next);
            ranks.extend(batch.channels.iter().map(|channel| matches.rank(&channel.id)));
        }
        let mut order: Vec<u32> = (0u32..).take(ranks.len()).collect();
        order.sort_by_key(|at| ranks[*at as usize]);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let wanted: Vec<u32> = order.into_iter().skip(skip).take(take).collect();
        let mut views: Vec<Option<MatchView>> = vec![None; wanted.len()];
        let (mut from, mut at) = (Some(0), 0u32);
        while let Some(next) = from.filter(|_| !wanted.is_empty()) {
            let batch = self.lineup.batch(next).await?;
            from = batch.next.filter(|after| *after > next);
            for channel in batch.channels {
                if let Some(place) = wanted.iter().position(|wanted| *wanted == at) {
                    views[place] = Some(matches.view(&channel));
                }
                at += 1;
            }
        }
        let (_, matched) = matches.counts();
        Ok((views.into_iter().flatten().collect(), ranks.len() as u64, matched))
    }

    /// Says which guide a channel has. It holds at once.
    pub async fn set_match(&self, channel: ChannelId, request: MatchRequest) -> Result<(), GuideError> {
        let invalid = |field, why: &str| GuideError::Invalid { field, why: why.to_owned() };
        if !(-MOST_SHIFT..=MOST_SHIFT).contains(&request.shift) {
            return Err(invalid("shift", "must be -1440 to 1440 minutes"));
        }
        let xmltv_id = request.guide_channel.map(|id| id.trim().to_owned());
        if xmltv_id.as_deref().is_some_and(|id| id.is_empty() || id.chars().count() > 300) {
            return Err(invalid("guide_channel", "must be a channel's id in a guide, or null"));
        }
        if let Some(source) = request.source {
            let known = self.store.read(sources::all).await?;
            if !known.iter().any(|known| known.id == source) {
                return Err(invalid("source", "must be the number of a guide source"));
            }
        }
        let said = Override { channel_id: channel, source: request.source, xmltv_id, shift: request.shift };
        self.store.write(move |tx| overrides::set(tx, &said)).await?;
        self.rematch().await
    }

    /// Forgets what was said about a channel; `false`: nothing was.
    pub async fn clear_match(&self, channel: &ChannelId) -> Result<bool, GuideError> {
        let channel = channel.clone();
        let cleared = self.store.write(move |tx| overrides::remove(tx, &channel)).await?;
        if cleared {
            self.rematch().await?;
        }
        Ok(cleared)
    }

    async fn source(&self, name: &str) -> Result<Source, GuideError> {
        let text = name.to_owned();
        let found = self.store.read(move |db| sources::find(db, &text)).await?;
        found.ok_or_else(|| GuideError::UnknownSource(name.to_owned()))
    }

    fn view(&self, source: &Source) -> SourceView {
        let progress = self.running.lock().get(&source.id).map(|running| running.progress());
        source::view(source, progress)
    }
}

#[cfg(test)]
mod tests;
