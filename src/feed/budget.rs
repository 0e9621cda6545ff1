//! How much media all feeds together may hold in memory.

use super::part::Part;
use crate::ts::MediaTime;
use bytes::Bytes;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes of all published parts that anyone still holds: rings, segments, slow readers.
///
/// The budget refuses *new feeds*; it never takes from a running one what its playlists still list.
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes allowed.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether another feed may start.
    pub fn has_room(&self) -> bool {
        self.used() < self.limit
    }
}

/// A part that is counted in the budget until the last holder lets go of it.
#[derive(Debug)]
pub struct Held {
    part: Part,
    budget: Arc<Budget>,
}

impl Held {
    /// Counts `part` from now on.
    pub fn new(part: Part, budget: &Arc<Budget>) -> Arc<Self> {
        budget.used.fetch_add(part.bytes.len(), Ordering::Relaxed);
        Arc::new(Self { part, budget: Arc::clone(budget) })
    }
}

impl Held {
    /// The same part with the media of those behind it too, up to `end`; counted in the same budget.
    pub fn joined(&self, bytes: Bytes, end: MediaTime) -> Arc<Self> {
        Self::new(Part { bytes, end, ..self.part.clone() }, &self.budget)
    }
}

impl Deref for Held {
    type Target = Part;

    fn deref(&self) -> &Part {
        &self.part
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.part.bytes.len(), Ordering::Relaxed);
    }
}
