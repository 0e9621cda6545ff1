//! The bench: relais beside its peers, in one run, on one machine. One file per row of the budget.

pub mod catalogue;
pub mod channels;
pub mod client;
pub mod first_playlist;
pub mod hammer;
pub mod join;
pub mod line;
pub mod others;
pub mod peers;
pub mod picture;
pub mod playlists;
pub mod report;
pub mod segments;
pub mod service;
pub mod setup;
pub mod source;
pub mod tape;
pub mod viewer;
pub mod viewers;

use anyhow::Result;
use report::Line;
use std::time::Duration;

/// How thorough to be.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// `BENCH_QUICK=1`: shows that the bench works; its figures mean little.
    pub quick: bool,
}

impl Effort {
    pub fn from_environment() -> Self {
        Self { quick: std::env::var("BENCH_QUICK").is_ok_and(|value| !matches!(value.as_str(), "" | "0")) }
    }

    /// Runs whose median counts.
    pub fn runs(self) -> usize {
        if self.quick { 2 } else { 5 }
    }

    /// The time that this takes in full, or a token of it.
    pub fn time(self, full: Duration) -> Duration {
        if self.quick { (full / 8).max(Duration::from_millis(800)) } else { full }
    }
}

/// The rows by name, in the order in which they are run.
pub const ROWS: [&str; 8] =
    ["service", "segments", "playlists", "first-playlist", "join", "channels", "viewers", "picture"];

/// The catalogue's rows (`tests/bench/catalogue.sh`); they are run where they are named.
pub const CATALOGUE: [&str; 5] = ["import-100k", "import-xtream", "import-1m", "import-jitter", "guide"];

/// Runs a row.
pub async fn row(name: &str, effort: Effort) -> Result<Vec<Line>> {
    match name {
        "service" => service::run(effort).await,
        "segments" => segments::run(effort).await,
        "playlists" => playlists::run(effort).await,
        "first-playlist" => first_playlist::run(effort).await,
        "join" => join::run(effort).await,
        "channels" => channels::run(effort).await,
        "picture" => picture::run(effort).await,
        "viewers" => viewers::run(effort).await,
        "import-100k" => catalogue::hundred_thousand(effort).await,
        "import-1m" => catalogue::million(effort).await,
        "import-xtream" => catalogue::xtream(effort).await,
        "import-jitter" => catalogue::jitter(effort).await,
        "guide" => catalogue::guide(effort).await,
        _ => anyhow::bail!("there is no row {name}; there are {}, {}", ROWS.join(", "), CATALOGUE.join(", ")),
    }
}
