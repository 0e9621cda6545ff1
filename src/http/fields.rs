//! Request bodies and queries, field by field: every bad field is named, no value is ever repeated.

use super::context::Context;
use super::error::ApiError;
use crate::wire::error::ErrorCode;
use crate::wire::{ChannelId, Paging, Role, Secret, time};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A body must be there within this.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The fields of a request: a JSON object, a form, or a query. Reading one notes what is wrong with it;
/// [`Fields::finish`] refuses with all of that at once.
#[derive(Debug, Default)]
pub(super) struct Fields {
    values: Map<String, Value>,
    wrong: BTreeMap<String, String>,
    prefix: String,
    /// From a form or a query, where everything is text.
    all_text: bool,
}

impl Fields {
    fn from_json(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(values)) => Ok(Self { values, ..Self::default() }),
            Ok(_) => Err(ApiError::invalid([("body", "must be a JSON object")])),
            Err(error) => {
                // Only where, never serde's words: they may quote the body.
                let why = format!("is not JSON (line {}, column {})", error.line(), error.column());
                Err(ApiError::invalid([("body", why)]))
            }
        }
    }

    fn from_pairs(text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text);
        let values =
            pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
        Self { values, all_text: true, ..Self::default() }
    }

    /// Notes that a field is wrong, and why.
    pub(super) fn wrong(&mut self, name: &str, why: impl Into<String>) {
        self.wrong.entry(format!("{}{name}", self.prefix)).or_insert_with(|| why.into());
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        match self.values.remove(name)? {
            Value::Null => None,
            Value::String(text) if self.all_text && text.is_empty() => None,
            value => Some(value),
        }
    }

    /// Whether the field is there, null included.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => {
                self.wrong(name, "must be text");
                None
            }
        }
    }

    /// Text that must be there, and not be empty.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        let text = self.text(name).unwrap_or_default();
        if text.trim().is_empty() {
            self.wrong(name, "is missing");
        }
        text
    }

    /// A secret.
    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::from)
    }

    /// A secret that must be there.
    pub(super) fn required_secret(&mut self, name: &str) -> Secret {
        self.required_text(name).into()
    }

    /// A whole number.
    pub(super) fn whole(&mut self, name: &str, within: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.take(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) if self.all_text => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| within.contains(number));
        if number.is_none() {
            let (least, most) = within.into_inner();
            let why = match most {
                u64::MAX => format!("must be a whole number from {least}"),
                _ => format!("must be a whole number from {least} to {most}"),
            };
            self.wrong(name, why);
        }
        number
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let number = match self.take(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.all_text => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(name, "must be a number");
        }
        number
    }

    /// A whole number that may be below zero.
    pub(super) fn signed(&mut self, name: &str, within: RangeInclusive<i32>) -> Option<i32> {
        let number = match self.take(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if self.all_text => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.and_then(|number| i32::try_from(number).ok()).filter(|n| within.contains(n));
        if number.is_none() {
            self.wrong(name, format!("must be a whole number from {} to {}", within.start(), within.end()));
        }
        number
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            Value::String(text) if self.all_text && matches!(&*text, "true" | "1") => Some(true),
            Value::String(text) if self.all_text && matches!(&*text, "false" | "0") => Some(false),
            _ => {
                self.wrong(name, "must be true or false");
                None
            }
        }
    }

    /// A channel's id, number or text, that must be there.
    pub(super) fn required_channel(&mut self, name: &str) -> Option<ChannelId> {
        let Some(value) = self.take(name) else {
            self.wrong(name, "is missing");
            return None;
        };
        let id = match value {
            Value::Number(number) => number.as_u64().map(ChannelId::from),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        if id.is_none() {
            self.wrong(name, "must be a channel id: a number, or 1 to 64 of A-Z a-z 0-9 _ . -");
        }
        id
    }

    /// A role that must be there.
    pub(super) fn required_role(&mut self, name: &str) -> Option<Role> {
        let role = Role::from_name(&self.required_text(name));
        if role.is_none() {
            self.wrong(name, "must be admin, moderator or user");
        }
        role
    }

    /// A time, with or without a zone.
    pub(super) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let at = time::parse(&self.text(name)?);
        if at.is_none() {
            self.wrong(name, "must be a time like 2025-01-31T12:00:00Z");
        }
        at
    }

    /// Pairs of texts: an object, or a list of two-element lists.
    pub(super) fn pairs(&mut self, name: &str) -> Vec<(String, String)> {
        let pairs: Option<Vec<_>> = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Object(map)) => {
                map.into_iter().map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
            }
            Some(Value::Array(list)) => list
                .iter()
                .map(|pair| match pair.as_array()?.as_slice() {
                    [Value::String(key), Value::String(value)] => Some((key.clone(), value.clone())),
                    _ => None,
                })
                .collect(),
            Some(_) => None,
        };
        pairs.unwrap_or_else(|| {
            self.wrong(name, "must be an object of texts");
            Vec::new()
        })
    }

    /// An object within; its wrong fields are named `name.field` once [`Fields::absorb`] takes them back.
    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name)? {
            Value::Object(values) => {
                Some(Self { values, prefix: format!("{}{name}.", self.prefix), ..Self::default() })
            }
            _ => {
                self.wrong(name, "must be an object");
                None
            }
        }
    }

    /// Takes over what was wrong within an object.
    pub(super) fn absorb(&mut self, inner: Self) {
        self.wrong.extend(inner.wrong);
    }

    /// `page` and `per_page` (10).
    pub(super) fn paging(&mut self) -> Paging {
        self.paging_by("per_page", 10)
    }

    /// `page` and a size of that name.
    pub(super) fn paging_by(&mut self, size: &str, default: u64) -> Paging {
        let page = self.whole("page", 1..=u64::MAX).unwrap_or(1);
        let per_page = self.whole(size, 1..=u64::MAX).unwrap_or(default);
        Paging::new(page, per_page)
    }

    /// Refuses with everything that was wrong.
    pub(super) fn finish(&mut self) -> Result<(), ApiError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(ApiError::invalid(std::mem::take(&mut self.wrong))) }
    }

    /// The value that must be there, or everything that was wrong.
    pub(super) fn checked<T>(&mut self, name: &str, value: Option<T>) -> Result<T, ApiError> {
        if value.is_none() {
            self.wrong(name, "is missing");
        }
        self.finish()?;
        value.ok_or_else(|| ApiError::invalid([(name, "is missing")]))
    }
}

