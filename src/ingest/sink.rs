//! Where a source's events go; says "opened" once.

use super::{Ended, Event, Kind, stopped};
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::mpsc;

/// The way to the feed. A closed channel is the same as being cancelled.
pub(super) struct Sink {
    events: mpsc::Sender<Event>,
    opened: bool,
}

impl Sink {
    pub(super) fn new(events: mpsc::Sender<Event>) -> Self {
        Self { events, opened: false }
    }

    /// Tells that the source answered and looks right; only the first time.
    pub(super) async fn opened(
        &mut self,
        kind: Kind,
        target_duration: Option<Duration>,
    ) -> Result<(), Ended> {
        if self.opened {
            return Ok(());
        }
        self.opened = true;
        self.send(Event::Opened { kind, target_duration }).await
    }

    pub(super) async fn data(&mut self, piece: Bytes) -> Result<(), Ended> {
        if piece.is_empty() { Ok(()) } else { self.send(Event::Data(piece)).await }
    }

    pub(super) async fn boundary(&mut self) -> Result<(), Ended> {
        self.send(Event::Boundary).await
    }

    async fn send(&mut self, event: Event) -> Result<(), Ended> {
        self.events.send(event).await.map_err(|_| stopped())
    }
}
