//! All feeds: one per channel, made when first wanted, gone when it has lingered.

use super::actor::Actor;
use super::book::{Book, BookError};
use super::budget::Budget;
use super::media_thread::MediaThread;
use super::ring::Ring;
use super::shared::{FeedKey, Lease, NotReady, Shared, Status};
use super::slots::Slots;
use crate::ingest::Ingest;
use crate::ts::MediaTime;
use crate::wire::ChannelId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Who takes a lease wants something of the media next.
const COMING: Duration = Duration::from_millis(200);

/// What can be set.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a feed goes on after its last viewer left.
    pub idle_timeout: Duration,
    /// How much media a ring keeps for those who come.
    pub keep: MediaTime,
    /// And never more than this.
    pub keep_bytes: usize,
    /// Silence, after the media has run out, that counts as a stall.
    pub stall: Duration,
    /// How the stream is cut.
    pub shape: super::shape::Options,
    /// Languages for the web variant's one sound, ISO 639, preferred first.
    pub language: Option<String>,
}

/// A channel can't be opened.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    /// Nobody knows it, or it is not active.
    #[error("there is no channel {0}")]
    NoSuchChannel(ChannelId),
    /// It could not be looked up.
    #[error(transparent)]
    Book(#[from] BookError),
    /// All memory set aside for media is in use.
    #[error(
        "no memory left for another channel: {used} of {limit} bytes are in use (raise [feed] memory_budget)"
    )]
    NoMemory {
        /// Bytes in use.
        used: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
    /// Nothing to show in time.
    #[error(transparent)]
    NotReady(#[from] NotReady),
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A viewer of the channel: it waits, or is told that there is nothing.
    Viewer,
    /// The on-air programme: the slate is better than nothing even before the first picture.
    OnAir,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Feeds {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) book: Arc<dyn Book>,
    pub(super) ingest: Ingest,
    pub(super) slots: Arc<Slots>,
    pub(super) budget: Arc<Budget>,
    pub(super) options: Options,
    pub(super) media: MediaThread,
    feeds: Mutex<HashMap<FeedKey, Arc<Shared>>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl std::fmt::Debug for Feeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feeds").field("feeds", &self.inner.feeds.lock().len()).finish()
    }
}

impl Feeds {
    /// No feeds yet.
    pub fn new(
        book: Arc<dyn Book>,
        ingest: Ingest,
        budget: Arc<Budget>,
        media: MediaThread,
        options: Options,
    ) -> Self {
        let inner = Inner {
            book,
            ingest,
            slots: Arc::default(),
            budget,
            options,
            media,
            feeds: Mutex::default(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A lease on the channel as it is; starts it where it does not run.
    pub async fn lease(&self, channel: &ChannelId, purpose: Purpose) -> Result<Lease, LeaseError> {
        let key = FeedKey { channel: channel.clone(), web: false };
        if let Some(lease) = self.running(&key, purpose) {
            return Ok(lease);
        }
        let known = self.inner.book.channel(channel).await?;
        let known = known.ok_or_else(|| LeaseError::NoSuchChannel(channel.clone()))?;
        self.start(key, known.name, None, purpose)
    }

    /// The name of the channel, `None` where there is no active one of that id.
    pub async fn channel_name(&self, channel: &ChannelId) -> Result<Option<String>, LeaseError> {
        Ok(self.inner.book.channel(channel).await?.map(|known| known.name))
    }

    /// A lease on what browsers play of the channel: the channel itself where its sound is one they know, else
    /// its web variant. Waits up to `hold` for the channel to show what it carries.
    pub async fn lease_web(
        &self,
        channel: &ChannelId,
        purpose: Purpose,
        hold: Duration,
    ) -> Result<Lease, LeaseError> {
        let base = self.lease(channel, purpose).await?;
        base.ready(hold).await?;
        self.web_of(base, purpose)
    }

    /// The same for a lease that is held already; the answer is that very lease where nothing has to change.
    pub fn web_of(&self, base: Lease, purpose: Purpose) -> Result<Lease, LeaseError> {
        let status = base.status();
        let (name, is_web) = {
            let status = status.borrow();
            (status.name.clone(), status.shape.audio_is_web())
        };
        if is_web || base.key().web {
            return Ok(base);
        }
        let key = FeedKey { channel: base.key().channel.clone(), web: true };
        match self.running(&key, purpose) {
            Some(lease) => Ok(lease),
            None => self.start(key, name, Some(base), purpose),
        }
    }

    /// All that run.
    pub fn statuses(&self) -> Vec<(FeedKey, Status)> {
        let feeds = self.inner.feeds.lock();
        let mut all: Vec<_> =
            feeds.iter().map(|(key, feed)| (key.clone(), feed.status.borrow().clone())).collect();
        all.sort_by(|a, b| (&a.0.channel, a.0.web).cmp(&(&b.0.channel, b.0.web)));
        all
    }

    /// Lets go of the sources of channels that are not known any more, because their provider was removed. Who
    /// watches them sees the slate, and the channel where it comes back.
    pub async fn withdraw_unknown(&self) {
        let running: Vec<_> = self.inner.feeds.lock().values().cloned().collect();
        for feed in running.into_iter().filter(|feed| !feed.key.web) {
            if matches!(self.inner.book.channel(&feed.key.channel).await, Ok(None)) {
                feed.withdraw();
            }
        }
    }

    /// The thread that carries media.
    pub fn media(&self) -> &MediaThread {
        &self.inner.media
    }

    /// The memory set aside for media.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.inner.budget
    }

    /// Connections in use at a provider.
    pub fn connections(&self, provider: i64) -> usize {
        self.inner.slots.in_use(provider)
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// Ends all feeds and waits until their sources and processes are gone.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    fn running(&self, key: &FeedKey, purpose: Purpose) -> Option<Lease> {
        let feed = self.inner.feeds.lock().get(key).cloned()?;
        self.inner.media.hurry(COMING);
        feed.lease(purpose == Purpose::OnAir)
    }

    fn start(
        &self,
        key: FeedKey,
        name: String,
        base: Option<Lease>,
        purpose: Purpose,
    ) -> Result<Lease, LeaseError> {
        let inner = &self.inner;
        if inner.stopping.is_cancelled() {
            return Err(LeaseError::Stopping);
        }
        let mut feeds = inner.feeds.lock();
        // Somebody may have been quicker.
        if let Some(lease) = feeds.get(&key).and_then(|feed| feed.lease(purpose == Purpose::OnAir)) {
            return Ok(lease);
        }
        if !inner.budget.has_room() {
            return Err(LeaseError::NoMemory { used: inner.budget.used(), limit: inner.budget.limit() });
        }
        let ring = Ring::new(inner.options.keep, inner.options.keep_bytes, Arc::clone(&inner.budget));
        let shared = Shared::new(key.clone(), name, ring, base);
        let lease = shared.lease(purpose == Purpose::OnAir).ok_or(LeaseError::Stopping)?;
        feeds.insert(key.clone(), Arc::clone(&shared));
        drop(feeds);
        let actor = Actor::new(self.clone(), Arc::clone(&shared), inner.stopping.child_token());
        let registry = self.clone();
        inner.media.spawn(&inner.tasks, async move {
            actor.run().await;
            let mut feeds = registry.inner.feeds.lock();
            if feeds.get(&key).is_some_and(|feed| Arc::ptr_eq(feed, &shared)) {
                feeds.remove(&key);
            }
        });
        Ok(lease)
    }
}