/// The fields of a body: a form where it says so, else JSON, whatever it says.
impl FromRequest<Context> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, context: &Context) -> Result<Self, ApiError> {
        let form = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let bytes = read(request.into_body(), context.options.body).await?;
        if form { Ok(Self::from_pairs(&bytes)) } else { Self::from_json(&bytes) }
    }
}

async fn read(body: Body, most: usize) -> Result<bytes::Bytes, ApiError> {
    let late = || ApiError::invalid([("body", "did not arrive in time")]);
    let large = || ApiError::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {most} bytes"));
    // What a length announces need not come before it is refused.
    if http_body::Body::size_hint(&body).lower() > most as u64 {
        return Err(large());
    }
    let whole = tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect());
    match whole.await.map_err(|_| late())? {
        Ok(bytes) => Ok(bytes.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(large()),
        Err(_) => Err(ApiError::invalid([("body", "could not be read")])),
    }
}

/// The fields of a query.
pub(super) struct Query(pub(super) Fields);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Self(Fields::from_pairs(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// The one placeholder of a path, decoded.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| ApiError::no_such_route())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Fields {
        Fields::from_json(text.as_bytes()).expect("an object")
    }

    #[test]
    fn every_bad_field_is_named_and_no_value_is_repeated() {
        let mut fields = json(r#"{"password": 123456, "n": -1, "channel_id": "a/b", "on": "hunter2"}"#);
        assert!(fields.secret("password").is_none());
        assert!(fields.whole("n", 0..=5).is_none());
        assert!(fields.required_channel("channel_id").is_none());
        assert!(fields.flag("on").is_none());
        assert_eq!(fields.required_text("name"), "");
        let body = String::from_utf8(fields.finish().expect_err("wrong").body()).expect("text");
        for name in ["password", "n ", "channel_id", "on", "name"] {
            assert!(body.contains(name), "{name}: {body}");
        }
        for value in ["123456", "a/b", "hunter2"] {
            assert!(!body.contains(value), "{body}");
        }
    }

    #[test]
    fn malformed_json_is_not_quoted() {
        let error = Fields::from_json(br#"{"password": "hunter2"#).expect_err("malformed");
        assert_eq!(error.code(), ErrorCode::ValidationError);
        assert!(!String::from_utf8_lossy(&error.body()).contains("hunter2"));
        assert!(Fields::from_json(b"[1]").is_err());
        assert!(Fields::from_json(b" ").is_ok());
    }

    #[test]
    fn queries_are_text_and_numbers_are_read_from_it() {
        let mut query = Fields::from_pairs(b"page=2&per_page=9999&search=a+b%C3%A9&group=");
        assert_eq!(query.paging(), Paging { page: 2, per_page: 500 });
        assert_eq!(query.text("search").as_deref(), Some("a b\u{e9}"));
        assert_eq!(query.text("group"), None);
        assert!(query.finish().is_ok());
        let mut query = Fields::from_pairs(b"page=0");
        query.paging();
        assert!(query.finish().is_err());
    }

    #[test]
    fn objects_within_name_their_fields() {
        let mut fields = json(r#"{"access": {"kind": 5}, "headers": {"X-A": "b"}}"#);
        let mut access = fields.object("access").expect("object");
        access.required_text("kind");
        fields.absorb(access);
        assert_eq!(fields.pairs("headers"), [("X-A".to_owned(), "b".to_owned())]);
        let error = fields.finish().expect_err("wrong");
        assert!(error.message().contains("access.kind must be text"), "{}", error.message());
    }
}
