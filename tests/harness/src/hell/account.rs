//! The provider's accounts: how many connections they may have, and what happens beyond that.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What a connection over the limit gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// 200 and a clean end.
    CleanEnd,
    /// An HTTP status: 458, 403, 509 …
    Status(u16),
    /// It gets the stream, and the oldest connection is closed.
    DisplaceOldest,
}

/// An account's rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    pub username: String,
    pub password: String,
    /// 0: no limit.
    pub max_connections: usize,
    pub over: Over,
    /// A closed connection counts so many seconds longer.
    pub lag: f64,
    /// What the login document says of the limit, where it is not the truth.
    pub claims: Option<usize>,
    /// `Active`, `Expired`, `Banned` …; `auth` 0 where it is not `Active`.
    pub status: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            username: "user".into(),
            password: "secret-in-path".into(),
            max_connections: 0,
            over: Over::CleanEnd,
            lag: 0.0,
            claims: None,
            status: "Active".into(),
        }
    }
}

/// Numbers for assertions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Connections that get media now.
    pub now: usize,
    /// The most there ever were at once.
    pub peak: usize,
    /// All that ever were.
    pub total: usize,
    /// Requests answered otherwise: refusals, faults, redirects.
    pub others: usize,
    pub bytes: u64,
}

impl Counts {
    fn open(&mut self) {
        self.now += 1;
        self.total += 1;
        self.peak = self.peak.max(self.now);
    }
}

/// Counts that are shared.
#[derive(Debug, Clone, Default)]
pub struct Shared(Arc<Mutex<Counts>>);

impl Shared {
    pub fn get(&self) -> Counts {
        *self.lock()
    }
    pub fn other(&self) {
        self.lock().others += 1;
    }
    pub fn bytes(&self, count: usize) {
        self.lock().bytes += count as u64;
    }
    /// The peak starts again from what is now.
    pub fn reset_peak(&self) {
        let mut counts = self.lock();
        counts.peak = counts.now;
    }
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A connection that counts until dropped.
    pub fn enter(&self) -> Entered {
        self.lock().open();
        Entered(self.clone())
    }
}

/// Counts as one connection while it lives.
#[derive(Debug)]
pub struct Entered(Shared);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.lock().now -= 1;
    }
}

#[derive(Debug, Default)]
struct Book {
    open: Vec<(u64, Arc<Notify>)>,
    closed: Vec<Instant>,
    next: u64,
}

/// An account at work.
#[derive(Debug, Clone)]
pub struct Running {
    pub rules: Arc<Mutex<Account>>,
    pub counts: Shared,
    book: Arc<Mutex<Book>>,
}

/// A granted connection. `displaced` fires when a newer one takes its place.
#[derive(Debug)]
pub struct Grant {
    pub displaced: Arc<Notify>,
    id: u64,
    account: Running,
    _counted: Entered,
}

impl Running {
    pub fn new(account: Account) -> Self {
        Self { rules: Arc::new(Mutex::new(account)), counts: Shared::default(), book: Arc::default() }
    }

    pub fn rules(&self) -> Account {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the rules.
    pub fn set(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What the provider believes to be connected.
    pub fn believed(&self) -> usize {
        let lag = Duration::from_secs_f64(self.rules().lag);
        let mut book = self.book();
        book.closed.retain(|closed| closed.elapsed() < lag);
        book.open.len() + book.closed.len()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a connection.
    pub fn enter(&self) -> Result<Grant, Over> {
        let rules = self.rules();
        let full = rules.max_connections > 0 && self.believed() >= rules.max_connections;
        if full && rules.over != Over::DisplaceOldest {
            return Err(rules.over);
        }
        let mut book = self.book();
        if full && !book.open.is_empty() {
            book.open.remove(0).1.notify_one();
        }
        book.next += 1;
        let (id, displaced) = (book.next, Arc::new(Notify::new()));
        book.open.push((id, displaced.clone()));
        drop(book);
        Ok(Grant { displaced, id, account: self.clone(), _counted: self.counts.enter() })
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut book = self.account.book();
        book.open.retain(|(id, _)| *id != self.id);
        book.closed.push(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_lag_and_the_oldest_goes() {
        let account = Running::new(Account { max_connections: 1, lag: 0.05, ..Account::default() });
        let grant = account.enter().unwrap();
        assert_eq!(account.enter().unwrap_err(), Over::CleanEnd);
        drop(grant);
        assert_eq!(account.enter().unwrap_err(), Over::CleanEnd);
        std::thread::sleep(Duration::from_millis(60));
        let _second = account.enter().unwrap();
        account.set(|a| a.over = Over::DisplaceOldest);
        let _third = account.enter().unwrap();
        assert_eq!(account.counts.get(), Counts { now: 2, peak: 2, total: 3, others: 0, bytes: 0 });
    }
}
