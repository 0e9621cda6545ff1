//! Binding the network's listeners, and sockets handed over by systemd.

use super::server::Listener;
use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener};
use std::os::unix::net::UnixListener as StdUnixListener;
use tokio::net::{TcpListener, TcpSocket, UnixListener};

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

/// Sockets that systemd bound for us (`LISTEN_FDS`). Each is taken once, by port or by being a Unix socket.
#[derive(Debug, Default)]
pub struct Inherited {
    tcp: Vec<StdTcpListener>,
    unix: Vec<StdUnixListener>,
}

impl Inherited {
    /// Takes over what the environment names. To be called once, before threads are started: the variables are
    /// removed so that children don't take them for theirs.
    pub fn from_environment() -> Self {
        let mut handed = listenfd::ListenFd::from_env();
        let mut inherited = Self::default();
        for index in 0..handed.len() {
            if let Ok(Some(listener)) = handed.take_tcp_listener(index) {
                inherited.tcp.push(listener);
            } else if let Ok(Some(listener)) = handed.take_unix_listener(index) {
                inherited.unix.push(listener);
            }
        }
        inherited
    }

    /// The inherited listener of that port, if there is one.
    pub fn take_tcp(&mut self, port: u16) -> io::Result<Option<Listener>> {
        let of_port = |listener: &StdTcpListener| listener.local_addr().is_ok_and(|at| at.port() == port);
        let Some(index) = self.tcp.iter().position(of_port) else { return Ok(None) };
        let listener = self.tcp.swap_remove(index);
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(|listener| Some(Listener::Tcp(listener)))
    }

    /// The inherited Unix socket, if there is one: the admin socket. systemd removes its file, not we.
    pub fn take_unix(&mut self) -> io::Result<Option<Listener>> {
        let Some(listener) = self.unix.pop() else { return Ok(None) };
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener).map(|listener| Some(Listener::Unix(listener)))
    }
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

    #[tokio::test]
    async fn inherited_sockets_are_taken_by_port_once() {
        let listener = StdTcpListener::bind("127.0.0.1:0").expect("bound");
        let port = listener.local_addr().expect("address").port();
        let mut inherited = Inherited { tcp: vec![listener], unix: Vec::new() };
        assert!(inherited.take_tcp(port.wrapping_add(1)).expect("none").is_none());
        assert_eq!(
            inherited.take_tcp(port).expect("one").and_then(|l| l.tcp_address()).map(|a| a.port()),
            Some(port)
        );
        assert!(inherited.take_tcp(port).expect("none").is_none());
        assert!(inherited.take_unix().expect("none").is_none());
    }
}
