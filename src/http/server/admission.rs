//! How many connections are open, in all and per address.

use super::{Limits, Peer};
use ipnet::IpNet;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts open connections of one listener. Bounded by the cap itself: an address is forgotten with its last
/// connection.
pub(super) struct Admission {
    most: usize,
    most_per_address: usize,
    trusted: Vec<IpNet>,
    open: AtomicUsize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// Why a connection is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The listener is full.
    Full,
    /// This address has enough.
    Address,
}

/// A connection's place; given back when dropped.
pub(super) struct Pass {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Admission {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: if limits.connections == 0 { usize::MAX } else { limits.connections },
            most_per_address: limits.per_address,
            trusted: limits.trusted.clone(),
            open: AtomicUsize::new(0),
            addresses: Mutex::default(),
        }
    }

    pub(super) fn admit(self: &Arc<Self>, peer: &Peer) -> Result<Pass, Refusal> {
        let take = |open: usize| (open < self.most).then_some(open + 1);
        if self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return Err(Refusal::Full);
        }
        let mut pass = Pass { admission: self.clone(), address: None };
        if let Some(address) = self.capped(peer) {
            let mut addresses = self.addresses.lock();
            let count = addresses.entry(address).or_default();
            if *count >= self.most_per_address {
                return Err(Refusal::Address);
            }
            *count += 1;
            pass.address = Some(address);
        }
        Ok(pass)
    }

    fn capped(&self, peer: &Peer) -> Option<IpAddr> {
        match peer {
            Peer::Tcp(address) if self.most_per_address > 0 => {
                let exempt = self.trusted.iter().any(|net| net.contains(&address.ip()));
                (!exempt).then(|| one_household(address.ip()))
            }
            _ => None,
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            let mut addresses = self.admission.addresses.lock();
            if let Some(count) = addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    addresses.remove(&address);
                }
            }
        }
    }
}

/// The address that limits count: IPv6 hands whole /64 networks to one household.
pub(in crate::http) fn one_household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Peer {
        Peer::Tcp(text.parse().expect("address"))
    }

    #[test]
    fn caps_and_gives_back() {
        let limits = Limits {
            connections: 3,
            per_address: 2,
            trusted: vec!["10.0.0.0/8".parse().expect("net")],
            ..Limits::default()
        };
        let admission = Arc::new(Admission::new(&limits));
        let first = admission.admit(&from("192.0.2.1:1")).ok();
        let _second = admission.admit(&from("192.0.2.1:2")).ok();
        assert_eq!(admission.admit(&from("192.0.2.1:3")).err(), Some(Refusal::Address));
        let third = admission.admit(&from("10.0.0.1:1")).ok();
        assert!(third.is_some());
        assert_eq!(admission.admit(&from("10.0.0.1:2")).err(), Some(Refusal::Full));
        drop(first);
        assert!(admission.admit(&from("192.0.2.1:4")).is_ok());
        drop((_second, third));
        assert_eq!(admission.addresses.lock().len(), 0);
        assert_eq!(admission.open.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn proxies_and_unix_peers_have_no_cap_of_their_own() {
        let limits = Limits {
            per_address: 1,
            trusted: vec!["127.0.0.0/8".parse().expect("net")],
            ..Limits::default()
        };
        let admission = Arc::new(Admission::new(&limits));
        let unix = Peer::Unix { uid: 0, gid: 0, pid: None };
        let all: Vec<_> = [from("127.0.0.1:1"), from("127.0.0.1:2"), unix, unix]
            .iter()
            .map(|p| admission.admit(p))
            .collect();
        assert!(all.iter().all(Result::is_ok));
    }

    #[test]
    fn a_household_is_a_64() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("ip");
        assert_eq!(one_household(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(one_household(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
    }
}
