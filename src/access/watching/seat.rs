//! The place of an endless stream.

use super::Watching;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// Counts as a viewer until it is dropped.
pub struct Seat {
    watching: Arc<Watching>,
    key: u64,
    bytes: Arc<AtomicU64>,
    ended: CancellationToken,
}

impl Seat {
    pub(super) fn new(
        watching: Arc<Watching>,
        key: u64,
        bytes: Arc<AtomicU64>,
        ended: CancellationToken,
    ) -> Self {
        Self { watching, key, bytes, ended }
    }

    /// Adds to what this viewer was sent.
    pub fn add_bytes(&self, n: u64) {
        self.bytes.fetch_add(n, Ordering::Relaxed);
    }

    /// Returns when someone ended this session: send no more.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.watching.leave(self.key);
    }
}
