//! What is on air: one channel at a time, at URLs that never change; survives a restart.

use super::programme::Programme;
use super::programmes::Programmes;
use crate::access::{Target, Watching};
use crate::feed::{Feeds, Lease, LeaseError, Phase, Purpose, Status};
use crate::wire::ChannelId;
use crate::wire::on_air::{OnAirState, Started, StreamStatus};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Where it is kept over restarts.
pub trait Keep: Send + Sync + 'static {
    /// What was on air, and since when.
    fn get(&self) -> BoxFuture<'_, Result<Option<(ChannelId, Timestamp)>, String>>;
    /// What is on air from now on.
    fn set(&self, on_air: Option<(ChannelId, Timestamp)>) -> BoxFuture<'_, Result<(), String>>;
}

/// It could not be put on air.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OnAirError {
    /// No active channel of that id.
    #[error("there is no channel {0}")]
    UnknownChannel(ChannelId),
    /// The channel can't be opened.
    #[error(transparent)]
    Refused(LeaseError),
    /// It could not be remembered.
    #[error("what is on air could not be stored: {0}")]
    Store(String),
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct OnAir {
    inner: Arc<Inner>,
}

struct Inner {
    feeds: Feeds,
    programme: Arc<Programme>,
    keep: Arc<dyn Keep>,
    watching: Arc<Watching>,
    status: watch::Sender<StreamStatus>,
    /// Serialises start and stop.
    change: Mutex<()>,
    feed: watch::Sender<Option<watch::Receiver<Status>>>,
    idle_slate: bool,
}

impl std::fmt::Debug for OnAir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OnAir").field(&*self.inner.status.borrow()).finish()
    }
}

impl OnAir {
    /// Nothing is on air until [`OnAir::start`] or [`OnAir::resume`]; `idle_slate` says so in a picture.
    /// `stop` ends its status task.
    pub fn new(
        feeds: Feeds,
        programmes: &Programmes,
        keep: Arc<dyn Keep>,
        watching: Arc<Watching>,
        idle_slate: bool,
        stop: CancellationToken,
    ) -> Self {
        let programme = programmes.begin(Target::OnAir);
        let this = Self {
            inner: Arc::new(Inner {
                feeds,
                programme,
                keep,
                watching,
                status: watch::Sender::default(),
                change: Mutex::default(),
                feed: watch::Sender::default(),
                idle_slate,
            }),
        };
        tokio::spawn(this.clone().follow_status(stop));
        this
    }

    /// Puts back on air what was there when the service ended.
    pub async fn resume(&self) {
        match self.inner.keep.get().await {
            Ok(Some((id, since))) => match self.put(&id, since, false).await {
                Ok(_) => info!(channel = %id, "back on air"),
                Err(error) => warn!(channel = %id, %error, "could not be put back on air"),
            },
            Ok(None) if self.inner.idle_slate => self.inner.programme.off(true).await,
            Ok(None) => {}
            Err(error) => warn!(%error, "what was on air is not known"),
        }
    }

    /// Puts a channel on air; a channel already on air is replaced without its viewers having to reload.
    pub async fn start(&self, id: &ChannelId) -> Result<Started, OnAirError> {
        self.put(id, Timestamp::now(), true).await
    }

    async fn put(&self, id: &ChannelId, since: Timestamp, remember: bool) -> Result<Started, OnAirError> {
        let inner = &self.inner;
        let _change = inner.change.lock().await;
        let name = match inner.feeds.channel_name(id).await {
            Ok(Some(name)) => name,
            Ok(None) => return Err(OnAirError::UnknownChannel(id.clone())),
            Err(error) => return Err(OnAirError::Refused(error)),
        };
        // The provider may have no second connection: then the old channel has to let go first.
        inner.programme.yield_slot().await;
        let lease = inner.feeds.lease(id, Purpose::OnAir).await.map_err(OnAirError::Refused)?;
        if remember {
            inner.keep.set(Some((id.clone(), since))).await.map_err(OnAirError::Store)?;
        }
        info!(channel = %id, name, "on air");
        self.show(&name, id, since, &lease);
        inner.programme.switch(lease).await;
        Ok(Started::new(name))
    }

