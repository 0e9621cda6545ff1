//! Times as guides write them.
//!
//! XMLTV has `YYYYMMDDhhmmss ±hhmm`, cut anywhere from the right. In the wild: no seconds, no offset, an offset without a
//! blank, with a colon, or with names behind it (`-0600 MDT`), names instead of offsets (`UTC`, `CEST`,
//! `Europe/Paris`), ISO 8601, and seconds or milliseconds since the epoch.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Seconds since the epoch. A local time that clocks show twice in a night means the first; `again` is the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The first.
    pub at: i64,
    /// The second, where there is one.
    pub again: Option<i64>,
}

impl From<i64> for Moment {
    fn from(at: i64) -> Self {
        Self { at, again: None }
    }
}

/// Zones by name: that of times without one, and the last that a time named.
#[derive(Debug, Clone)]
pub(super) struct Zones {
    own: TimeZone,
    named: Option<(String, Option<TimeZone>)>,
}

impl Zones {
    pub(super) fn new(own: TimeZone) -> Self {
        Self { own, named: None }
    }

    /// Guides name the same zone again and again.
    fn get(&mut self, name: &str) -> Option<TimeZone> {
        if self.named.as_ref().is_none_or(|(known, _)| known != name) {
            self.named = Some((name.to_owned(), TimeZone::get(name).ok()));
        }
        self.named.as_ref().and_then(|(_, zone)| zone.clone())
    }

    /// Reads a time; `None`: it is none.
    pub(super) fn read(&mut self, text: &str) -> Option<Moment> {
        let text = text.trim();
        match digits(text) {
            (stamp, rest) if stamp.len() >= 8 => self.compact(stamp, rest),
            (year, rest) if year.len() == 4 && rest.starts_with('-') => self.iso(text),
            _ => None,
        }
    }

    fn compact(&mut self, stamp: &str, rest: &str) -> Option<Moment> {
        // No guide is of the years 1000 to 1999: such numbers are seconds and milliseconds since the epoch.
        match (stamp.len(), stamp.starts_with('1')) {
            (10, true) => return stamp.parse::<i64>().ok().map(Moment::from),
            (13, true) => return stamp.parse::<i64>().ok().map(|ms| (ms / 1000).into()),
            (8 | 10 | 12 | 14 | 17, _) => {}
            _ => return None,
        }
        let part = |at: usize, length: usize| match stamp.get(at..at + length) {
            Some(part) => part.parse::<i16>().ok(),
            None => Some(0),
        };
        let date = (part(0, 4)?, part(4, 2)?, part(6, 2)?);
        self.moment(date, (part(8, 2)?, part(10, 2)?, part(12, 2)?), without_fraction(rest))
    }

    fn iso(&mut self, text: &str) -> Option<Moment> {
        let (year, rest) = digits(text);
        let (month, rest) = digits(rest.strip_prefix('-')?);
        let (day, rest) = digits(rest.strip_prefix('-')?);
        let number = |part: &str| part.parse::<i16>().ok();
        let date = (number(year)?, number(month)?, number(day)?);
        let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim_start();
        let (hour, rest) = digits(rest);
        if hour.is_empty() {
            return self.moment(date, (0, 0, 0), rest);
        }
        let (minute, rest) = digits(rest.strip_prefix(':')?);
        let (second, rest) = match rest.strip_prefix(':') {
            Some(rest) => digits(rest),
            None => ("0", rest),
        };
        self.moment(date, (number(hour)?, number(minute)?, number(second)?), without_fraction(rest))
    }

    fn moment(
        &mut self,
        (year, month, day): (i16, i16, i16),
        (hour, minute, second): (i16, i16, i16),
        zone: &str,
    ) -> Option<Moment> {
        let small = |number: i16| i8::try_from(number).ok();
        // 24:00 is the end of a day; a second 60 is a leap second.
        let (midnight, hour) = if (hour, minute) == (24, 0) { (true, 0) } else { (false, hour) };
        let civil = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second.min(59))?,
            0,
        );
        let mut civil = civil.ok()?;
        if midnight {
            civil = civil.checked_add(jiff::SignedDuration::from_hours(24)).ok()?;
        }
        match self.zone(zone.trim_start()) {
            Some(Zone::Fixed(seconds)) => {
                let offset = Offset::from_seconds(seconds).ok()?;
                Some(offset.to_timestamp(civil).ok()?.as_second().into())
            }
            Some(Zone::Named(zone)) => in_zone(&zone, civil),
            None => in_zone(&self.own, civil),
        }
    }

    /// The zone that `text` begins with; `None`: none that is known.
    fn zone(&mut self, text: &str) -> Option<Zone> {
        if let Some(sign) = text.chars().next().filter(|sign| matches!(sign, '+' | '-')) {
            return offset(&text[1..])
                .map(|seconds| Zone::Fixed(if sign == '-' { -seconds } else { seconds }));
        }
        let end = text
            .find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '-')))
            .unwrap_or(text.len());
        let name = &text[..end];
        match ABBREVIATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, hours)) => Some(Zone::Fixed(hours * 3600)),
            None if name.contains('/') && name.len() < 64 => self.get(name).map(Zone::Named),
            None => None,
        }
    }
}

enum Zone {
    Fixed(i32),
    Named(TimeZone),
}

