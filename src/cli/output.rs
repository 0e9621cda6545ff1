//! What goes to standard output: aligned text for people, or JSON as the service gave it.

use serde_json::Value;
use std::io::{self, IsTerminal, Write};

/// Standard output and how to use it. A reader that went away is an error like others; `report` knows it.
pub(super) struct Output {
    json: bool,
    colour: bool,
}

/// What a word's colour says; without colours the word says it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Middling,
    Bad,
}

impl Output {
    /// Colours only on a terminal that shows them, and not where `NO_COLOR` is set.
    pub(super) fn new(json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { json, colour: io::stdout().is_terminal() && !set("NO_COLOR") && !dumb }
    }

    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { json: false, colour: false }
    }

    /// The JSON with `--json`, else the text, which may be empty.
    pub(super) fn show(&self, json: &Value, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json { self.print(&format!("{json:#}")) } else { self.print(&text()) }
    }

    /// The text with a line end.
    pub(super) fn print(&self, text: &str) -> io::Result<()> {
        let text = text.trim_end_matches('\n');
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}")?;
        stdout.flush()
    }

    pub(super) fn tint(&self, tone: Tone, word: &str) -> String {
        let code = match tone {
            _ if !self.colour => return word.to_owned(),
            Tone::Good => "32",
            Tone::Middling => "33",
            Tone::Bad => "31",
        };
        format!("\u{1b}[{code}m{word}\u{1b}[0m")
    }
}

/// The text without control characters: names come from providers, and terminals obey them. Line ends stay.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Rows under their titles, in columns two spaces apart. Cells are cleaned; colours made by
/// [`Output::tint`] go into the last column, which is not padded.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(titles: &[&str]) -> Self {
        Self { rows: vec![titles.iter().map(|title| title.to_uppercase()).collect()] }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| clean(cell).replace('\n', " ")).collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let line = padded.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `3 d 4 h`, `4 h 5 min`, `5 min`, `6 s`.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// `2025-12-24T10:30:00.123Z` as `2025-12-24 10:30 UTC`; other texts as they are.
pub(super) fn time(text: &str) -> String {
    match (text.get(..10), text.get(10..11), text.get(11..16)) {
        (Some(date), Some("T"), Some(minute)) => format!("{date} {minute} UTC"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(&["id", "name", "state"]);
        table.row(vec!["1".into(), "Télé\u{1b}[2J".into(), "live".into()]);
        table.row(vec!["123".into(), "X".into(), String::new()]);
        assert_eq!(table.to_string(), "ID   NAME      STATE\n1    Télé\u{fffd}[2J  live\n123  X\n");
    }

    #[test]
    fn words_for_times() {
        let texts = [0, 59, 61, 3_700, 100_000].map(duration);
        assert_eq!(texts, ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 3 h"]);
        assert_eq!(time("2025-12-24T10:30:00"), "2025-12-24 10:30 UTC");
        assert_eq!(time("soon"), "soon");
        assert_eq!(Output::plain().tint(Tone::Bad, "x"), "x");
    }
}
