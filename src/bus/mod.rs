//! the in-process event bus: bounded, never blocks its senders.
//!
//! A receiver that lags loses the oldest events and is told how many. Events say what happened; whoever needs
//! the present state asks its owner.

mod event;

pub use event::{Event, FeedState, Kind};

use jiff::Timestamp;
use tokio::sync::broadcast;

/// Sends events to all who listen. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus(broadcast::Sender<Event>);

/// Listens from the moment of its making.
#[derive(Debug)]
pub struct Receiver(broadcast::Receiver<Event>);

/// What a receiver gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The next event.
    Event(Event),
    /// So many events were dropped because this receiver was too slow; the next one follows.
    Lost(u64),
}

impl Bus {
    /// A bus that keeps the last `capacity` events (rounded up to a power of two) for those who are slow.
    pub fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity.max(1)))
    }

    /// Tells everyone who listens, now; where nobody does, nothing happens.
    pub fn send(&self, kind: Kind) {
        let _ = self.0.send(Event { at: Timestamp::now(), kind });
    }

    /// Begins to listen.
    pub fn subscribe(&self) -> Receiver {
        Receiver(self.0.subscribe())
    }
}

impl Receiver {
    /// The next event or loss; `None` once the bus is gone. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Received> {
        match self.0.recv().await {
            Ok(event) => Some(Received::Event(event)),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Received::Lost(lost)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(n: u64) -> Kind {
        Kind::OnAir { channel: Some(n.into()) }
    }

    #[tokio::test]
    async fn a_slow_receiver_is_told_what_it_lost_and_holds_up_nobody() {
        let bus = Bus::new(4);
        bus.send(started(0));
        let (mut slow, mut quick) = (bus.subscribe(), bus.subscribe());
        for n in 1..=10 {
            bus.send(started(n));
            let Some(Received::Event(event)) = quick.recv().await else { panic!("quick lost {n}") };
            assert_eq!(event.kind, started(n));
        }
        assert_eq!(slow.recv().await, Some(Received::Lost(6)));
        let Some(Received::Event(event)) = slow.recv().await else { panic!("no event") };
        assert_eq!(event.kind, started(7));
        drop(bus);
        for _ in 8..=10 {
            assert!(slow.recv().await.is_some());
        }
        assert_eq!(slow.recv().await, None);
    }
}
