//! Entries as bytes of an M3U list.

use super::super::Spec;
use super::super::dice::Dice;
use super::super::item::{CatchUp, Item, Logo};
use super::Entry;
use super::quirk::Quirk;
use std::io::Write as _;

/// Letters of base64.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes a list; it remembers the last `#EXTGRP`.
#[derive(Debug)]
pub struct Writer {
    seed: u64,
    crlf: bool,
    sticky: Option<String>,
    /// Kept between entries: no allocation for each.
    lines: Vec<u8>,
}

impl Writer {
    pub fn new(spec: &Spec) -> Self {
        Self { seed: spec.seed, crlf: spec.crlf, sticky: None, lines: Vec::with_capacity(1024) }
    }

    /// What stands before the first entry.
    pub fn head(&mut self, spec: &Spec, out: &mut Vec<u8>) {
        if spec.bom {
            out.extend_from_slice(b"\xef\xbb\xbf");
        }
        if spec.header {
            let (username, password) = spec.credentials();
            put!(
                self.lines,
                "#EXTM3U url-tvg=\"{}/xmltv.php?username={username}&password={password}\" tvg-shift=0 \
                 catchup-type=\"default\"\n",
                spec.address
            );
        }
        self.flush(false, out);
    }

    /// Appends an entry.
    pub fn entry(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        let (quirk, item) = (entry.quirk, entry.outcome.item());
        let mut dice = Dice::new(self.seed, item.index, 31);
        if quirk == Quirk::HeaderAgain {
            self.lines.extend_from_slice(b"#EXTM3U x-tvg-url=\"http://guide.example.org/a.xml.gz\"\n");
        }
        if entry.sticky && self.sticky != item.group {
            put!(self.lines, "#EXTGRP:{}\n", item.group.as_deref().unwrap_or(""));
            self.sticky.clone_from(&item.group);
        }
        self.info(entry, item, &mut dice);
        self.directives(quirk, item, &mut dice);
        self.address(quirk, item, &mut dice);
        if quirk == Quirk::Latin1 {
            self.lines = latin1(&self.lines);
        }
        self.flush(quirk == Quirk::Crlf, out);
    }

    /// The `#EXTINF` line.
    fn info(&mut self, entry: &Entry, item: &Item, dice: &mut Dice) {
        let quirk = entry.quirk;
        let lines = &mut self.lines;
        let duration = match quirk {
            Quirk::OddDuration => dice.pick(&["0", " -1", "-1.000", "-1 "]),
            _ if entry.vod && dice.one_in(8) => "5400",
            _ => "-1",
        };
        if quirk == Quirk::Padded {
            lines.extend_from_slice(b"  ");
        }
        put!(lines, "#EXTINF:{duration}");
        let name = item.name.as_deref().unwrap_or("");
        if quirk == Quirk::EmptyAttributes {
            lines.extend_from_slice(b" tvg-id=\"\" tvg-name= tvg-logo= tvg-chno='' tvg-rec");
        } else {
            attributes(lines, quirk, item, name, dice);
        }
        if let Some(group) = item.group.as_deref().filter(|_| !entry.sticky && quirk != Quirk::OwnExtGrp) {
            attribute(lines, quirk, "group-title", group);
        }
        if let Some(catch_up) = &item.catch_up {
            catch_up_attributes(lines, catch_up, dice);
        }
        match quirk {
            Quirk::Radio => lines.extend_from_slice(b" radio=\"true\""),
            Quirk::UnknownAttributes => put!(
                lines,
                " xui-id=\"{}\" CUID=\"{}\" parent-code=\"1234\" tvc-guide-stationid=\"7\" audio-track=\"fre, eng\" \
                 provider=\"P & Q\" tvg-shift=\"-1.5\" tvg-rec=\"0\" x-unknown",
                item.index,
                item.stream_id
            ),
            _ => {}
        }
        match quirk {
            Quirk::NameInAttribute | Quirk::NoName => lines.extend_from_slice(b",\n"),
            Quirk::Padded => put!(lines, " ,  {name} \t\n"),
            _ => put!(lines, ",{name}\n"),
        }
    }

    /// What stands between `#EXTINF` and the address.
    fn directives(&mut self, quirk: Quirk, item: &Item, dice: &mut Dice) {
        let lines = &mut self.lines;
        let agent = item.source.user_agent.as_deref().unwrap_or("");
        match quirk {
            Quirk::OwnExtGrp => {
                put!(lines, "#EXTGRP:{}\n", item.group.as_deref().unwrap_or(""));
                self.sticky.clone_from(&item.group);
            }
            Quirk::VlcOptions => {
                put!(lines, "#EXTVLCOPT:network-caching=1000\n#EXTVLCOPT:http-user-agent={agent}\n");
                for (_, referer) in &item.source.headers {
                    put!(lines, "#EXTVLCOPT:{}={referer}\n", dice.pick(&["http-referrer", "http-referer"]));
                }
            }
            Quirk::VlcDash => {
                put!(lines, "#EXTVLCOPT--http-reconnect=true\n#EXTVLCOPT--http-user-agent={agent}\n")
            }
            Quirk::KodiProperty => {
                put!(
                    lines,
                    "#KODIPROP:inputstream=inputstream.adaptive\n#KODIPROP:inputstream.adaptive.stream_headers="
                );
                put!(lines, "User-Agent={}", Escaped(agent));
                for (name, value) in &item.source.headers {
                    put!(lines, "&{name}={}", Escaped(value));
                }
                lines.push(b'\n');
            }
            Quirk::Comments => {
                lines.extend_from_slice(b"\n# a remark: http://not.an.address/\n\n#EXT-UNKNOWN:1\n#\n")
            }
            Quirk::PlaylistType => lines.extend_from_slice(b"#EXT-X-PLAYLIST-TYPE:VOD\n"),
            _ => {}
        }
    }

