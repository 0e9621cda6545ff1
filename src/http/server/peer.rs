//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The other end of a connection, as the kernel says. Found in a request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Over the network. IPv4 addresses mapped into IPv6 are shown as IPv4.
    Tcp(SocketAddr),
    /// Over a Unix socket, with the credentials it had when it connected.
    Unix {
        /// User.
        uid: u32,
        /// Primary group.
        gid: u32,
        /// Process, where the kernel tells.
        pid: Option<i32>,
    },
}

impl Peer {
    /// The network address; loopback for Unix sockets.
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Tcp(address) => address.ip(),
            Self::Unix { .. } => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}
