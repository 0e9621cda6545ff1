//! All programmes: the one on air, and one per channel that somebody watches by HLS.

use super::programme::{Options, Programme};
use super::sequence::Reserve;
use super::shelf::Shelf;
use crate::access::Target;
use crate::feed::{Feeds, LeaseError, Purpose};
use crate::wire::ChannelId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Programmes {
    inner: Arc<Inner>,
}

struct Inner {
    feeds: Feeds,
    shelf: Arc<Shelf>,
    reserve: Arc<dyn Reserve>,
    options: Options,
    channels: Mutex<HashMap<Target, Arc<Programme>>>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl std::fmt::Debug for Programmes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Programmes").field("channels", &self.inner.channels.lock().len()).finish()
    }
}

impl Programmes {
    /// None yet. Starts the task that takes away old segments and programmes that nobody watches.
    pub fn new(feeds: Feeds, reserve: Arc<dyn Reserve>, options: Options) -> Self {
        let inner = Arc::new(Inner {
            feeds,
            shelf: Arc::default(),
            reserve,
            options,
            channels: Mutex::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        let this = Self { inner };
        this.inner.tasks.spawn(this.clone().sweep());
        this
    }

    /// Where segments are fetched from.
    pub fn shelf(&self) -> &Arc<Shelf> {
        &self.inner.shelf
    }

    /// The channel's programme, started where it does not run. Waits up to `hold` for the channel to show
    /// something, so that a source that refuses is told at once.
    pub async fn channel(
        &self,
        id: &ChannelId,
        web: bool,
        hold: Duration,
    ) -> Result<Arc<Programme>, LeaseError> {
        let target = Target::Channel { id: id.clone(), web };
        if let Some(programme) = self.running(&target) {
            return Ok(programme);
        }
        let lease = self.inner.feeds.lease(id, Purpose::Viewer).await?;
        lease.ready(hold).await?;
        let programme = {
            let mut channels = self.inner.channels.lock();
            match channels.get(&target) {
                Some(programme) => {
                    programme.touch();
                    return Ok(Arc::clone(programme));
                }
                None => {
                    let programme = self.begin(target.clone());
                    channels.insert(target, Arc::clone(&programme));
                    programme
                }
            }
        };
        programme.switch(lease).await;
        Ok(programme)
    }

    pub(super) fn begin(&self, target: Target) -> Arc<Programme> {
        let Inner { feeds, shelf, reserve, options, tasks, stopping, .. } = &*self.inner;
        let (programme, task) =
            Programme::start(target, feeds.clone(), Arc::clone(shelf), Arc::clone(reserve), options.clone());
        let (stop, stopping) = (programme.stop.clone(), stopping.clone());
        feeds.media().spawn(tasks, async move {
            let guard = stop.drop_guard();
            tokio::select! {
                () = task => {}
                () = stopping.cancelled() => {}
            }
            drop(guard);
        });
        programme
    }

    /// Ends all programmes.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// The target's programme where it runs; somebody watches it.
    pub fn running(&self, target: &Target) -> Option<Arc<Programme>> {
        let channels = self.inner.channels.lock();
        let programme = channels.get(target)?;
        programme.touch();
        Some(Arc::clone(programme))
    }

    async fn sweep(self) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = second.tick() => {}
                () = self.inner.stopping.cancelled() => return,
            }
            self.inner.shelf.sweep(Instant::now());
            let lapse = self.inner.options.lapse;
            self.inner.channels.lock().retain(|_, programme| {
                let watched = programme.untouched_for() < lapse;
                if !watched {
                    programme.stop.cancel();
                }
                watched
            });
        }
    }
}
