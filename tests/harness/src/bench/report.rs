//! Figures side by side: medians, ratios, targets, and whether they are met; for people and as JSON.

use anyhow::Result;
use serde_json::{Value, json};
use std::path::Path;

/// What a line must reach (design, section 10).
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Ours over the peer's.
    RatioAtLeast(f64),
    /// Ours over the peer's.
    RatioAtMost(f64),
    AtLeast(f64),
    AtMost(f64),
    /// Told, not judged.
    Told,
}

/// One line of the report.
#[derive(Debug, Clone)]
pub struct Line {
    pub row: &'static str,
    pub what: String,
    pub unit: &'static str,
    /// One figure per run.
    pub ours: Vec<f64>,
    pub peer: Vec<f64>,
    pub target: Target,
    pub notes: Vec<String>,
}

/// The middle one; of an even number the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

impl Line {
    pub fn new(row: &'static str, what: impl Into<String>, unit: &'static str, target: Target) -> Self {
        let (ours, peer, notes) = (Vec::new(), Vec::new(), Vec::new());
        Self { row, what: what.into(), unit, ours, peer, target, notes }
    }

    pub fn ours(mut self, runs: impl IntoIterator<Item = f64>) -> Self {
        self.ours.extend(runs);
        self
    }

    pub fn peer(mut self, runs: impl IntoIterator<Item = f64>) -> Self {
        self.peer.extend(runs);
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    pub fn ratio(&self) -> Option<f64> {
        let ratio = median(&self.ours) / median(&self.peer);
        ratio.is_finite().then_some(ratio)
    }

    /// Whether the target is met; a figure that is missing meets none.
    pub fn passes(&self) -> Option<bool> {
        let ours = median(&self.ours);
        let ratio = self.ratio().unwrap_or(f64::NAN);
        match self.target {
            Target::RatioAtLeast(least) => Some(ratio >= least),
            Target::RatioAtMost(most) => Some(ratio <= most),
            Target::AtLeast(least) => Some(ours >= least),
            Target::AtMost(most) => Some(ours <= most),
            Target::Told => None,
        }
    }

    fn target_text(&self) -> String {
        match self.target {
            Target::RatioAtLeast(least) => format!("ratio >= {least}"),
            Target::RatioAtMost(most) => format!("ratio <= {most}"),
            Target::AtLeast(least) => format!(">= {}", figure(least)),
            Target::AtMost(most) => format!("<= {}", figure(most)),
            Target::Told => "-".into(),
        }
    }

    fn verdict(&self) -> &'static str {
        match self.passes() {
            Some(true) => "PASS",
            Some(false) => "MISS",
            None => "told",
        }
    }

    pub fn json(&self) -> Value {
        let finite = |value: f64| value.is_finite().then_some(value);
        json!({
            "row": self.row, "what": self.what, "unit": self.unit,
            "ours": finite(median(&self.ours)), "peer": finite(median(&self.peer)), "ratio": self.ratio(),
            "target": self.target_text(), "verdict": self.verdict(),
            "runs": {"ours": self.ours, "peer": self.peer}, "notes": self.notes,
        })
    }

    pub fn print(&self) {
        let value = |runs: &[f64]| if runs.is_empty() { "-".into() } else { figure(median(runs)) };
        let ratio = self.ratio().map_or_else(|| "-".into(), |r| format!("{r:.2}"));
        println!(
            "{:<15} {:<58} {:>10} {:>10} {:<9} {:>7}  {:<14} {}",
            self.row,
            self.what,
            value(&self.ours),
            value(&self.peer),
            self.unit,
            ratio,
            self.target_text(),
            self.verdict()
        );
        for note in &self.notes {
            println!("{:<15}   {note}", "");
        }
    }
}

/// The head of the table.
pub fn print_head() {
    println!(
        "{:<15} {:<58} {:>10} {:>10} {:<9} {:>7}  {:<14} verdict",
        "row", "what", "relais", "peer", "unit", "ratio", "target"
    );
}

/// Four digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => "?".into(),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Writes `{folder}/{name}.json`.
pub fn write(folder: &Path, name: &str, value: &Value) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    Ok(std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(value)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_ratios_and_verdicts() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let line = Line::new("x", "y", "s", Target::RatioAtMost(0.5)).ours([1.0, 9.0, 1.0]).peer([2.0]);
        assert_eq!((line.ratio(), line.passes()), (Some(0.5), Some(true)));
        let missing = Line::new("x", "y", "s", Target::RatioAtLeast(1.0)).ours([1.0]);
        assert_eq!(missing.passes(), Some(false));
        assert!(missing.json()["ratio"].is_null());
    }
}
