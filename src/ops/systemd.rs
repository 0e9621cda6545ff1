//! The service manager: sockets it hands over, and what it is told (sd_notify(3), sd_listen_fds(3)).
//!
//! Without systemd all of this does nothing.

use sd_notify::NotifyState;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// Sockets that systemd opened for us, non-blocking. By their names (`FileDescriptorName=`) `api`, `public`,
/// `rtmp`, `admin`; where they have none of these, TCP sockets are taken in that order.
#[derive(Debug, Default)]
pub struct Inherited {
    /// The API listener.
    pub api: Option<TcpListener>,
    /// The public listener.
    pub public: Option<TcpListener>,
    /// The RTMP listener.
    pub rtmp: Option<TcpListener>,
    /// The admin socket.
    pub admin: Option<UnixListener>,
}

/// A socket that systemd handed over and that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("socket {index} from systemd ({name}) can't be used: {source}. Check ListenStream= in its unit")]
pub struct InheritError {
    index: usize,
    name: String,
    source: io::Error,
}

const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const SOCK_STREAM: i32 = 1;

impl Inherited {
    /// Takes what is there; call it once, before threads are started.
    pub fn take() -> Result<Self, InheritError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names: Vec<&str> = names.split(':').collect();
        let mut fds = listenfd::ListenFd::from_env();
        let mut taken = Self::default();
        for index in 0..fds.len() {
            let name = names.get(index).copied().unwrap_or_default();
            let fail = |source| InheritError { index, name: name.to_owned(), source };
            if name == "admin" {
                let listener = fds.take_unix_listener(index).map_err(fail)?;
                if let Some(listener) = &listener {
                    listener.set_nonblocking(true).map_err(fail)?;
                }
                taken.admin = listener;
                continue;
            }
            // A plain `ListenStream=8002` is an IPv6 socket, which take_tcp_listener refuses.
            let listener: Option<TcpListener> = fds
                .take_custom(index, AF_INET6, SOCK_STREAM, "tcp socket")
                .or_else(|_| fds.take_custom(index, AF_INET, SOCK_STREAM, "tcp socket"))
                .map_err(fail)?;
            let Some(listener) = listener else { continue };
            listener.set_nonblocking(true).map_err(fail)?;
            let slot = match name {
                "api" => &mut taken.api,
                "public" => &mut taken.public,
                "rtmp" => &mut taken.rtmp,
                _ if taken.api.is_none() => &mut taken.api,
                _ if taken.public.is_none() => &mut taken.public,
                _ => &mut taken.rtmp,
            };
            *slot = Some(listener);
        }
        Ok(taken)
    }
}

/// The service listens.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The service stops.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// One line that `systemctl status` shows; no secrets.
pub fn status(words: &str) {
    tell(&[NotifyState::Status(words)]);
}

/// How often to call [`alive`]: half of `WatchdogSec=`; `None` where systemd keeps no watch.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2).filter(|interval| !interval.is_zero())
}

/// The service is alive.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

fn tell(state: &[NotifyState<'_>]) {
    // Nobody there to listen is no reason to fail; systemd itself notices what is missing.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd could not be notified");
    }
}
