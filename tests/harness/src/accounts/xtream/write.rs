//! Items as bytes of JSON, as PHP panels write them.

use super::super::Spec;
use super::super::dice::{Dice, mix};
use super::super::item::{Item, Logo};
use super::super::naming;
use super::super::pieces::Pieces;
use super::json::{Object, text};
use super::{Entry, Panel, Quirk, Section};
use std::io::Write as _;

const PIECE: usize = 64 << 10;

/// How a list as a whole is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    #[default]
    List,
    /// `{"0": {…}, "1": {…}}`
    Object,
    /// With a byte-order mark, line feeds and blanks.
    Spaced,
}

/// `get_live_streams` and its like.
#[derive(Debug)]
pub struct Streams {
    spec: Spec,
    section: Section,
    form: Form,
    /// Only of this category.
    category: Option<u64>,
    position: u64,
    written: u64,
}

impl Streams {
    pub fn new(spec: Spec, section: Section, form: Form) -> Self {
        Self { spec, section, form, category: None, position: 0, written: 0 }
    }

    pub fn of_category(mut self, category: Option<u64>) -> Self {
        self.category = category;
        self
    }

    /// A list of one element.
    pub fn element_of(spec: &Spec, section: Section, entry: &Entry, out: &mut Vec<u8>) {
        out.push(b'[');
        item(out, spec, section, entry);
        out.push(b']');
    }

    fn element(&mut self, out: &mut Vec<u8>, entry: &Entry) {
        let first = self.written == 0;
        match self.form {
            Form::List if first => {}
            Form::List => out.push(b','),
            Form::Object if first => put!(out, "\"0\":"),
            Form::Object => put!(out, ",\"{}\":", self.written),
            Form::Spaced if first => out.extend_from_slice(b"\r\n  "),
            Form::Spaced => out.extend_from_slice(b" ,\r\n  "),
        }
        self.written += 1;
        item(out, &self.spec, self.section, entry);
    }
}

impl Pieces for Streams {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        if self.position == 0 && self.written == 0 {
            let begin: &[u8] = match self.form {
                Form::List => b"[",
                Form::Object => b"{",
                Form::Spaced => b"\xef\xbb\xbf [",
            };
            out.extend_from_slice(begin);
        }
        let spec = self.spec.clone();
        let full = out.len() + PIECE;
        for (position, entry) in Panel::new(&spec).entries_from(self.section, self.position) {
            if self.category.is_none_or(|category| category == entry.category) {
                self.element(out, &entry);
            }
            if out.len() >= full {
                self.position = position + 1;
                return true;
            }
        }
        let end: &[u8] = match self.form {
            Form::List => b"]",
            Form::Object => b"}",
            Form::Spaced => b"\r\n]\r\n",
        };
        out.extend_from_slice(end);
        false
    }
}

/// `get_live_categories` and its like, with elements that are none.
pub fn categories(spec: &Spec, section: Section) -> Vec<u8> {
    let mut out = vec![b'['];
    for group in naming::groups(section.shelf()) {
        let escape = group.number % 2 == 0;
        if out.len() > 1 {
            out.push(b',');
        }
        if spec.quirks && group.number % 40 == 7 {
            out.extend_from_slice(b"null,{\"category_id\":null,\"category_name\":null},");
        }
        let quote = if spec.quirks && group.number % 3 == 0 { "" } else { "\"" };
        put!(out, "{{\"category_id\":{quote}{}{quote},\"category_name\":", group.number);
        text(&mut out, &group.name, escape);
        out.extend_from_slice(b",\"parent_id\":0}");
    }
    out.push(b']');
    out
}

fn item(out: &mut Vec<u8>, spec: &Spec, section: Section, entry: &Entry) {
    let (quirk, item) = (entry.quirk, entry.outcome.item());
    let mut dice = Dice::new(spec.seed, item.index, 51 + section as u64);
    if quirk == Quirk::NoObject {
        return out.extend_from_slice(dice.pick(&[
            &b"null"[..],
            b"[]",
            b"\"nothing\"",
            b"7",
            b"false",
            b"{}",
        ]));
    }
    let escape = mix(spec.seed, item.index) & 1 == 1;
    let mut object = Object::begin(out, quirk, escape, spec.quirks);
    match (item.number, quirk) {
        (_, Quirk::BlankNumber) => object.text("num", ""),
        (_, Quirk::NullNumber) => object.raw("num", "null"),
        (number, _) => object.number("num", number.map_or(item.index + 1, |n| n as u64)),
    }
    match quirk {
        Quirk::NullName => object.raw("name", "null"),
        _ => object.text("name", item.name.as_deref().unwrap_or("")),
    }
    match section {
        Section::Live => live(&mut object, item, &mut dice),
        Section::Vod => vod(&mut object, spec, item, &mut dice),
        Section::Series => series(&mut object, item, &mut dice),
    }
    category(&mut object, entry);
    match quirk {
        Quirk::LongText => {
            object.text("plot", &"Line one\n\"quoted\" \\ back\tslash é / \u{1f600} \u{7f}\u{1}".repeat(120))
        }
        Quirk::Nested => {
            object.raw("info", "{\"a\":[{\"b\":[[],{}]},null],\"c\":\"]}\\\"\"}");
            object.raw("backdrop", "[[\"http:\\/\\/x\"],{\"0\":null}]");
        }
        _ => {}
    }
    out.push(b'}');
}

