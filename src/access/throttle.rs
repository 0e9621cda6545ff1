//! Failed sign-ins slow down whoever makes them, per address and per account.
//!
//! An attempt counts as failed when it begins and is forgotten when it succeeds, so guesses made at once don't slip
//! through together. An account's wait is short: strangers must not be able to lock its owner out.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Entries per book; the one that was quiet the longest makes room.
const MOST: usize = 10_000;
/// Failures are forgotten after so long without one.
const MEMORY: Duration = Duration::from_secs(15 * 60);

/// Both books.
pub(super) struct Throttle {
    addresses: Book<IpAddr>,
    accounts: Book<String>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            addresses: Book::new(5, Duration::from_secs(15 * 60)),
            accounts: Book::new(10, Duration::from_secs(30)),
        }
    }
}

impl Throttle {
    /// Begins an attempt, or says how long to wait.
    pub(super) fn attempt(&self, address: IpAddr, account: &str, now: Instant) -> Result<(), Duration> {
        let address = network(address);
        let account = shortened(account);
        let waits = [self.addresses.wait(&address, now), self.accounts.wait(&account, now)];
        if let Some(longest) = waits.into_iter().flatten().max() {
            return Err(longest);
        }
        self.addresses.add(address, now);
        self.accounts.add(account, now);
        Ok(())
    }

    /// It was the right password.
    pub(super) fn succeeded(&self, address: IpAddr, account: &str) {
        self.addresses.0.lock().failures.remove(&network(address));
        self.accounts.0.lock().failures.remove(&shortened(account));
    }
}

/// An IPv6 customer has a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn shortened(account: &str) -> String {
    account.chars().take(64).collect()
}

struct Book<K>(Mutex<Pages<K>>);

struct Pages<K> {
    free: u32,
    longest: Duration,
    failures: HashMap<K, (u32, Instant)>,
}

impl<K: Eq + Hash + Clone> Book<K> {
    fn new(free: u32, longest: Duration) -> Self {
        Self(Mutex::new(Pages { free, longest, failures: HashMap::new() }))
    }

    /// How long until the next attempt is heard: 1, 2, 4 … s after the free ones.
    fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let pages = self.0.lock();
        let (count, last) = *pages.failures.get(key)?;
        let beyond = count.checked_sub(pages.free)?;
        let delay = Duration::from_secs(1 << beyond.min(20)).min(pages.longest);
        let gone = now.saturating_duration_since(last);
        (gone < MEMORY).then(|| delay.saturating_sub(gone)).filter(|wait| !wait.is_zero())
    }

    fn add(&self, key: K, now: Instant) {
        let mut pages = self.0.lock();
        let failures = &mut pages.failures;
        if failures.len() >= MOST && !failures.contains_key(&key) {
            failures.retain(|_, (_, last)| now.saturating_duration_since(*last) < MEMORY);
        }
        if failures.len() >= MOST && !failures.contains_key(&key) {
            let oldest = failures.iter().min_by_key(|(_, (_, last))| *last).map(|(key, _)| key.clone());
            oldest.map(|key| failures.remove(&key));
        }
        let entry = failures.entry(key).or_insert((0, now));
        if now.saturating_duration_since(entry.1) >= MEMORY {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    #[test]
    fn an_address_waits_longer_and_longer_and_is_forgiven() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let attempt = |account: &str, after| {
            throttle.attempt(ip("192.0.2.1"), account, start + Duration::from_secs(after))
        };
        for n in 0..5 {
            attempt(&n.to_string(), 0).expect("free");
        }
        assert_eq!(attempt("x", 0), Err(Duration::from_secs(1)));
        attempt("y", 1).expect("waited");
        assert_eq!(attempt("z", 1), Err(Duration::from_secs(2)));
        throttle.attempt(ip("192.0.2.2"), "z", start).expect("another address");
        attempt("z", 1 + 15 * 60).expect("forgotten");
        attempt("z", 1 + 15 * 60).expect("counted anew");
    }

    #[test]
    fn an_account_is_slowed_from_many_addresses_but_not_locked() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for n in 0..10 {
            throttle.attempt(ip(&format!("192.0.2.{n}")), "admin", now).expect("free");
        }
        let mut at = now;
        for n in 10..40 {
            let refused = throttle.attempt(ip(&format!("192.0.2.{n}")), "admin", at).expect_err("slowed");
            assert!(refused <= Duration::from_secs(30));
            at += refused;
            throttle.attempt(ip(&format!("192.0.2.{n}")), "admin", at).expect("waited");
        }
        throttle.succeeded(ip("192.0.2.1"), "admin");
        throttle.attempt(ip("192.0.2.77"), "admin", at).expect("forgiven");
    }

    #[test]
    fn one_ipv6_customer_is_one_address() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for n in 0..5 {
            throttle.attempt(ip(&format!("2001:db8::{n}")), &n.to_string(), now).expect("free");
        }
        assert!(throttle.attempt(ip("2001:db8::ffff"), "x", now).is_err());
        assert!(throttle.attempt(ip("2001:db8:0:1::1"), "x", now).is_ok());
        for n in 0..5 {
            throttle.attempt(ip("::ffff:192.0.2.1"), &format!("v4{n}"), now).expect("free");
        }
        assert!(throttle.attempt(ip("192.0.2.1"), "y", now).is_err());
    }

    #[test]
    fn the_books_are_bounded() {
        let book = Book::new(5, Duration::from_secs(1));
        let now = Instant::now();
        for n in 0..MOST + 5 {
            book.add(n, now + Duration::from_millis(n as u64));
        }
        let pages = book.0.lock();
        assert_eq!(pages.failures.len(), MOST);
        assert!(!pages.failures.contains_key(&0) && pages.failures.contains_key(&(MOST + 4)));
    }
}
