//! Times on the wire: RFC 3339, UTC, whole seconds. `Z` at the end, except the two fields that field clients
//! read without a zone (`started_at` of the on-air stream, `expiry` of the auth callback).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Now, in whole seconds.
pub fn now() -> Timestamp {
    whole_seconds(Timestamp::now())
}

/// The same moment without its fraction of a second.
pub fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `2025-01-01T12:00:00Z`.
pub fn with_zone(time: Timestamp) -> String {
    whole_seconds(time).to_string()
}

/// `2025-01-01T12:00:00`, in UTC.
pub fn without_zone(time: Timestamp) -> String {
    whole_seconds(time).to_zoned(TimeZone::UTC).datetime().to_string()
}

/// Reads RFC 3339 with a zone, or without one (then it is UTC). A date alone is its midnight.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))
}

/// `#[serde(with = "wire::time::zoned")]`: written with `Z`, read with or without a zone.
pub mod zoned {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a time, or null.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        time.map(super::with_zone).serialize(to)
    }

    /// Reads a time, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        super::read(Option::<String>::deserialize(from)?)
    }
}

/// `#[serde(with = "wire::time::bare")]`: written without a zone, read with or without.
pub mod bare {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a time, or null.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        time.map(super::without_zone).serialize(to)
    }

    /// Reads a time, or null.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        super::read(Option::<String>::deserialize(from)?)
    }
}

fn read<E: serde::de::Error>(text: Option<String>) -> Result<Option<Timestamp>, E> {
    match text {
        None => Ok(None),
        Some(text) => match parse(&text) {
            Some(time) => Ok(Some(time)),
            None => Err(E::custom("not a time: write it as 2025-01-31T12:00:00Z")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_out() {
        let time: Timestamp = "2025-12-24T10:30:00.75Z".parse().expect("time");
        assert_eq!(with_zone(time), "2025-12-24T10:30:00Z");
        assert_eq!(without_zone(time), "2025-12-24T10:30:00");
    }

    #[test]
    fn all_forms_in() {
        let expected = parse("2025-12-24T10:30:00Z");
        assert!(expected.is_some());
        for text in ["2025-12-24T10:30:00", "2025-12-24T11:30:00+01:00", "2025-12-24 10:30:00"] {
            assert_eq!(parse(text), expected, "{text}");
        }
        assert!(parse("2025-12-24").is_some());
        for text in ["", "yesterday", "2025-13-01T00:00:00", "1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