fn live(object: &mut Object<'_>, item: &Item, dice: &mut Dice) {
    let quirk = object.quirk;
    let kind = match quirk {
        Quirk::Radio => "radio_streams",
        Quirk::CreatedLive => "created_live",
        _ => "live",
    };
    object.text("stream_type", kind);
    if quirk != Quirk::NoId {
        object.number("stream_id", item.stream_id);
    }
    icon(object, "stream_icon", item);
    match (&item.tvg_id, dice.below(2)) {
        (Some(id), _) => object.text("epg_channel_id", id),
        (None, 0) => object.raw("epg_channel_id", "null"),
        (None, _) => object.text("epg_channel_id", ""),
    }
    rest(object, dice);
    match item.catch_up.as_ref().and_then(|catch_up| catch_up.days) {
        Some(days) => {
            object.any("tv_archive", &["1", "\"1\""], dice);
            let text = format!("\"{days}\"");
            object.raw("tv_archive_duration", if dice.one_in(2) { &text } else { text.trim_matches('"') });
        }
        None => {
            object.raw("tv_archive", "0");
            object.any("tv_archive_duration", &["0", "\"0\"", "null"], dice);
        }
    }
    let direct = if quirk == Quirk::DirectSource { item.source.url.as_str() } else { "" };
    object.text("direct_source", direct);
    object.text("thumbnail", "");
}

fn vod(object: &mut Object<'_>, spec: &Spec, item: &Item, dice: &mut Dice) {
    object.text("title", item.name.as_deref().unwrap_or(""));
    object.text("stream_type", "movie");
    if object.quirk != Quirk::NoId {
        object.number("stream_id", item.stream_id);
    }
    icon(object, "stream_icon", item);
    object.any("rating", &["7.1", "\"7.1\"", "\"\"", "0", "null"], dice);
    object.raw("rating_5based", "3.6");
    object.text("year", "2020");
    object.text("plot", "");
    object.any("cast", &["\"\"", "null"], dice);
    object.text("container_extension", naming::container(spec.seed, item.index));
    object.any("tmdb", &["\"603\"", "603", "null", "\"\""], dice);
    rest(object, dice);
    object.text("direct_source", "");
}

fn series(object: &mut Object<'_>, item: &Item, dice: &mut Dice) {
    if object.quirk != Quirk::NoId {
        object.number("series_id", item.stream_id);
    }
    object.text("title", item.name.as_deref().unwrap_or(""));
    icon(object, "cover", item);
    object.text("plot", "");
    object.text("genre", "Drama / Crime");
    object.text("last_modified", "1526999452");
    match if object.odd { dice.below(3) } else { 0 } {
        0 => object.text("releaseDate", "2019-05-01"),
        1 => object.text("release_date", ""),
        _ => {
            object.text("releaseDate", "2019-05-01");
            object.raw("release_date", "null");
        }
    }
    object.any(
        "backdrop_path",
        &["[]", "null", "\"\"", "[\"http:\\/\\/logos.example.org\\/b.jpg\"]", "\"http://x/b.jpg\""],
        dice,
    );
    object.any("rating", &["\"8\"", "8", "\"\""], dice);
    object.any("episode_run_time", &["\"45\"", "45", "\"0\""], dice);
}

fn icon(object: &mut Object<'_>, key: &str, item: &Item) {
    match (&item.logo, object.quirk) {
        (_, Quirk::NullIcon) => object.raw(key, "null"),
        (Logo::Url(url), _) => object.text(key, url),
        _ => object.text(key, ""),
    }
}

fn rest(object: &mut Object<'_>, dice: &mut Dice) {
    if object.quirk == Quirk::OddRest {
        object.any("added", &["\"\"", "null", "1526999452"], dice);
        object.any("is_adult", &["\"None\"", "0", "null"], dice);
        object.raw("custom_sid", "null");
    } else {
        object.text("added", "1526999452");
        object.text("is_adult", "0");
        object.text("custom_sid", "");
    }
}

fn category(object: &mut Object<'_>, entry: &Entry) {
    let number = entry.category;
    match object.quirk {
        Quirk::WholeCategory => object.raw("category_id", &number.to_string()),
        Quirk::NullCategory => {
            object.raw("category_id", "null");
            object.raw("category_ids", &format!("[{number}]"));
        }
        Quirk::CategoriesAsText => {
            object.text("category_id", "");
            object.raw("category_ids", &format!("[\"{number}\"]"));
        }
        Quirk::CategoriesAsObject => object.raw("category_ids", &format!("{{\"0\":{number}}}")),
        Quirk::NoCategory => object.raw("category_id", "\"\""),
        _ => {
            object.number("category_id", number);
            object.raw("category_ids", &format!("[{number}]"));
        }
    }
}
