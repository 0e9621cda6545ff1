//! The accept loop: takes bound listeners, knows nothing of handlers.
//!
//! `axum::serve` sets no timer, no cap, and waits for endless bodies for ever; this one cuts slow headers,
//! idle and stuck connections, caps connections per listener and per address, backs off when descriptors run
//! out, and ends within a deadline.

mod activity;
mod admission;
mod connection;
mod limits;
mod listener;
mod peer;
mod service;
mod turned_away;

pub(in crate::http) use admission::one_household;
pub use limits::Limits;
pub use listener::Listener;
pub use peer::Peer;
pub use service::{MediaFuture, MediaService, Service};

use admission::Admission;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Serves until `shutdown` is cancelled, then takes no more connections, lets short requests finish, cuts what
/// is left after [`Limits::drain`], and returns when no connection is left.
pub async fn serve(listener: Listener, service: Service, shutdown: CancellationToken, limits: Limits) {
    let limits = Arc::new(limits);
    let admission = Arc::new(Admission::new(&limits));
    let cut = CancellationToken::new();
    let connections = TaskTracker::new();
    let waiting_room = turned_away::WaitingRoom::new();
    let mut backoff = Backoff::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if concerns_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, listener = %listener, "can't accept connections; trying again shortly");
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = tokio::time::sleep(backoff.next()) => continue,
                }
            }
        };
        backoff.reset();
        match admission.admit(&peer) {
            Ok(pass) => {
                let connection =
                    connection::run(stream, peer, service.clone(), limits.clone(), shutdown.clone());
                let cut = cut.clone();
                connections.spawn(async move {
                    tokio::select! {
                        () = cut.cancelled() => {}
                        () = connection => {}
                    }
                    drop(pass);
                });
            }
            Err(refusal) => waiting_room.turn_away(stream, refusal),
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::info!(left = connections.len(), "cutting connections that did not end by themselves");
        cut.cancel();
        connections.wait().await;
    }
}

/// Errors of `accept` that say nothing of the listener (accept(2): already-pending network errors).
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Pauses between failing accepts (EMFILE, ENFILE, ENOMEM): 10 ms, doubling up to 1 s.
struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    fn new() -> Self {
        Self(Self::FIRST)
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(Self::LONGEST);
        pause
    }

    fn reset(&mut self) {
        self.0 = Self::FIRST;
    }
}

#[cfg(test)]
mod tests;
