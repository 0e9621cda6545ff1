//! What a stream is to keep to, and what was seen of it.

use super::ts::Analyser;
use anyhow::{Result, ensure};
use std::time::Duration;

/// What to demand.
#[derive(Debug, Clone)]
pub struct Rules {
    pub every: Duration,
    /// `EXT-X-PROGRAM-DATE-TIME` on every segment.
    pub dates: bool,
    /// Decode times rise over discontinuities, too (but where another channel is expected).
    pub one_clock: bool,
    /// Removed segments stay as long as RFC 8216, 6.2.2 says.
    pub removed: bool,
    /// Segments may come and go between two polls: a source delivered more than a playlist holds at once.
    pub skips: bool,
    /// The first answer may be 503 for so long.
    pub warm_up: Duration,
    pub user_agent: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(200),
            dates: true,
            one_clock: true,
            removed: true,
            skips: false,
            warm_up: Duration::from_secs(12),
            user_agent: "harness-validator/1".into(),
        }
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Report {
    /// Breaches, each with its second.
    pub violations: Vec<String>,
    /// Oddities that no rule forbids.
    pub notes: Vec<String>,
    pub polls: usize,
    /// Distinct playlists.
    pub versions: usize,
    pub segments: usize,
    pub discontinuities: usize,
    pub media_seconds: f64,
    /// Media sequence number: first and last seen.
    pub sequences: Option<(u64, u64)>,
    pub discontinuity_sequences: Option<(u64, u64)>,
    /// Spans without a playlist, announced by the test.
    pub outages: Vec<(f64, f64)>,
    /// The longest span between two versions, outages left out.
    pub longest_wait: f64,
    /// Until the first playlist with a segment.
    pub first_playlist: Option<f64>,
    pub target: u64,
    /// The media of each stretch between discontinuities.
    pub stretches: Vec<Analyser>,
}

impl Report {
    /// An error that lists all breaches, if there are any.
    pub fn clean(&self) -> Result<()> {
        ensure!(
            self.violations.is_empty(),
            "{} violations in {} versions, {} segments:\n{}",
            self.violations.len(),
            self.versions,
            self.segments,
            self.violations.join("\n")
        );
        ensure!(self.segments > 0, "no segment was seen");
        Ok(())
    }

    pub fn summary(&self) -> String {
        format!(
            "{} polls, {} versions, {} segments ({:.1} s), {} discontinuities, sequence {:?}, discontinuity sequence \
             {:?}, longest wait {:.2} s, {} violations",
            self.polls,
            self.versions,
            self.segments,
            self.media_seconds,
            self.discontinuities,
            self.sequences,
            self.discontinuity_sequences,
            self.longest_wait,
            self.violations.len()
        )
    }
}
