//! `relais.toml` as it is written: what may stand in it, and where in it a key stands.

use super::error::{ConfigError, Place};
use super::sections::{Access, Feed, Ffmpeg, Guide, Hls, Limits, Log, OnAir, Player, Provider, Web};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The whole file. What depends on the user or the machine is optional here.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) public_url: Option<String>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) run_dir: Option<PathBuf>,
    pub(super) listen: Listen,
    pub(super) proxy: Proxy,
    pub(super) provider: Provider,
    pub(super) guide: Guide,
    pub(super) hls: Hls,
    pub(super) feed: Feed,
    pub(super) player: Player,
    pub(super) on_air: OnAir,
    pub(super) ffmpeg: Ffmpeg,
    pub(super) log: Log,
    pub(super) limits: Limits,
    pub(super) access: Access,
    pub(super) web: Web,
}

/// `[listen]`, unread.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) api: Option<String>,
    pub(super) public: Option<String>,
    pub(super) rtmp: Option<String>,
    pub(super) admin_socket: Option<String>,
    pub(super) admin_group: Option<String>,
}

/// `[proxy]`, unread.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Proxy {
    pub(super) trusted: Option<Vec<String>>,
}

/// The text of the file, to say where in it something stands.
pub(super) struct Document<'t> {
    path: &'t Path,
    text: &'t str,
}

impl<'t> Document<'t> {
    pub(super) fn new(path: &'t Path, text: &'t str) -> Self {
        Self { path, text }
    }

    /// Reads the file's keys; the first that is unknown or of the wrong type is the error.
    pub(super) fn parse(&self) -> Result<File, ConfigError> {
        toml::from_str(self.text).map_err(|error| self.explain(&error))
    }

    /// Where `key` (`hls.window`) stands, and its value as written.
    pub(super) fn place(&self, key: &str) -> (Place, Option<String>) {
        let entry = entries(self.text).into_iter().find(|entry| entry.path == key);
        let line = entry.as_ref().map(|entry| self.line(entry.key.start));
        (Place::File(self.path.to_owned(), line), entry.and_then(|entry| show(&self.text[entry.value])))
    }

    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }

    fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        let span = error.span();
        let place = Place::File(self.path.to_owned(), span.as_ref().map(|span| self.line(span.start)));
        let entry = span.and_then(|span| innermost(self.text, &span));
        let Some(entry) = entry else {
            return ConfigError::one(place, "", None, message);
        };
        match message.strip_prefix("unknown field ") {
            Some(rest) => {
                // The value of an unknown key is not shown: it may be a secret that belongs elsewhere.
                let known = rest.split_once(", ").map_or("none", |(_, known)| known);
                let known = known.trim_start_matches("expected one of ").trim_start_matches("expected ");
                let why = format!("no such key; known here: {}", known.replace('`', ""));
                ConfigError::one(place, &entry.path, None, why)
            }
            None => {
                let message = message.replace('`', "\"");
                ConfigError::one(place, &entry.path, show(&self.text[entry.value]), message)
            }
        }
    }
}

/// A value for a message: one line, cut where long; nothing where it may hold credentials.
pub(super) fn show(value: &str) -> Option<String> {
    const LONGEST: usize = 60;
    if value.contains('@') {
        return None;
    }
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => Some(format!("{}…", &line[..end])),
        None => Some(line),
    }
}

struct Entry {
    path: String,
    key: Range<usize>,
    value: Range<usize>,
}

fn entries(text: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    if let Ok(table) = DeTable::parse(text) {
        collect(table.get_ref(), "", &mut found);
    }
    found
}

fn collect(table: &DeTable<'_>, prefix: &str, found: &mut Vec<Entry>) {
    for (key, value) in table {
        let path =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        if let DeValue::Table(inner) = value.get_ref() {
            collect(inner, &path, found);
        }
        found.push(Entry { path, key: Spanned::span(key), value: Spanned::span(value) });
    }
}

/// The entry with the longest path among those whose key or value holds `span`.
fn innermost(text: &str, span: &Range<usize>) -> Option<Entry> {
    let holds = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
    let holding = entries(text).into_iter().filter(|entry| holds(&entry.key) || holds(&entry.value));
    holding.max_by_key(|entry| entry.path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Document::new(Path::new("/r.toml"), text).parse().expect_err(text).to_string()
    }

    #[test]
    fn each_mistake_is_one_line_with_key_value_and_line() {
        for (text, expected) in [
            (
                "\n[hls]\ntarget_duration = \"4\"",
                "/r.toml:3: hls.target_duration = \"4\": invalid type: string \"4\", expected u32",
            ),
            (
                "[hls]\ntarget_duration = -4",
                "/r.toml:2: hls.target_duration = -4: invalid value: integer \"-4\", expected u32",
            ),
            (
                "[feed]\nidle_timeout = \"soon\"",
                "/r.toml:2: feed.idle_timeout = \"soon\": expected a number of seconds",
            ),
            ("[feed]\nhold = -1", "/r.toml:2: feed.hold = -1: expected a number of seconds, 0 or more"),
            (
                "[log]\nmax_size = \"10 sheep\"",
                "/r.toml:2: log.max_size = \"10 sheep\": expected a size such as \"64MiB\", or a number of bytes",
            ),
            (
                "[on_air]\nslate = true\ncolour = 1",
                "/r.toml:3: on_air.colour: no such key; known here: slate",
            ),
            ("\npasword = \"hunter2\"", "/r.toml:2: pasword: no such key; known here: public_url, data_dir,"),
            (
                "[player]\nengine = \"flash\"",
                "/r.toml:2: player.engine = \"flash\": unknown variant \"flash\", expected one of \"auto\", \"ts\", \"hls\"",
            ),
            ("hls = 4", "/r.toml:1: hls = 4: invalid type: integer \"4\", expected struct Hls"),
            ("[hls\n", "/r.toml:1: "),
            ("[hls]\nwindow = 24\nwindow = 24", "/r.toml:3: "),
        ] {
            let got = refusal(text);
            assert!(got.starts_with(expected), "{text}\n got {got}\nwant {expected}");
            assert_eq!(got.lines().count(), 1, "{got}");
            assert!(!got.contains("hunter2"));
        }
    }
}
