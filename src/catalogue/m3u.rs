//! M3U lists, line by line. One odd line never ends a list.
//!
//! Accepts: a byte-order mark, CRLF, bytes that are not UTF-8 (taken as Latin-1), no `#EXTM3U`, attributes in either kind
//! of quotes with commas and quotes in them, `#EXTGRP` (until the next one, as Kodi's PVR client has it), headers in
//! `#EXTVLCOPT`, `#KODIPROP` and after a `|`. Refuses web pages, JSON and HLS playlists.

use super::json_items::NotAList;
use std::borrow::Cow;

/// Addresses that can be a channel's (contract, section 3).
const SCHEMES: &[&str] = &["http", "https", "rtmp", "rtmps", "rtsp", "rtsps", "srt", "udp", "rtp"];

/// Guides that a header may name.
const MOST_GUIDES: usize = 16;

/// A channel of the list.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) tvg_id: Option<String>,
    pub(super) logo: Option<String>,
    pub(super) number: Option<f64>,
    pub(super) url: String,
    pub(super) user_agent: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) radio: bool,
    /// Seconds; `None`: not said.
    pub(super) duration: Option<f64>,
    /// `catchup`, `catchup-days`, `catchup-source` …, as they stand.
    pub(super) catch_up: Vec<(String, String)>,
}

/// Reads a list.
#[derive(Default)]
pub(super) struct Parser {
    begun: bool,
    entry: Option<Entry>,
    /// Options may stand before or after `#EXTINF`.
    user_agent: Option<String>,
    headers: Vec<(String, String)>,
    sticky_group: Option<String>,
    /// Of the header, for entries that say nothing else.
    catch_up: Vec<(String, String)>,
    /// Programme guides that the header names.
    pub(super) guides: Vec<String>,
    /// Lines that made no sense.
    pub(super) odd: u64,
}

