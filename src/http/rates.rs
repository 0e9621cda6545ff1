//! How many requests an identity or an address may make: fixed windows, bounded in memory.

use super::principal::Identity;
use super::server::one_household;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The limits; 0: off (contract, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests an hour of one identity under `/api`.
    pub authenticated_per_hour: u32,
    /// Requests an hour of one address without an identity under `/api`.
    pub unauthenticated_per_hour: u32,
    /// Starts, stops and creations of streams a minute of one identity.
    pub control_per_minute: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { authenticated_per_hour: 1000, unauthenticated_per_hour: 100, control_per_minute: 60 }
    }
}

/// Who is counted, for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    Identity(Identity),
    Address(IpAddr),
    Control(Identity),
    /// All whom there is no room to count apart.
    Crowd,
}

/// What a request's headers say of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Epoch seconds.
    pub(super) reset: u64,
    /// Seconds until then, where the request is over the limit.
    pub(super) refused: Option<u64>,
}

struct Window {
    ends: u64,
    used: u32,
}

pub(super) struct RateLimiter {
    rates: Rates,
    windows: Mutex<Windows>,
}

#[derive(Default)]
struct Windows {
    of: HashMap<Counted, Window>,
    /// When lapsed ones were last thrown out: at most once a second, for it looks at all of them.
    swept: u64,
}

impl RateLimiter {
    /// Windows kept at once; whoever comes beyond that shares one.
    const MOST: usize = 50_000;

    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, windows: Mutex::default() }
    }

    /// Counts one request; `None`: that limit is off.
    pub(super) fn count(&self, who: Counted) -> Option<Standing> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        self.count_at(who, now)
    }

    fn count_at(&self, who: Counted, now: u64) -> Option<Standing> {
        let (limit, length) = match who {
            Counted::Identity(_) => (self.rates.authenticated_per_hour, 3600),
            Counted::Control(_) => (self.rates.control_per_minute, 60),
            Counted::Address(_) | Counted::Crowd => (self.rates.unauthenticated_per_hour, 3600),
        };
        if limit == 0 {
            return None;
        }
        let who = match who {
            Counted::Address(address) => Counted::Address(one_household(address)),
            other => other,
        };
        let mut windows = self.windows.lock();
        if windows.of.len() >= Self::MOST && windows.swept != now && !windows.of.contains_key(&who) {
            windows.swept = now;
            windows.of.retain(|_, window| window.ends > now);
        }
        let no_room = windows.of.len() >= Self::MOST && !windows.of.contains_key(&who);
        let window = windows
            .of
            .entry(if no_room { Counted::Crowd } else { who })
            .or_insert(Window { ends: 0, used: 0 });
        // A clock set back must not lock anyone out for longer than a window.
        if window.ends <= now || window.ends > now + length {
            *window = Window { ends: now + length, used: 0 };
        }
        let refused = (window.used >= limit).then(|| window.ends - now);
        window.used = (window.used + 1).min(limit);
        Some(Standing { limit, remaining: limit - window.used, reset: window.ends, refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(authenticated_per_hour: u32, unauthenticated_per_hour: u32) -> RateLimiter {
        RateLimiter::new(Rates { authenticated_per_hour, unauthenticated_per_hour, control_per_minute: 1 })
    }

    #[test]
    fn counts_down_refuses_and_begins_again() {
        let limiter = limiter(2, 0);
        let ask = |now| limiter.count_at(Counted::Identity(Identity::User(1)), now).expect("on");
        assert_eq!(ask(100), Standing { limit: 2, remaining: 1, reset: 3700, refused: None });
        assert_eq!(ask(101).remaining, 0);
        assert_eq!(ask(3600).refused, Some(100));
        assert_eq!(ask(3700), Standing { limit: 2, remaining: 1, reset: 7300, refused: None });
        assert_eq!(ask(10).reset, 3610, "a clock set back");
        assert_eq!(limiter.count_at(Counted::Identity(Identity::Key(1)), 10).expect("on").remaining, 1);
        assert_eq!(limiter.count_at(Counted::Address([1, 1, 1, 1].into()), 10), None);
    }

    #[test]
    fn memory_is_bounded_and_a_crowd_shares() {
        let limiter = limiter(0, 1);
        for n in 0..RateLimiter::MOST as u32 + 10 {
            limiter.count_at(Counted::Address(IpAddr::V4(n.into())), 5);
        }
        assert_eq!(limiter.windows.lock().of.len(), RateLimiter::MOST + 1);
        let stranger = Counted::Address(IpAddr::V4(u32::MAX.into()));
        assert!(limiter.count_at(stranger.clone(), 6).expect("on").refused.is_some());
        assert!(limiter.count_at(stranger, 4000).expect("on").refused.is_none());
        assert!(limiter.windows.lock().of.len() < 10);
    }
}
