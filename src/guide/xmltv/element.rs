//! One channel or programme, by quick-xml.

use super::text::{Value, attribute};
use super::time::Zones;
use super::{Channel, Programme};
use crate::wire::programme::About;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Elements within elements; XMLTV has four.
const DEEPEST: usize = 16;
const LONGEST_ID: usize = 300;
const LONGEST_NAME: usize = 200;
const LONGEST_TITLE: usize = 300;
const LONGEST_DESCRIPTION: usize = 4000;
const LONGEST_WORD: usize = 100;
const LONGEST_ADDRESS: usize = 2048;
/// Display-names and categories that are kept.
const MOST: usize = 12;

/// How elements are read.
pub(super) struct Rules {
    /// Of times without one.
    pub(super) zones: Zones,
    /// The language that is taken where there are several.
    pub(super) language: Option<String>,
}

/// What a walk meets. Depths count from 1, the element itself.
enum Node<'n> {
    Open(usize, &'n BytesStart<'n>),
    Close(usize),
    Text(&'n [u8]),
    Entity(&'n [u8]),
}

/// Walks an element; `None`: it is not well-formed, or too deep. Ampersands alone are forgiven.
fn walk(xml: &[u8], mut visit: impl FnMut(Node<'_>)) -> Option<()> {
    let mut reader = Reader::from_reader(xml);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.expand_empty_elements = true;
    let mut depth = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                depth += 1;
                if depth > DEEPEST {
                    return None;
                }
                visit(Node::Open(depth, &tag));
            }
            Event::End(_) => {
                visit(Node::Close(depth));
                depth -= 1;
                if depth == 0 {
                    return Some(());
                }
            }
            Event::Text(text) => visit(Node::Text(&text)),
            Event::CData(text) => visit(Node::Text(&text)),
            Event::GeneralRef(name) => visit(Node::Entity(&name)),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The attributes that can be read, one after the other.
fn attributes(tag: &BytesStart<'_>, mut take: impl FnMut(&[u8], &[u8])) {
    for attribute in tag.attributes().with_checks(false).flatten() {
        take(attribute.key.as_ref(), &attribute.value);
    }
}

fn one_attribute(tag: &BytesStart<'_>, name: &[u8], longest: usize) -> Option<String> {
    let mut found = None;
    attributes(tag, |key, value| {
        if key == name && found.is_none() {
            found = attribute(value, longest);
        }
    });
    found
}

fn picture(tag: &BytesStart<'_>) -> Option<String> {
    let address = one_attribute(tag, b"src", LONGEST_ADDRESS)?;
    (address.starts_with("http://") || address.starts_with("https://")).then_some(address)
}

/// Reads a channel; `None`: it has no id, or is broken.
pub(super) fn channel(xml: &[u8]) -> Option<Channel> {
    let mut channel = Channel::default();
    let mut name = None;
    walk(xml, |node| match node {
        Node::Open(1, tag) => channel.id = one_attribute(tag, b"id", LONGEST_ID).unwrap_or_default(),
        Node::Open(2, tag) => match tag.name().as_ref() {
            b"display-name" => name = Some(Value::new(LONGEST_NAME)),
            b"icon" if channel.icon.is_none() => channel.icon = picture(tag),
            _ => {}
        },
        Node::Close(2) => {
            if let Some(text) = name.take().and_then(Value::line)
                && channel.names.len() < MOST
                && !channel.names.contains(&text)
            {
                channel.names.push(text);
            }
        }
        Node::Open(..) | Node::Close(_) => {}
        Node::Text(text) => name.iter_mut().for_each(|name| name.push(text)),
        Node::Entity(text) => name.iter_mut().for_each(|name| name.push_entity(text)),
    })?;
    (!channel.id.is_empty()).then_some(channel)
}

/// Reads a programme; `None`: it has no channel, beginning or title, or is broken.
pub(super) fn programme(xml: &[u8], rules: &mut Rules) -> Option<Programme> {
    let Rules { zones, language } = rules;
    let mut reading = Reading::default();
    walk(xml, |node| match node {
        Node::Open(1, tag) => attributes(tag, |key, value| match key {
            b"start" => reading.start = attribute(value, LONGEST_WORD).and_then(|text| zones.read(&text)),
            b"stop" => reading.stop = attribute(value, LONGEST_WORD).and_then(|text| zones.read(&text)),
            b"channel" => reading.channel = attribute(value, LONGEST_ID),
            _ => {}
        }),
        Node::Open(2, tag) => reading.open(tag, language.as_deref()),
        Node::Open(3, tag) if reading.field == Some(Field::Rating) => {
            let is_value = tag.name().as_ref() == b"value";
            reading.value = is_value.then(|| Value::new(LONGEST_WORD));
        }
        Node::Close(3) if reading.field == Some(Field::Rating) => {
            let value = reading.value.take().and_then(Value::line);
            reading.about.rating = reading.about.rating.take().or(value);
        }
        Node::Close(2) => reading.close(),
        Node::Open(..) | Node::Close(_) => {}
        Node::Text(text) => reading.value.iter_mut().for_each(|value| value.push(text)),
        Node::Entity(name) => reading.value.iter_mut().for_each(|value| value.push_entity(name)),
    })?;
    reading.finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    SubTitle,
    Description,
    Category,
    Date,
    /// By XMLTV's own system: `season . episode . part`, from 0.
    Number,
    OnScreen,
    Rating,
}

/// How much a text's language is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// Nothing was read yet.
    #[default]
    Nothing,
    Other,
    Yes,
}

/// The best text so far: of the wanted language, else the first.
#[derive(Default)]
struct Pick {
    text: Option<String>,
    wanted: Wanted,
}

impl Pick {
    fn offer(&mut self, text: Option<String>, wanted: Wanted) {
        if text.is_some() && wanted > self.wanted {
            (self.text, self.wanted) = (text, wanted);
        }
    }
}

/// A programme as far as it was read.
#[derive(Default)]
struct Reading {
    channel: Option<String>,
    start: Option<super::Moment>,
    stop: Option<super::Moment>,
    title: Pick,
    sub_title: Pick,
    description: Pick,
    categories: Vec<String>,
    /// Of the categories, and the language of the first.
    categories_wanted: Wanted,
    categories_language: Option<String>,
    about: About,
    field: Option<Field>,
    wanted: Wanted,
    value: Option<Value>,
}

impl Reading {
    fn open(&mut self, tag: &BytesStart<'_>, language: Option<&str>) {
        let (field, longest) = match tag.name().as_ref() {
            b"title" => (Field::Title, LONGEST_TITLE),
            b"sub-title" => (Field::SubTitle, LONGEST_TITLE),
            b"desc" => (Field::Description, LONGEST_DESCRIPTION),
            b"category" => (Field::Category, LONGEST_WORD),
            b"date" => (Field::Date, LONGEST_WORD),
            b"rating" => {
                self.field = Some(Field::Rating);
                return;
            }
            b"episode-num" => match one_attribute(tag, b"system", LONGEST_WORD).as_deref() {
                Some("xmltv_ns") => (Field::Number, LONGEST_WORD),
                None | Some("onscreen" | "SxxExx") => (Field::OnScreen, LONGEST_WORD),
                Some(_) => return,
            },
            b"icon" => {
                self.about.icon = self.about.icon.take().or_else(|| picture(tag));
                return;
            }
            b"new" => {
                self.about.new = true;
                return;
            }
            b"previously-shown" => {
                self.about.previously_shown = true;
                return;
            }
            _ => return,
        };
        (self.field, self.value) = (Some(field), Some(Value::new(longest)));
        let of = one_attribute(tag, b"lang", LONGEST_WORD);
        let is_wanted = language.zip(of.as_deref()).is_some_and(|(wanted, of)| primary(of, wanted));
        self.wanted = if is_wanted { Wanted::Yes } else { Wanted::Other };
        if field == Field::Category && self.categories_wanted == Wanted::Nothing {
            self.categories_language = of;
        } else if field == Field::Category
            && self.wanted == Wanted::Other
            && (self.categories_wanted == Wanted::Yes || self.categories_language != of)
        {
            // Of another language than those before it.
            (self.field, self.value) = (None, None);
        }
    }

    fn close(&mut self) {
        let (field, value) = (self.field.take(), self.value.take());
        let (Some(field), Some(value)) = (field, value) else { return };
        match field {
            Field::Title => self.title.offer(value.line(), self.wanted),
            Field::SubTitle => self.sub_title.offer(value.line(), self.wanted),
            Field::Description => self.description.offer(value.finish(), self.wanted),
            Field::Category => self.category(value.line()),
            Field::Date => self.about.date = self.about.date.take().or_else(|| date(&value.line()?)),
            Field::Number => self.number(&value.line().unwrap_or_default()),
            Field::OnScreen => {
                let text = value.line();
                self.about.episode_text = self.about.episode_text.take().or(text);
            }
            Field::Rating => {}
        }
    }

    fn category(&mut self, text: Option<String>) {
        let Some(text) = text else { return };
        if self.wanted > self.categories_wanted {
            self.categories.clear();
            self.categories_wanted = self.wanted;
        }
        if self.categories.len() < MOST && !self.categories.contains(&text) {
            self.categories.push(text);
        }
    }

    /// `1 . 9/12 . 0/2` is the second season's tenth episode, first part.
    fn number(&mut self, text: &str) {
        let mut parts = text.split('.').map(|part| {
            let number = part.split('/').next()?.trim().parse::<u32>().ok()?;
            (number < 100_000).then(|| number + 1)
        });
        let mut next = || parts.next().flatten();
        (self.about.season, self.about.episode, self.about.part) = (next(), next(), next());
    }

    fn finish(self) -> Option<Programme> {
        let mut about = self.about;
        about.sub_title = self.sub_title.text;
        // A title is what lists and searches show: better the episode's than none.
        about.title = self.title.text.or_else(|| about.sub_title.take())?;
        about.description = self.description.text;
        about.categories = self.categories;
        if about.season.is_none() && about.episode.is_none() {
            (about.season, about.episode) = about.episode_text.as_deref().map_or((None, None), on_screen);
        }
        Some(Programme { channel: self.channel?, start: self.start?, stop: self.stop, about })
    }
}

/// Whether a language tag such as `fr-CA` is of that language.
fn primary(tag: &str, language: &str) -> bool {
    let first = |text: &'_ str| text.split(['-', '_']).next().unwrap_or("").to_ascii_lowercase();
    first(tag) == first(language)
}

/// `2019`, `201904`, `20190430`, and what else begins with a year.
fn date(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter(|c| *c != '-').take_while(char::is_ascii_digit).take(8).collect();
    match digits.len() {
        4 | 6 | 8 => Some(digits),
        5 | 7 => Some(digits[..digits.len() - 1].to_owned()),
        _ => None,
    }
}

/// `S01E02`, `s1 e2`.
fn on_screen(text: &str) -> (Option<u32>, Option<u32>) {
    let text = text.to_ascii_lowercase();
    let after = |rest: &'_ str, letter: char| -> Option<(u32, String)> {
        let rest = rest.trim_start().strip_prefix(letter)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest.get(..end.min(5))?.parse().ok()?;
        Some((number, rest[end..].to_owned()))
    };
    match after(&text, 's') {
        Some((season, rest)) => (Some(season), after(&rest, 'e').map(|(episode, _)| episode)),
        None => (None, after(&text, 'e').map(|(episode, _)| episode)),
    }
}