/// Only those that mean the same everywhere where guides are written with them.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 1),
    ("BST", 1),
    ("CET", 1),
    ("MEZ", 1),
    ("CEST", 2),
    ("MESZ", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

fn in_zone(zone: &TimeZone, civil: DateTime) -> Option<Moment> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let again = match ambiguous.offset() {
        AmbiguousOffset::Fold { after, .. } => after.to_timestamp(civil).ok().map(|at| at.as_second()),
        AmbiguousOffset::Gap { .. } | AmbiguousOffset::Unambiguous { .. } => None,
    };
    Some(Moment { at: ambiguous.compatible().ok()?.as_second(), again })
}

/// `0100`, `01:00`, `01`, `1` as seconds.
fn offset(text: &str) -> Option<i32> {
    let (hours, rest) = digits(text);
    let number = |part: &str| part.parse::<i32>().ok();
    let (hours, minutes) = match hours.len() {
        1 | 2 => match rest.strip_prefix(':').map(digits) {
            Some((minutes, _)) if minutes.len() == 2 => (number(hours)?, number(minutes)?),
            _ => (number(hours)?, 0),
        },
        3 | 4 => {
            let (hours, minutes) = hours.split_at(hours.len() - 2);
            (number(hours)?, number(minutes)?)
        }
        _ => return None,
    };
    // The zones there are go from -12 to +14.
    (hours <= 14 && minutes < 60).then_some(hours * 3600 + minutes * 60)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn without_fraction(text: &str) -> &str {
    match text.strip_prefix('.') {
        Some(fraction) => digits(fraction).1,
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, zone: &str) -> Option<Moment> {
        Zones::new(TimeZone::get(zone).expect("zone")).read(text)
    }

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().expect("time").as_second()
    }

    #[test]
    fn every_form_in_the_wild() {
        let noon = at("2026-01-15T12:00:00Z");
        for text in [
            "20260115120000 +0000",
            "20260115120000",
            "202601151200",
            "2026011512",
            "202601151300 +0100",
            "20260115130000+0100",
            "20260115060000-0600",
            "20260115130000 +01:00",
            "20260115130000 +1",
            "20260115130000 +100",
            "20260115060000 -0600 MDT",
            "20260115120000 Z",
            "20260115120000 utc",
            "20260115130000 CET",
            "20260115130000 Europe/Paris",
            "20260115130000 +0100 (Central European Time)",
            " 20260115120000.000 +0000 ",
            "20260115120000123 +0000",
            "2026-01-15T12:00:00Z",
            "2026-01-15T13:00:00.5+01:00",
            "2026-01-15 12:00",
            "1768478400",
            "1768478400000",
        ] {
            assert_eq!(read(text, "UTC"), Some(noon.into()), "{text}");
        }
        assert_eq!(read("20260115", "UTC"), Some(at("2026-01-15T00:00:00Z").into()));
        assert_eq!(read("20260115240000 +0000", "UTC"), Some(at("2026-01-16T00:00:00Z").into()));
        assert_eq!(read("20260115125960 +0000", "UTC"), Some(at("2026-01-15T12:59:59Z").into()));
        assert_eq!(read("20260115130000", "Europe/Paris"), Some(noon.into()));
        assert_eq!(read("20260115130000 Mars/Olympus", "Europe/Paris"), Some(noon.into()), "the own zone");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "now",
            "2026",
            "20261315120000",
            "20260230120000",
            "20260115250000",
            "2026011512000",
            "2026-1",
            "２０２６０１１５１２００００",
            "-20260115120000",
        ] {
            assert_eq!(read(text, "UTC"), None, "{text}");
        }
    }

    #[test]
    fn clocks_that_change() {
        // Europe/Paris: 02:00 to 03:00 does not exist on 29 March, and is twice on 25 October.
        assert_eq!(read("20260329023000", "Europe/Paris"), Some(at("2026-03-29T01:30:00Z").into()));
        let fold = read("20261025023000", "Europe/Paris").expect("time");
        assert_eq!((fold.at, fold.again), (at("2026-10-25T00:30:00Z"), Some(at("2026-10-25T01:30:00Z"))));
        // America/New_York: 8 March, and 1 November.
        assert_eq!(read("20260308023000", "America/New_York"), Some(at("2026-03-08T07:30:00Z").into()));
        let fold = read("20261101013000", "America/New_York").expect("time");
        assert_eq!((fold.at, fold.again), (at("2026-11-01T05:30:00Z"), Some(at("2026-11-01T06:30:00Z"))));
        // An offset leaves no doubt.
        assert_eq!(read("20261025023000 +0100", "Europe/Paris"), Some(at("2026-10-25T01:30:00Z").into()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9TZ:+. /a-z-]{0,30}|.{0,30}") {
            read(&text, "Europe/Paris");
        }

        #[test]
        fn what_is_written_is_read(seconds in 1_577_836_800i64..3_000_000_000, minutes in -720i32..=840) {
            let offset = Offset::from_seconds(minutes * 60).expect("offset");
            let civil = offset.to_datetime(jiff::Timestamp::from_second(seconds).expect("time"));
            let text = format!(
                "{} {}{:02}{:02}",
                civil.strftime("%Y%m%d%H%M%S"),
                if minutes < 0 { '-' } else { '+' },
                minutes.abs() / 60,
                minutes.abs() % 60,
            );
            prop_assert_eq!(read(&text, "America/New_York"), Some(seconds.into()));
        }
    }
}
