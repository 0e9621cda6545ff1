//! The embedded demo provider: an Xtream panel on loopback with six test-pattern channels.
//!
//! It is a provider like any other: relais imports its list and opens its streams over HTTP, with credentials
//! that are made anew at each start. A channel's stream is made by an FFmpeg of its own, which lives as long as
//! its connection.

mod channels;
mod panel;
mod pattern;
mod streams;

use crate::ffmpeg::Tool;
use rand::Rng as _;
use rand::distr::Alphanumeric;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest wait for the FFmpegs to end; what is left then is killed with the runtime.
const END_WITHIN: Duration = Duration::from_secs(4);

/// The demo provider can't run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No free port on loopback.
    #[error("the demo provider can't listen on 127.0.0.1: {0}")]
    Listen(std::io::Error),
    /// FFmpeg lacks what the test patterns are made with.
    #[error("the demo needs an FFmpeg with {0} (Debian's package has it)")]
    FfmpegLacks(String),
}

/// A running demo provider. Dropping it ends its streams, without waiting for them.
pub struct Demo {
    address: SocketAddr,
    shared: Arc<Shared>,
    tracker: TaskTracker,
}

struct Shared {
    username: String,
    password: String,
    address: SocketAddr,
    tool: Tool,
    lettering: pattern::Lettering,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Demo {
    /// Listens on a free loopback port.
    pub async fn start(tool: Tool) -> Result<Self, DemoError> {
        let lacks: Vec<_> =
            ["libx264", "aac"].into_iter().filter(|it| !tool.abilities().encoders.contains(*it)).collect();
        if !lacks.is_empty() {
            return Err(DemoError::FfmpegLacks(lacks.join(" and ")));
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::Listen)?;
        let address = listener.local_addr().map_err(DemoError::Listen)?;
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let lettering = pattern::Lettering::probe(&tool).await;
        let shared = Arc::new(Shared {
            username: secret(10),
            password: secret(20),
            address,
            tool,
            lettering,
            stop: stop.clone(),
            tracker: tracker.clone(),
        });
        let app = panel::router(Arc::clone(&shared));
        tracker.spawn(async move {
            // `axum::serve` never ends by itself; a failing accept is retried by it.
            let served = axum::serve(listener, app);
            tokio::select! {
                _ = served.into_future() => {}
                () = stop.cancelled() => {}
            }
        });
        Ok(Self { address, shared, tracker })
    }

    /// The panel's address, as an Xtream host: `http://127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account of this run.
    pub fn username(&self) -> &str {
        &self.shared.username
    }

    /// Its password. Not for logs.
    pub fn password(&self) -> &str {
        &self.shared.password
    }

    /// Ends the listener and every stream, and waits until their FFmpegs are gone.
    pub async fn shutdown(self) {
        self.shared.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(END_WITHIN, self.tracker.wait()).await.is_err() {
            tracing::warn!("a demo channel's FFmpeg did not end in time");
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("address", &self.address).finish_non_exhaustive()
    }
}

fn secret(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

#[cfg(test)]
mod tests;
