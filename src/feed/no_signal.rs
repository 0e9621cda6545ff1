//! The slate alone, for when nothing is on air.

use super::part::Origin;
use super::registry::Feeds;
use super::ring::Ring;
use super::shape::Shaper;
use crate::ingest::{Event, slate};
use crate::ts::MediaTime;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A ring that shows "no signal" until this is dropped.
#[derive(Debug)]
pub struct NoSignal {
    ring: Arc<Ring>,
    _stop: DropGuard,
}

impl NoSignal {
    /// The media.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }
}

impl Feeds {
    /// Starts showing "no signal".
    pub fn no_signal(&self) -> NoSignal {
        let options = &self.inner.options;
        let ring = Ring::new(options.keep, options.keep_bytes, Arc::clone(self.budget()));
        let stop = self.stopping().child_token();
        let mut shaper = Shaper::new(options.shape.clone());
        shaper.begin(Origin::Slate, MediaTime::ZERO);
        tokio::spawn(show(Arc::clone(&ring), shaper, stop.clone()));
        NoSignal { ring, _stop: stop.drop_guard() }
    }
}

async fn show(ring: Arc<Ring>, mut shaper: Shaper, stop: CancellationToken) {
    let (sender, mut events) = mpsc::channel(8);
    let slate = tokio::spawn(slate::run(sender, stop, Duration::from_secs(4)));
    let mut parts = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::Data(data) = event {
            shaper.push(&data, &mut parts);
            shaper.flush(&mut parts);
            ring.push(parts.drain(..));
        }
    }
    ring.close();
    // It ended because it was told to.
    slate.await.ok();
}
