//! What one listener grants.

use ipnet::IpNet;
use std::time::Duration;

/// Limits of one listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once on this listener; 0: not capped.
    pub connections: usize,
    /// Connections at once of one address (IPv6: of one /64); 0: not capped. Trusted proxies and Unix sockets
    /// are exempt: many viewers stand behind them.
    pub per_address: usize,
    /// Whose connections are not capped per address.
    pub trusted: Vec<IpNet>,
    /// A request's head must be complete so long after its first byte (or after the connection was made).
    pub header_time: Duration,
    /// A connection without a request is closed after so long; so is one whose answer sends nothing for so long.
    pub idle: Duration,
    /// A client that takes no byte of an answer for so long is cut.
    pub write_stall: Duration,
    /// Bytes of a request's head.
    pub header_bytes: usize,
    /// At shutdown: how long short requests may take to finish. Less than the 5 s within which the service ends.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            per_address: 256,
            trusted: Vec::new(),
            header_time: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            drain: Duration::from_secs(3),
        }
    }
}
