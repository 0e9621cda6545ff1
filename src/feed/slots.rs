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
            let slot = Slot { slots: Arc::clone(self), provider: provider.id, token, was_last };
            return Try::Granted(slot, not_before);
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
