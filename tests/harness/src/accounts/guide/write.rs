//! Guides as bytes of XMLTV.

use super::super::dice::Dice;
use super::super::pieces::Pieces;
use super::{GuideSpec, Programme, Quirk};
use std::io::Write as _;

const PIECE: usize = 64 << 10;

/// A guide that is written while it is read.
#[derive(Debug)]
pub struct Xmltv {
    spec: GuideSpec,
    /// Channels, then programmes.
    next: u64,
}

impl Xmltv {
    pub fn new(spec: GuideSpec) -> Self {
        Self { spec, next: 0 }
    }

    fn head(&self, out: &mut Vec<u8>) {
        let encoding = if self.spec.latin1 { "ISO-8859-1" } else { "UTF-8" };
        put!(out, "<?xml version=\"1.0\" encoding=\"{encoding}\"?>\n");
        if self.spec.doctype {
            out.extend_from_slice(b"<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n");
        }
        out.extend_from_slice(
            b"<tv generator-info-name=\"generated\" source-info-url=\"http://guide.example.org/\">\n",
        );
    }

    fn channel(&self, index: u64, out: &mut Vec<u8>) {
        put!(out, "  <channel id=\"{}\">\n    <display-name lang=\"fr\">", self.spec.channel(index));
        escaped(out, &self.spec.channel_name(index));
        put!(out, "</display-name>\n    <display-name>{}</display-name>\n", index + 1);
        put!(out, "    <icon src=\"http://logos.example.org/{index}.png\"/>\n  </channel>\n");
    }

    fn programme(&self, index: u64, out: &mut Vec<u8>) {
        let (channel, number) = (index / self.spec.programmes, index % self.spec.programmes);
        let programme = self.spec.programme(channel, number);
        let mut dice = Dice::new(self.spec.seed, index, 81);
        let at = out.len();
        element(out, &programme, &mut dice);
        if programme.quirk == Quirk::Repeat {
            out.extend_from_within(at..);
        }
    }
}

impl Pieces for Xmltv {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        let (channels, all) =
            (self.spec.channels, self.spec.channels + self.spec.channels * self.spec.programmes);
        let mut made = Vec::with_capacity(PIECE * 2);
        if self.next == 0 {
            self.head(&mut made);
        }
        while self.next < all && made.len() < PIECE {
            match self.next.checked_sub(channels) {
                None => self.channel(self.next, &mut made),
                Some(index) => self.programme(index, &mut made),
            }
            self.next += 1;
        }
        if self.next == all {
            made.extend_from_slice(b"</tv>\n");
        }
        if self.spec.latin1 {
            latin1(&made, out);
        } else {
            out.append(&mut made);
        }
        self.next < all
    }
}

fn element(out: &mut Vec<u8>, programme: &Programme, dice: &mut Dice) {
    let quirk = programme.quirk;
    let quote = if quirk == Quirk::SingleQuotes { '\'' } else { '"' };
    out.extend_from_slice(b"  <programme");
    if quirk != Quirk::NoStart {
        put!(out, " start={quote}{}{quote}", time(programme.start, quirk, dice));
    }
    if quirk != Quirk::NoStop {
        put!(out, " stop={quote}{}{quote}", time(programme.stop, quirk, dice));
    }
    let unknown = quirk == Quirk::UnknownChannel;
    let channel = if unknown { "nobody.has.this" } else { programme.channel.as_str() };
    put!(out, " channel={quote}{channel}{quote}>\n");
    if quirk == Quirk::Comments {
        out.extend_from_slice(b"    <!-- <title>not this</title> -->\n");
    }
    for (language, title) in &programme.titles {
        put!(out, "    <title lang=\"{language}\">");
        match quirk {
            Quirk::Cdata => put!(out, "<![CDATA[{title}]]>"),
            Quirk::Padded => {
                out.extend_from_slice(b"\n      ");
                escaped(out, title);
                out.extend_from_slice(b"\n    ");
            }
            Quirk::Entities => numbered(out, title),
            _ => escaped(out, title),
        }
        out.extend_from_slice(b"</title>\n");
    }
    if let Some(description) = &programme.description {
        out.extend_from_slice(b"    <desc lang=\"fr\">");
        escaped(out, description);
        out.extend_from_slice(b"</desc>\n");
    }
    if quirk == Quirk::Nested {
        let open: String = (0..10).map(|n| format!("<level{n} a=\"1\">")).collect();
        let close: String = (0..10).rev().map(|n| format!("</level{n}>")).collect();
        put!(out, "    <credits><actor role=\"A\">B</actor></credits>{open}<title>not this</title>{close}\n");
    }
    put!(
        out,
        "    <category lang=\"fr\">{}</category>\n",
        dice.pick(&["Série", "Magazine", "Sport", "Jeunesse"])
    );
    if let Some((series, episode)) = programme.episode {
        put!(out, "    <episode-num system=\"xmltv_ns\">{series} . {episode} . 0/1</episode-num>\n");
    }
    out.extend_from_slice(b"  </programme>\n");
}

/// `20260101100000 +0100`, in one of several zones.
fn time(at: i64, quirk: Quirk, dice: &mut Dice) -> String {
    let minutes = match quirk {
        Quirk::NoZone => 0,
        Quirk::NamedZone => 60,
        _ => dice.pick(&[0, 0, 60, 120, -300, 330]),
    };
    let local = at + minutes * 60;
    let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let day = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}");
    let (sign, zone) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
    let (zone_hours, zone_minutes) = (zone / 60, zone % 60);
    match quirk {
        Quirk::NoSeconds => format!("{day} {sign}{zone_hours:02}{zone_minutes:02}"),
        Quirk::NoZone => format!("{day}{second:02}"),
        Quirk::NamedZone => format!("{day}{second:02} +0100 CET"),
        _ => format!("{day}{second:02} {sign}{zone_hours:02}{zone_minutes:02}"),
    }
}

/// Year, month and day of a number of days since 1970 (proleptic Gregorian).
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    // Years from March on: the leap day is the last of them.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let part = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * part + 2) / 5 + 1, if part < 10 { part + 3 } else { part - 9 });
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(byte),
        }
    }
}

/// Everything beyond letters as a reference.
fn numbered(out: &mut Vec<u8>, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            c if c.is_ascii() => out.push(c as u8),
            c if u32::from(c) > 0xFFFF => put!(out, "&#x{:X};", u32::from(c)),
            c => put!(out, "&#{};", u32::from(c)),
        }
    }
}

/// What Latin-1 has not is written as a reference.
fn latin1(utf8: &[u8], out: &mut Vec<u8>) {
    for c in String::from_utf8_lossy(utf8).chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => out.push(byte),
            Err(_) => put!(out, "&#{};", u32::from(c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_their_zones() {
        let dice = || Dice::new(1, 1, 1);
        // 2026-01-01T10:00:00Z
        let at = 1_767_261_600;
        assert_eq!(time(at, Quirk::NoZone, &mut dice()), "20260101100000");
        assert_eq!(time(at, Quirk::NamedZone, &mut dice()), "20260101110000 +0100 CET");
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_454, (2026, 1, 1)),
            (-1, (1969, 12, 31)),
        ] {
            assert_eq!(date(days), expected);
        }
    }
}
