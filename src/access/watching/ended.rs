//! Sessions that were ended by hand: their signed text would otherwise take a place again.

use parking_lot::Mutex;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long they are remembered: longer than any player goes on asking.
const MEMORY: Duration = Duration::from_secs(3600);
/// How many; the oldest go first.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Ended {
    /// Mostly 0, so that the hot path needs no lock.
    count: AtomicUsize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    keys: HashSet<u64>,
    order: VecDeque<(u64, Instant)>,
}

impl Ended {
    pub(super) fn has(&self, key: u64) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.inner.lock().keys.contains(&key)
    }

    pub(super) fn add(&self, key: u64, now: Instant) {
        let mut inner = self.inner.lock();
        if inner.keys.insert(key) {
            inner.order.push_back((key, now));
        }
        if inner.order.len() > MOST {
            inner.forget_oldest();
        }
        self.count.store(inner.order.len(), Ordering::Release);
    }

    pub(super) fn sweep(&self, now: Instant) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut inner = self.inner.lock();
        while inner.order.front().is_some_and(|(_, at)| now.duration_since(*at) > MEMORY) {
            inner.forget_oldest();
        }
        self.count.store(inner.order.len(), Ordering::Release);
    }
}

impl Inner {
    fn forget_oldest(&mut self) {
        if let Some((key, _)) = self.order.pop_front() {
            self.keys.remove(&key);
        }
    }
}
