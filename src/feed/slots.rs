//! Provider slots: never more connections to a provider than it allows.

use super::book::Provider;
use super::shared::Shared;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// All providers' slots.
///
/// A full provider gives up its oldest feed that nobody watches (lingering, or held only by who is about to
/// let go). Providers' own counters lag behind closed connections by seconds; how long is learned.
#[derive(Debug, Default)]
pub(super) struct Slots {
    providers: Mutex<HashMap<i64, Account>>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Account {
    holders: Vec<(u64, Weak<Shared>)>,
    next: u64,
    /// How long after a close the provider still counts it.
    reopen_delay: Duration,
    last_release: Option<Instant>,
}

/// The right to one connection, given back on drop.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    provider: i64,
    token: u64,
    /// The provider was full but for this one.
    pub(super) was_last: bool,
    /// It had to wait until the provider notices that another was closed.
    waited: bool,
}

/// All are in use by channels that somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {max} connections that the provider allows are in use")]
pub(super) struct NoSlot {
    /// How many it allows.
    pub(super) max: u32,
}

/// An evicted feed closes its socket at once, FFmpeg within its ladder of signals.
const EVICTION: Duration = Duration::from_secs(5);
const LONGEST_REOPEN_DELAY: Duration = Duration::from_secs(10);

/// A refusal doubles the delay, so it comes down slowly: a viewer waits longer for a refusal than for the delay.
fn shorter(delay: Duration) -> Duration {
    let less = delay.mul_f64(0.9);
    if less < Duration::from_millis(250) { Duration::ZERO } else { less }
}

enum Try {
    Granted(Slot, Option<Instant>),
    Evicting,
    Full,
}

