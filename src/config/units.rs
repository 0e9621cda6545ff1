//! How values are written in `relais.toml`: seconds as numbers, sizes as `"64MiB"` or bytes. Each
//! is a serde `with` module.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::time::Duration;

/// A `Duration` as a number of seconds, whole or not.
pub(super) mod seconds {
    use super::*;

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a number of seconds")]
    enum Number {
        Whole(i64),
        Part(f64),
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let number = match Number::deserialize(deserializer)? {
            Number::Whole(number) => number as f64,
            Number::Part(number) => number,
        };
        Duration::try_from_secs_f64(number)
            .map_err(|_| D::Error::custom("expected a number of seconds, 0 or more"))
    }

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value.subsec_nanos() {
            0 => value.as_secs().serialize(serializer),
            _ => value.as_secs_f64().serialize(serializer),
        }
    }
}

/// A number of bytes: `1048576`, `"64KiB"`, `"1.5 GiB"`, `"10MB"`.
pub(super) mod size {
    use super::*;

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a size such as \"64MiB\", or a number of bytes")]
    enum Size {
        Bytes(u64),
        Text(String),
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        match Size::deserialize(deserializer)? {
            Size::Bytes(bytes) => Ok(bytes),
            Size::Text(text) => parse_size(&text)
                .ok_or_else(|| D::Error::custom("expected a size such as \"64MiB\", or a number of bytes")),
        }
    }

    pub(in super::super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        format_size(*value).serialize(serializer)
    }
}

/// A size, or `"auto"` for `None`.
pub(super) mod size_or_auto {
    use super::*;

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        if value.as_str() == Some("auto") {
            return Ok(None);
        }
        let bytes = match &value {
            toml::Value::Integer(bytes) => u64::try_from(*bytes).ok(),
            toml::Value::String(text) => parse_size(text),
            _ => None,
        };
        bytes.map(Some).ok_or_else(|| {
            D::Error::custom("expected \"auto\", a size such as \"512MiB\", or a number of bytes")
        })
    }

    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map_or_else(|| "auto".to_owned(), format_size).serialize(serializer)
    }
}

/// Bytes from `64MiB`, `10 MB`, `1.5GiB`, `4096`; `None` where it is none of these or does not fit.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor: u64 = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" | "K" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    let bytes = number * factor as f64;
    (bytes.is_finite() && bytes < i64::MAX as f64).then_some(bytes as u64)
}

/// The largest binary unit that keeps the number whole.
pub(super) fn format_size(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes != 0 && bytes.is_multiple_of(factor) {
            return format!("{}{unit}", bytes / factor);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_in_the_forms_people_write() {
        for (text, bytes) in
            [("4096", 4096), ("64KiB", 65536), ("1.5 GiB", 1_610_612_736), ("10MB", 10_000_000), ("0", 0)]
        {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1TiB2", "1..2", "9999999999GiB", "nan", "1 e3"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in 0u64..(1 << 50)) {
            prop_assert_eq!(parse_size(&format_size(bytes)), Some(bytes));
        }
    }
}
