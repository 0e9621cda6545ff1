//! A channel's identity: one namespace of strings for panel, provider and RTMP channels.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// `[A-Za-z0-9_.-]{1,64}`, not `.` or `..`, not ending in `.ts` or `.m3u8` (contract, section 3).
///
/// In JSON the number `n` means the string `"n"`, and an id that is a canonical decimal number comes
/// back as a number. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(Arc<str>);

/// The text is not a channel id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a channel id is 1 to 64 of A-Z a-z 0-9 _ . - and does not end in .ts or .m3u8")]
pub struct InvalidChannelId;

impl ChannelId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a number, where its text is exactly how that number is written.
    pub fn as_number(&self) -> Option<u64> {
        let number: u64 = self.0.parse().ok()?;
        (number.to_string() == *self.0).then_some(number)
    }
}

impl FromStr for ChannelId {
    type Err = InvalidChannelId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
        let valid = (1..=64).contains(&text.len())
            && text.bytes().all(allowed)
            && !matches!(text, "." | "..")
            && !text.ends_with(".ts")
            && !text.ends_with(".m3u8");
        if valid { Ok(Self(text.into())) } else { Err(InvalidChannelId) }
    }
}

impl From<u64> for ChannelId {
    fn from(number: u64) -> Self {
        Self(number.to_string().into())
    }
}

impl utoipa::PartialSchema for ChannelId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Integer))
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_.-]{1,64}$")))
            .into()
    }
}

impl utoipa::ToSchema for ChannelId {}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelId({})", self.0)
    }
}

impl Serialize for ChannelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_number() {
            Some(number) => serializer.serialize_u64(number),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ChannelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(number.into()),
            Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_are_one_namespace() {
        let id: ChannelId = serde_json::from_str("123").expect("number");
        assert_eq!(id.as_str(), "123");
        assert_eq!(serde_json::to_string(&id).expect("json"), "123");
        let id: ChannelId = serde_json::from_str("\"123\"").expect("string");
        assert_eq!(serde_json::to_string(&id).expect("json"), "123");
        let id: ChannelId = serde_json::from_str("\"0123\"").expect("string");
        assert_eq!(serde_json::to_string(&id).expect("json"), "\"0123\"");
    }

    #[test]
    fn refuses_what_could_be_a_path_or_a_media_suffix() {
        for bad in ["", ".", "..", "a/b", "a b", "x.ts", "x.m3u8", "é", &"x".repeat(65)] {
            assert!(bad.parse::<ChannelId>().is_err(), "{bad:?}");
        }
        for good in ["hbo_hd", "a.b", "-", "...", "1", &"x".repeat(64)] {
            assert!(good.parse::<ChannelId>().is_ok(), "{good:?}");
        }
    }
}