    fn address(&mut self, quirk: Quirk, item: &Item, dice: &mut Dice) {
        let (lines, url) = (&mut self.lines, item.source.url.as_str());
        match quirk {
            Quirk::NoAddress => {}
            Quirk::BadAddress => match dice.below(4) {
                0 => lines.extend_from_slice(b"plugin://plugin.video.example/?id=1\n"),
                1 => lines.extend_from_slice(b"file:///etc/passwd\n"),
                2 => lines.extend_from_slice(b"to be announced\n"),
                _ => lines.extend_from_slice(b"http://\n"),
            },
            Quirk::Slip => put!(lines, "{}\n", url.replacen("://", "//", 1)),
            Quirk::Padded => put!(lines, "  {url} \t \n"),
            Quirk::PipeHeaders => {
                put!(lines, "{url}|User-Agent={}", Escaped(item.source.user_agent.as_deref().unwrap_or("")));
                for (name, value) in &item.source.headers {
                    put!(lines, "&{name}={}", Escaped(value));
                }
                lines.push(b'\n');
            }
            _ => put!(lines, "{url}\n"),
        }
    }

    fn flush(&mut self, crlf: bool, out: &mut Vec<u8>) {
        if crlf || self.crlf {
            for line in self.lines.split_inclusive(|&b| b == b'\n') {
                out.extend_from_slice(&line[..line.len() - 1]);
                out.extend_from_slice(b"\r\n");
            }
        } else {
            out.extend_from_slice(&self.lines);
        }
        self.lines.clear();
        self.lines.shrink_to(1 << 20);
    }
}

fn attributes(lines: &mut Vec<u8>, quirk: Quirk, item: &Item, name: &str, dice: &mut Dice) {
    let id_first = !dice.one_in(8);
    let id = |lines: &mut Vec<u8>| match (&item.tvg_id, quirk) {
        (Some(id), Quirk::UpperCase) => attribute(lines, quirk, "tvg-ID", id),
        (Some(id), _) => attribute(lines, quirk, "tvg-id", id),
        (None, _) => attribute(lines, Quirk::Plain, "tvg-id", ""),
    };
    if id_first {
        id(lines);
    }
    match quirk {
        Quirk::InnerQuotes => put!(lines, " tvg-name=\"The \"{}\" Show\"", item.index),
        Quirk::NameQuotes | Quirk::NoName => {}
        _ => attribute(lines, quirk, "tvg-name", name),
    }
    match &item.logo {
        Logo::None => {}
        Logo::Url(url) => attribute(lines, quirk, "tvg-logo", url),
        Logo::Data(length) => {
            lines.extend_from_slice(b" tvg-logo=\"data:image/png;base64,");
            let at = lines.len();
            lines.resize(at + length, 0);
            let mut state = dice.draw() | 1;
            for byte in &mut lines[at..] {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = BASE64[(state >> 58) as usize];
            }
            lines.push(b'"');
        }
    }
    match (item.number, quirk) {
        (Some(number), Quirk::OtherNumber) => {
            attribute(lines, quirk, dice.pick(&["ch-number", "channel-number"]), &number.to_string());
        }
        (Some(number), _) => attribute(lines, quirk, "tvg-chno", &number.to_string()),
        (None, Quirk::NoNumber) => attribute(lines, quirk, "tvg-chno", dice.pick(&["n/a", "", "#5", "NaN"])),
        (None, _) => {}
    }
    if !id_first {
        id(lines);
    }
}

fn attribute(lines: &mut Vec<u8>, quirk: Quirk, name: &str, value: &str) {
    let bare = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    match quirk {
        Quirk::SingleQuotes => put!(lines, " {name}='{value}'"),
        Quirk::Unquoted if bare => put!(lines, " {name}={value}"),
        _ => put!(lines, " {name}=\"{value}\""),
    }
}

fn catch_up_attributes(lines: &mut Vec<u8>, catch_up: &CatchUp, dice: &mut Dice) {
    match catch_up.mode {
        Some(mode) => attribute(lines, Quirk::Plain, dice.pick(&["catchup", "catchup-type"]), mode),
        None => {
            let days = catch_up.days.unwrap_or(1).to_string();
            return attribute(lines, Quirk::Plain, "timeshift", &days);
        }
    }
    if let Some(days) = catch_up.days {
        attribute(lines, Quirk::Plain, "catchup-days", &days.to_string());
    }
    if let Some(source) = &catch_up.source {
        attribute(lines, Quirk::Plain, "catchup-source", source);
    }
}

/// Percent-encoded as Kodi wants headers.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.bytes().try_for_each(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                write!(f, "{}", char::from(byte))
            }
            _ => write!(f, "%{byte:02X}"),
        })
    }
}

/// Text whose letters all are in Latin-1, in Latin-1.
fn latin1(utf8: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(utf8).chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}