impl Slots {
    /// A slot for `feed`; waits for an evicted feed to close and for the provider's counter to notice.
    pub(super) async fn acquire(
        self: &Arc<Self>,
        provider: Provider,
        feed: &Arc<Shared>,
    ) -> Result<Slot, NoSlot> {
        let deadline = tokio::time::Instant::now() + EVICTION;
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            match self.attempt(provider, feed) {
                Try::Granted(slot, not_before) => {
                    if let Some(not_before) = not_before {
                        tokio::time::sleep_until(not_before.into()).await;
                    }
                    return Ok(slot);
                }
                Try::Full => return Err(NoSlot { max: provider.max_connections }),
                Try::Evicting => {
                    if tokio::time::timeout_at(deadline, released).await.is_err() {
                        return Err(NoSlot { max: provider.max_connections });
                    }
                }
            }
        }
    }

    /// The provider said that its limit is reached although we had counted less.
    pub(super) fn refused(&self, provider: i64) {
        let mut providers = self.providers.lock();
        let account = providers.entry(provider).or_default();
        let recent = account.last_release.is_some_and(|at| at.elapsed() < LONGEST_REOPEN_DELAY);
        if recent {
            let longer = (account.reopen_delay * 2).max(Duration::from_secs(1));
            account.reopen_delay = longer.min(LONGEST_REOPEN_DELAY);
        }
    }

    /// A connection that had waited out the delay was taken: perhaps a shorter one does too.
    pub(super) fn accepted(&self, slot: &Slot) {
        if let (true, Some(account)) = (slot.waited, self.providers.lock().get_mut(&slot.provider)) {
            account.reopen_delay = shorter(account.reopen_delay);
        }
    }

    /// Connections in use, per provider.
    pub(super) fn in_use(&self, provider: i64) -> usize {
        self.providers.lock().get(&provider).map_or(0, |account| account.holders.len())
    }

    fn attempt(self: &Arc<Self>, provider: Provider, feed: &Arc<Shared>) -> Try {
        let mut providers = self.providers.lock();
        let account = providers.entry(provider.id).or_default();
        account.holders.retain(|(_, holder)| holder.strong_count() > 0);
        let max = match provider.max_connections {
            0 => usize::MAX,
            max => max as usize,
        };
        if account.holders.len() < max {
            let token = account.next;
            account.next += 1;
            account.holders.push((token, Arc::downgrade(feed)));
            let was_last = account.holders.len() == max;
            let not_before =
                account.last_release.filter(|_| was_last).map(|released| released + account.reopen_delay);
            let not_before = not_before.filter(|at| *at > Instant::now());
            let waited = not_before.is_some();
            let slot = Slot { slots: Arc::clone(self), provider: provider.id, token, was_last, waited };
            return Try::Granted(slot, not_before);
        }
        // Whom nobody watches takes from nobody: it was evicted itself, perhaps, and tries again.
        if feed.evictable_since().is_some() {
            return Try::Full;
        }
        let idle = account
            .holders
            .iter()
            .filter_map(|(_, holder)| holder.upgrade())
            .filter_map(|holder| holder.evictable_since().map(|since| (since, holder)))
            .min_by_key(|(since, _)| *since);
        match idle {
            Some((_, holder)) => {
                holder.evict();
                Try::Evicting
            }
            None => Try::Full,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(account) = self.slots.providers.lock().get_mut(&self.provider) {
            account.holders.retain(|(token, _)| *token != self.token);
            account.last_release = Some(Instant::now());
        }
        self.slots.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{Budget, FeedKey, Ring};
    use crate::ts::MediaTime;

    fn shared(channel: u64) -> Arc<Shared> {
        let ring = Ring::new(MediaTime::from_millis(1000), 1 << 20, Budget::new(usize::MAX));
        Shared::new(FeedKey { channel: channel.into(), web: false }, "name".into(), ring, None)
    }

    #[tokio::test]
    async fn whom_nobody_watches_gives_up_its_slot_and_takes_none() {
        let (slots, provider) = (Arc::<Slots>::default(), Provider { id: 1, max_connections: 1 });
        let (first, second) = (shared(1), shared(2));
        let watched = first.lease(false).expect("lease");
        let slot = slots.acquire(provider, &first).await.expect("free");
        let other = second.lease(false).expect("lease");
        assert!(slots.acquire(provider, &second).await.is_err(), "somebody watches the first");
        drop(watched);
        let taking = slots.acquire(provider, &second);
        tokio::pin!(taking);
        assert!(futures_util::poll!(&mut taking).is_pending());
        assert!(first.wishes().evict);
        drop(slot);
        let slot = taking.await.expect("given up");
        drop(other);
        assert!(slots.acquire(provider, &first).await.is_err(), "nobody watches either");
        assert!(!second.wishes().evict);
        drop(slot);
        assert_eq!(slots.in_use(1), 0);
    }

    #[tokio::test]
    async fn a_delay_that_was_learned_comes_down_where_it_is_not_needed() {
        let mut delays = vec![LONGEST_REOPEN_DELAY];
        while let Some(delay) = delays.last().copied().filter(|delay| !delay.is_zero()) {
            delays.push(shorter(delay));
        }
        assert!(delays.is_sorted_by(|longer, less| less < longer) && (20..50).contains(&delays.len()));

        let (slots, provider) = (Arc::<Slots>::default(), Provider { id: 1, max_connections: 1 });
        let feed = shared(1);
        drop(slots.acquire(provider, &feed).await.expect("free"));
        let delay = || slots.providers.lock()[&1].reopen_delay;
        let set = |delay| slots.providers.lock().entry(1).or_default().reopen_delay = delay;
        set(Duration::from_millis(20));
        let slot = slots.acquire(provider, &feed).await.expect("free");
        slots.accepted(&slot);
        assert!(slot.waited && delay().is_zero());
        set(Duration::from_secs(3));
        // One that did not have to wait says nothing about the delay.
        slots.accepted(&Slot {
            slots: Arc::clone(&slots),
            provider: 1,
            token: 99,
            was_last: true,
            waited: false,
        });
        assert_eq!(delay(), Duration::from_secs(3));
    }
}
