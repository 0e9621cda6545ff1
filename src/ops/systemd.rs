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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    const CHILD: &str = "RELAIS_TEST_SYSTEMD_CHILD";

    /// systemd speaks by the environment and by descriptor 3, so the test runs itself as the service.
    #[test]
    fn sockets_are_taken_and_readiness_is_told() {
        if let Ok(port) = std::env::var(CHILD) {
            let taken = Inherited::take().expect("sockets");
            let listener = taken.public.expect("the public listener");
            assert_eq!(listener.local_addr().expect("address").port().to_string(), port);
            assert!(taken.api.is_none() && taken.rtmp.is_none() && taken.admin.is_none());
            assert_eq!(watchdog_interval(), Some(Duration::from_secs(15)));
            ready();
            return;
        }
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bind");
        let listener = TcpListener::bind("[::1]:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        let output = Command::new("sh")
            .args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=public exec \"$0\" \"$@\" 3<&0"])
            .arg(std::env::current_exe().expect("this program"))
            .args(["--exact", "ops::systemd::tests::sockets_are_taken_and_readiness_is_told"])
            .env(CHILD, port.to_string())
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "30000000")
            .stdin(OwnedFd::from(listener))
            .output()
            .expect("run");
        assert!(output.status.success(), "{output:?}");
        manager.set_nonblocking(true).expect("nonblocking");
        let mut message = [0; 64];
        let length = manager.recv(&mut message).expect("a message");
        assert_eq!(&message[..length], b"READY=1\n");
    }
}