impl Parser {
    /// Takes a line without its line feed; gives a channel where the line completes one.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Entry>, NotAList> {
        let text = decode(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if !std::mem::replace(&mut self.begun, true) {
            match text.as_bytes()[0] {
                b'<' => return Err(NotAList("a web page")),
                b'{' | b'[' => return Err(NotAList("JSON")),
                _ => {}
            }
        }
        let Some(directive) = text.strip_prefix('#') else { return Ok(self.address(text)) };
        if let Some(option) = directive.strip_prefix("EXTVLCOPT--") {
            self.option(option);
            return Ok(None);
        }
        let (name, rest) = directive.split_once(':').unwrap_or((directive, ""));
        match name.trim().to_ascii_uppercase().as_str() {
            header if header.starts_with("EXTM3U") => self.header(directive),
            "EXTINF" => {
                let unfinished = self.entry.replace(info(rest)).is_some();
                self.odd += u64::from(unfinished);
            }
            "EXTGRP" => self.sticky_group = some(rest.trim()),
            "EXTVLCOPT" => self.option(rest),
            "KODIPROP" => self.property(rest),
            "EXT-X-TARGETDURATION" | "EXT-X-STREAM-INF" | "EXT-X-MEDIA-SEQUENCE" => {
                return Err(NotAList("an HLS playlist (one channel, not a list)"));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Whether the last `#EXTINF` had no address: the list was cut.
    pub(super) fn dangling(&self) -> bool {
        self.entry.is_some()
    }

    fn address(&mut self, text: &str) -> Option<Entry> {
        let entry = self.entry.take();
        let user_agent = self.user_agent.take();
        let headers = std::mem::take(&mut self.headers);
        let (url, suffix) = split_suffix(text);
        let Some(url) = repaired(url) else {
            self.odd += 1;
            return None;
        };
        let mut entry = entry.unwrap_or_default();
        if entry.name.is_empty() {
            entry.name = file_name(&url);
        }
        if entry.group.is_none() {
            entry.group.clone_from(&self.sticky_group);
        }
        if entry.catch_up.is_empty() {
            entry.catch_up.clone_from(&self.catch_up);
        }
        entry.url = url;
        entry.user_agent = user_agent;
        entry.headers = headers;
        pairs(suffix).for_each(|(key, value)| header(&mut entry.user_agent, &mut entry.headers, &key, value));
        Some(entry)
    }

    /// `#EXTM3U url-tvg="…" catchup="xc"`
    fn header(&mut self, directive: &str) {
        each_attribute(directive.trim_start().get("EXTM3U".len()..).unwrap_or(""), |key, value| match key {
            "url-tvg" | "x-tvg-url" => {
                let guides = value.split(',').map(str::trim).filter(|url| {
                    (url.starts_with("http://") || url.starts_with("https://")) && url.len() <= 2048
                });
                self.guides
                    .extend(guides.take(MOST_GUIDES - self.guides.len().min(MOST_GUIDES)).map(str::to_owned));
            }
            key if is_catch_up(key) => self.catch_up.push((key.to_owned(), value.to_owned())),
            _ => {}
        });
    }

    /// `http-user-agent=…`, `http-referrer=…`
    fn option(&mut self, text: &str) {
        let Some((key, value)) = text.split_once('=') else { return };
        let key = key.trim().to_ascii_lowercase();
        let key = match key.strip_prefix("http-") {
            Some("referrer" | "referer") => "Referer",
            Some("user-agent") => "User-Agent",
            Some("origin") => "Origin",
            Some("cookie") => "Cookie",
            _ => return,
        };
        header(&mut self.user_agent, &mut self.headers, key, value.trim().trim_matches('"').to_owned());
    }

    /// `inputstream.adaptive.stream_headers=User-Agent=…&Referer=…`
    fn property(&mut self, text: &str) {
        let Some((key, value)) = text.split_once('=') else { return };
        if key.trim().ends_with("_headers") {
            pairs(value)
                .for_each(|(key, value)| header(&mut self.user_agent, &mut self.headers, &key, value));
        }
    }
}

fn decode(line: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(line) {
        Ok(text) => text.into(),
        Err(_) => line.iter().map(|&byte| char::from(byte)).collect::<String>().into(),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// What follows `#EXTINF:`, as `-1 tvg-id="a" group-title='b, c',The "name", really`.
fn info(text: &str) -> Entry {
    let mut entry = Entry::default();
    let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
    entry.duration = text[..end].trim().parse().ok();
    let rest = if entry.duration.is_some() { &text[end..] } else { text };
    let mut tvg_name = None;
    let name = each_attribute(rest, |key, value| match key {
        "tvg-id" => entry.tvg_id = some(value),
        "tvg-name" => tvg_name = some(value),
        "tvg-logo" | "logo" => entry.logo = entry.logo.take().or_else(|| some(value)),
        "group-title" => entry.group = some(value),
        "tvg-chno" | "ch-number" | "channel-number" => {
            entry.number = entry.number.or_else(|| value.parse().ok().filter(|n: &f64| n.is_finite()));
        }
        "radio" => entry.radio = matches!(value, "true" | "1"),
        key if is_catch_up(key) => entry.catch_up.push((key.to_owned(), value.to_owned())),
        _ => {}
    });
    entry.name = name.to_owned();
    if entry.name.is_empty() {
        entry.name = tvg_name.unwrap_or_default();
    }
    entry
}

/// Hands out the attributes, keys in small letters, values trimmed; gives what follows the comma behind them.
fn each_attribute<'a>(text: &'a str, mut each: impl FnMut(&str, &'a str)) -> &'a str {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(name) = rest.strip_prefix(',') {
            return name.trim();
        }
        match attribute(rest) {
            Some((key, value, after)) => {
                each(&key.to_ascii_lowercase(), value.trim());
                rest = after;
            }
            // Something that is no attribute: over it, to the next blank or comma.
            None => match rest.find(|c: char| c.is_whitespace() || c == ',') {
                Some(next) => rest = &rest[next..],
                None => return "",
            },
        }
    }
}

/// Attributes of catch-up, and what it is shifted by.
fn is_catch_up(key: &str) -> bool {
    key.starts_with("catchup") || matches!(key, "timeshift" | "tvg-rec" | "tvg-shift")
}

/// `key="value"`, `key='value'` or `key=value` at the beginning, and what comes after it. A quote ends a value only where
/// a blank, a comma or the end follows: `tvg-name="Dad's "Army" HD"`.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (key, rest) = text.split_once('=')?;
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return None;
    }
    if let Some(quote @ ('"' | '\'')) = rest.chars().next() {
        let inner = &rest[1..];
        let closes = |&(at, _): &(usize, &str)| {
            inner[at + 1..].chars().next().is_none_or(|next| next.is_whitespace() || next == ',')
        };
        if let Some((at, _)) = inner.match_indices(quote).find(closes) {
            return Some((key, &inner[..at], &inner[at + 1..]));
        }
    }
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    Some((key, rest[..end].trim_matches(['"', '\'']), &rest[end..]))
}

/// `url|User-Agent=…&Referer=…`; a bar that no header follows belongs to the address.
fn split_suffix(text: &str) -> (&str, &str) {
    match text.split_once('|') {
        Some((url, suffix)) if suffix.contains('=') => (url.trim_end(), suffix),
        _ => (text, ""),
    }
}

fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    // `+` stands for itself here: these are headers, not a form.
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), percent_decoded(value.trim())))
}

fn percent_decoded(text: &str) -> String {
    let escaped = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("v={escaped}").as_bytes())
        .next()
        .map_or_else(String::new, |(_, v)| v.into_owned())
}

fn header(user_agent: &mut Option<String>, headers: &mut Vec<(String, String)>, key: &str, value: String) {
    let sound = !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !value.is_empty()
        && !value.contains(|c: char| c.is_control());
    if !sound || headers.len() >= 16 {
        return;
    }
    if key.eq_ignore_ascii_case("user-agent") {
        *user_agent = Some(value);
    } else if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(key)) {
        headers.push((key.to_owned(), value));
    }
}

/// An address that can be opened; `http//` is a common slip.
fn repaired(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("//")?;
    let scheme = scheme.trim_end_matches(':').to_ascii_lowercase();
    let good =
        SCHEMES.contains(&scheme.as_str()) && !rest.is_empty() && !rest.contains(|c: char| c.is_control());
    good.then(|| format!("{scheme}://{rest}"))
}

/// The last part of the path without its extension; never the host, user or query.
fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let last = path.splitn(4, '/').nth(3).and_then(|path| path.rsplit('/').next()).unwrap_or("");
    last.rsplit_once('.').map_or(last, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests;
