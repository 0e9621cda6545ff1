//! Binding the network's listeners, and sockets handed over by systemd.

use super::server::Listener;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// A listener could not be bound. One line, for people.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error("port {} is in use: {address} ({purpose} listener); change [listen] {purpose} or stop the other program",
        address.port())]
    InUse {
        /// Where.
        address: SocketAddr,
        /// `api`, `public` or the like: the key of `[listen]`.
        purpose: &'static str,
    },
    /// A port below 1024 without the right to it.
    #[error("not allowed to listen on port {}: {address} ({purpose} listener); change [listen] {purpose} to a port \
        from 1024 on, or give the service CAP_NET_BIND_SERVICE", address.port())]
    NotAllowed {
        /// Where.
        address: SocketAddr,
        /// The key of `[listen]`.
        purpose: &'static str,
    },
    /// This machine has no such address.
    #[error("this machine has no address {}: {address} ({purpose} listener); change [listen] {purpose}", address.ip())]
    NoSuchAddress {
        /// Where.
        address: SocketAddr,
        /// The key of `[listen]`.
        purpose: &'static str,
    },
    /// Anything else.
    #[error("can't listen on {address} ({purpose} listener): {source}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// The key of `[listen]`.
        purpose: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Binds a listener of the network, within a tokio runtime. `purpose` is its key under `[listen]`.
pub fn tcp(address: SocketAddr, purpose: &'static str) -> Result<Listener, BindError> {
    let bind = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
        // A restart must not wait for the old connections' TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(4096)
    };
    bind().map(Listener::Tcp).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, purpose },
        io::ErrorKind::PermissionDenied => BindError::NotAllowed { address, purpose },
        io::ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address, purpose },
        _ => BindError::Other { address, purpose, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_one_clear_line() {
        let first = tcp("127.0.0.1:0".parse().expect("address"), "api").expect("bound");
        let address = first.tcp_address().expect("address");
        let port = address.port();
        let error = tcp(address, "public").expect_err("in use");
        let expected = format!(
            "port {port} is in use: 127.0.0.1:{port} (public listener); change [listen] public or stop the other program"
        );
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn an_address_of_another_machine() {
        let error = tcp("192.0.2.1:0".parse().expect("address"), "api").expect_err("not ours");
        assert!(error.to_string().starts_with("this machine has no address 192.0.2.1"), "{error}");
    }
}