    fn show(&self, name: &str, id: &ChannelId, since: Timestamp, lease: &Lease) {
        let feed = lease.status();
        let state = state_of(feed.borrow().phase);
        self.inner.status.send_modify(|status| {
            // Viewers are those of the programme: they stay.
            *status = StreamStatus {
                active: true,
                channel_id: Some(id.clone()),
                channel_name: Some(name.to_owned()),
                started_at: Some(since),
                state,
                viewers: status.viewers,
                generation: status.generation,
            };
        });
        self.inner.feed.send_replace(Some(feed));
    }

    /// Takes what is on air off it; whether there was anything.
    pub async fn stop(&self) -> Result<bool, OnAirError> {
        let inner = &self.inner;
        let _change = inner.change.lock().await;
        inner.keep.set(None).await.map_err(OnAirError::Store)?;
        inner.programme.off(inner.idle_slate).await;
        inner.feed.send_replace(None);
        let was_active = inner.status.borrow().active;
        if was_active {
            info!("off air");
            inner.status.send_modify(|status| {
                let generation = status.generation + 1;
                *status = StreamStatus { generation, ..StreamStatus::default() };
            });
        }
        Ok(was_active)
    }

    /// What is on air now.
    pub fn status(&self) -> StreamStatus {
        self.inner.status.borrow().clone()
    }

    /// The same, as it changes.
    pub fn watch(&self) -> watch::Receiver<StreamStatus> {
        self.inner.status.subscribe()
    }

    /// Whether `/live.m3u8` has anything to answer with: a channel, or a picture that says there is none.
    pub fn answers(&self) -> bool {
        self.inner.idle_slate || self.inner.status.borrow().active
    }

    /// Its programme.
    pub fn programme(&self) -> &Arc<Programme> {
        &self.inner.programme
    }

    /// Keeps the status true: the feed's state, the viewers, the switch that has come about.
    async fn follow_status(self, stop: CancellationToken) {
        let inner = &self.inner;
        let mut feeds = inner.feed.subscribe();
        let mut current = inner.programme.current();
        let mut viewers = inner.watching.changes();
        let mut feed: Option<watch::Receiver<Status>> = None;
        let mut quiet = tokio::time::interval(Duration::from_secs(5));
        loop {
            let feed_changed = async {
                match &mut feed {
                    Some(feed) => feed.changed().await,
                    None => std::future::pending().await,
                }
            };
            let mut switched = false;
            tokio::select! {
                () = stop.cancelled() => return,
                changed = feeds.changed() => {
                    if changed.is_err() { return }
                    feed = feeds.borrow_and_update().clone();
                }
                changed = feed_changed => if changed.is_err() { feed = None },
                changed = current.changed() => {
                    if changed.is_err() { return }
                    switched = current.borrow_and_update().is_some();
                }
                _ = viewers.changed() => {}
                _ = quiet.tick() => {}
            }
            let phase = feed.as_ref().map(|feed| feed.borrow().phase);
            let watched = inner.watching.count(|target| *target == Target::OnAir) as u64;
            inner.status.send_if_modified(|status| {
                let before = status.clone();
                if let (true, Some(phase)) = (status.active, phase) {
                    status.state = state_of(phase);
                }
                status.viewers = if status.active { watched } else { 0 };
                status.generation += u64::from(switched);
                *status != before
            });
        }
    }
}

fn state_of(phase: Phase) -> OnAirState {
    match phase {
        Phase::Idle | Phase::Starting => OnAirState::Starting,
        Phase::Live => OnAirState::Live,
        Phase::Reconnecting => OnAirState::Reconnecting,
        Phase::Failed => OnAirState::Failed,
    }
}
