//! JSON as PHP panels write it, and worse.

use super::super::dice::Dice;
use super::Quirk;
use std::io::Write as _;

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    escape: bool,
    pub(super) quirk: Quirk,
    /// Types may vary.
    pub(super) odd: bool,
    first: bool,
}

impl<'a> Object<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>, quirk: Quirk, escape: bool, odd: bool) -> Self {
        Self { out, escape, quirk, odd, first: true }
    }

    fn key(&mut self, key: &str) {
        self.out.push(if std::mem::take(&mut self.first) { b'{' } else { b',' });
        put!(self.out, "\"{key}\":");
    }

    pub(super) fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// One of several that panels were seen to write; the first is as it should be.
    pub(super) fn any(&mut self, key: &str, json: &[&str], dice: &mut Dice) {
        self.raw(key, if self.odd { dice.pick(json) } else { json[0] });
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        text(self.out, value, self.escape);
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        match self.quirk {
            Quirk::NumbersAsText => put!(self.out, "\"{value}\""),
            Quirk::Spaced => put!(self.out, "\" {value} \""),
            _ => put!(self.out, "{value}"),
        }
    }
}

/// A string; `escape` as PHP does unless told otherwise: `\/`, `\u00e9`.
pub(super) fn text(out: &mut Vec<u8>, value: &str, escape: bool) {
    out.push(b'"');
    for c in value.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '/' if escape => out.extend_from_slice(b"\\/"),
            c if c < ' ' || escape && !c.is_ascii() => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    put!(out, "\\u{unit:04x}");
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}
