//! The catalogue at the size of real providers: imports, searches, pages, guides, and viewers beside all that.

mod guide;
mod import;
mod jitter;
mod memory;
mod search;

pub use guide::run as guide;
pub use jitter::run as jitter;

use super::Effort;
use super::report::Line;
use anyhow::{Context, Result, ensure};
use harness::accounts::{Part, Server, Spec};
use harness::http1::{Connection, Peer};
use harness::relais::Relais;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Between looks at a refresh.
const LOOK: Duration = Duration::from_millis(5);
const SEED: u64 = 7;

/// `import-100k`: M3U, and searches in it.
pub async fn hundred_thousand(effort: Effort) -> Result<Vec<Line>> {
    let targets = import::Targets { seconds: 2.0, mebibytes: 80.0, peer: Some((2.3, 300.0)), search: 20.0 };
    import::m3u("import-100k", effort.entries(100_000), effort.runs(), targets).await
}

/// `import-1m`: the same, ten times as long.
pub async fn million(effort: Effort) -> Result<Vec<Line>> {
    let targets =
        import::Targets { seconds: 20.0, mebibytes: 150.0, peer: Some((42.0, 3072.0)), search: 60.0 };
    import::m3u("import-1m", effort.entries(1_000_000), effort.runs().min(3), targets).await
}

/// `import-xtream`: the JSON lists.
pub async fn xtream(effort: Effort) -> Result<Vec<Line>> {
    import::xtream("import-xtream", effort.entries(100_000), effort.runs()).await
}

impl Effort {
    /// So many entries, or a token of them.
    fn entries(self, full: u64) -> u64 {
        if self.quick { full / 20 } else { full }
    }
}

/// A panel whose lists are made beforehand.
async fn panel(size: u64, parts: &[Part]) -> Result<(Server, u64)> {
    let server = Server::start(Spec { seed: SEED, ..Spec::of(size) }).await?;
    let mut bytes = 0;
    for part in parts {
        bytes += server.preload(*part).await?;
    }
    Ok((server, bytes))
}

/// The admin socket, kept open: one connection, no limits.
struct Admin {
    connection: Connection,
}

impl Admin {
    async fn open(relais: &Relais) -> Result<Self> {
        Ok(Self { connection: Connection::open(&Peer::Unix(relais.socket().into())).await? })
    }

    /// The body of a GET, and how long it took to its last byte.
    async fn get(&mut self, path: &str) -> Result<(bytes::Bytes, Duration)> {
        let start = Instant::now();
        let head = self.connection.request("GET", path, &[], b"").await?;
        let body = self.connection.body().await?;
        let took = start.elapsed();
        ensure!(head.status == 200, "{path}: {}: {}", head.status, String::from_utf8_lossy(&body));
        Ok((body, took))
    }

    async fn json(&mut self, path: &str) -> Result<Value> {
        serde_json::from_slice(&self.get(path).await?.0).with_context(|| path.to_owned())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let head = self
            .connection
            .request("POST", path, &["Content-Type: application/json"], body.as_bytes())
            .await?;
        let answer = self.connection.body().await?;
        ensure!(head.status / 100 == 2, "{path}: {}: {}", head.status, String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).with_context(|| path.to_owned())
    }

    /// Waits until `/status` shows that all refreshes have ended and a list of so many channels is there.
    async fn settled(&mut self, channels: u64) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(600);
        loop {
            let status = self.json("/status").await?;
            ensure!(status["error"].is_null(), "{}", status["error"]);
            if status["refreshing"] == false && status["channel_count"] == channels {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the import does not end: {status} instead of {channels}");
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A provider that is read by hand only.
fn provider(mut body: Value) -> Value {
    body["name"] = json!("bench");
    body["refresh_interval"] = json!(0);
    body["max_connections"] = json!(0);
    body
}
