//! XMLTV as it goes out. Pure; the same data gives the same bytes.
//!
//! Elements stand in the order of the format's DTD, times are UTC, and whatever XML can't hold is left out.

use crate::wire::ChannelId;
use crate::wire::programme::About;
use jiff::Timestamp;
use std::fmt::{Display, Write as _};

/// A channel as viewers know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its id here, which programmes name.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: Option<f64>,
    /// A picture of it.
    pub logo_url: Option<String>,
}

/// Writes a document piece by piece: [`Writer::begin`], channels, programmes, [`Writer::end`]. Whoever sends it takes
/// the bytes when there are enough.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// The document's head.
    pub fn begin(&mut self) {
        self.out
            .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv generator-info-name=\"relais\">\n");
    }

    /// A channel; all come before the first programme.
    pub fn channel(&mut self, channel: &Channel) {
        self.put(format_args!("  <channel id=\"{}\">\n", channel.id));
        self.element("display-name", Some(&channel.name));
        // Players that know channels by number look for it here.
        self.element("display-name", channel.number.map(|number| number.to_string()).as_deref());
        self.picture(channel.logo_url.as_deref());
        self.out.push_str("  </channel>\n");
    }

    /// A programme.
    pub fn programme(
        &mut self,
        channel: &ChannelId,
        start: Timestamp,
        stop: Option<Timestamp>,
        about: &About,
    ) {
        self.put(format_args!("  <programme start=\"{}\"", Stamp(start)));
        if let Some(stop) = stop {
            self.put(format_args!(" stop=\"{}\"", Stamp(stop)));
        }
        self.put(format_args!(" channel=\"{channel}\">\n"));
        self.element("title", Some(&about.title));
        self.element("sub-title", about.sub_title.as_deref());
        self.element("desc", about.description.as_deref());
        self.element("date", about.date.as_deref());
        for category in &about.categories {
            self.element("category", Some(category));
        }
        self.picture(about.icon.as_deref());
        self.numbers(about);
        if about.previously_shown {
            self.out.push_str("    <previously-shown/>\n");
        }
        if about.new {
            self.out.push_str("    <new/>\n");
        }
        if let Some(rating) = &about.rating {
            self.out.push_str("    <rating><value>");
            self.escaped(rating);
            self.out.push_str("</value></rating>\n");
        }
        self.out.push_str("  </programme>\n");
    }

    /// The document's end.
    pub fn end(&mut self) {
        self.out.push_str("</tv>\n");
    }

    /// Bytes that wait to be taken.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether none do.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes what was written since the last time.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn numbers(&mut self, about: &About) {
        let known = [about.season, about.episode, about.part];
        if known.iter().any(Option::is_some) {
            let [season, episode, part] =
                known.map(|number| number.map_or_else(String::new, |n| n.saturating_sub(1).to_string()));
            self.put(format_args!(
                "    <episode-num system=\"xmltv_ns\">{season}.{episode}.{part}</episode-num>\n"
            ));
        }
        if let Some(text) = &about.episode_text {
            self.out.push_str("    <episode-num system=\"onscreen\">");
            self.escaped(text);
            self.out.push_str("</episode-num>\n");
        }
    }

    fn element(&mut self, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        self.put(format_args!("    <{name}>"));
        self.escaped(text);
        self.put(format_args!("</{name}>\n"));
    }

    fn picture(&mut self, address: Option<&str>) {
        if let Some(address) = address {
            self.out.push_str("    <icon src=\"");
            self.escaped(address);
            self.out.push_str("\"/>\n");
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String can't fail.
        let _ = self.out.write_fmt(text);
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\n' | '\t' => self.out.push(c),
                // XML 1.0, 2.2.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
                c => self.out.push(c),
            }
        }
    }
}

/// `20260115200000 +0000`
struct Stamp(Timestamp);

impl Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = jiff::tz::Offset::UTC.to_datetime(self.0);
        write!(
            f,
            "{:04}{:02}{:02}{:02}{:02}{:02} +0000",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::xmltv::{Document, Item, Options};
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("time")
    }

    fn written(about: &About) -> String {
        let id: ChannelId = "tf1-hd".parse().expect("id");
        let mut writer = Writer::default();
        writer.begin();
        writer.channel(&Channel {
            id: id.clone(),
            name: "TF1 & co".into(),
            number: Some(1.0),
            logo_url: Some("http://h/?a=1&b=\"2\"".into()),
        });
        writer.programme(&id, at("2026-01-15T20:00:00Z"), Some(at("2026-01-15T21:00:05Z")), about);
        writer.programme(&id, at("2026-01-15T21:00:05Z"), None, about);
        writer.end();
        writer.take()
    }

    fn items(document: &str) -> Vec<Item> {
        let mut items = Vec::new();
        let mut reader = Document::new(Options::default());
        reader.push(document.as_bytes(), |item| items.push(item)).expect("a guide");
        assert!(reader.finish(|item| items.push(item)).expect("a guide"));
        items
    }

    fn full() -> About {
        About {
            title: "<Journal> & \"météo\"".into(),
            sub_title: Some("Spécial".into()),
            description: Some("Une ligne.\nUne autre.".into()),
            categories: vec!["Info".into(), "Direct".into()],
            icon: Some("https://x.example/p.jpg?a=1&b=2".into()),
            season: Some(2),
            episode: Some(10),
            part: None,
            episode_text: Some("S02 E10".into()),
            rating: Some("-12".into()),
            date: Some("2019".into()),
            new: true,
            previously_shown: true,
        }
    }

    #[test]
    fn a_document_to_the_letter() {
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<tv generator-info-name="relais">
  <channel id="tf1-hd">
    <display-name>TF1 &amp; co</display-name>
    <display-name>1</display-name>
    <icon src="http://h/?a=1&amp;b=&quot;2&quot;"/>
  </channel>
  <programme start="20260115200000 +0000" stop="20260115210005 +0000" channel="tf1-hd">
    <title>T</title>
  </programme>
  <programme start="20260115210005 +0000" channel="tf1-hd">
    <title>T</title>
  </programme>
</tv>
"#;
        assert_eq!(written(&About { title: "T\u{0}\u{ffff}".into(), ..About::default() }), expected);
        assert_eq!(written(&full()), written(&full()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let items = items(&written(&full()));
        let Some(Item::Programme(programme)) = items.get(1) else { panic!("{items:?}") };
        assert_eq!(programme.about, full());
        assert_eq!(programme.start.at, at("2026-01-15T20:00:00Z").as_second());
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_is_one_element(title in ".{1,60}", rating in ".{1,20}", name in ".{0,20}") {
            let about = About { title, rating: Some(rating), episode_text: Some(name), ..About::default() };
            prop_assert!(items(&written(&about)).len() == 3);
        }
    }
}
