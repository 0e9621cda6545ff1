//! `GET /live/~/{name}.ts`: a segment, from memory. Its name is the permission.

use super::{Media, answer};
use crate::hls::segment::Name;
use axum::body::Body;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use std::ops::Range;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=3600, immutable");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");

pub(super) fn get(media: &Media, name: &str, method: &Method, headers: &HeaderMap) -> answer::Response {
    let Some(segment) = Name::parse(name).and_then(|name| media.programmes.shelf().get(name)) else {
        return answer::not_found();
    };
    let etag = format!("\"{name}\"");
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged =
        asked.is_some_and(|asked| asked.split(',').any(|tag| tag.trim() == etag || tag.trim() == "*"));
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let same = headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == etag.as_bytes());
    let (status, wanted) = match range.filter(|_| same).map(|range| parse(range, segment.len)) {
        _ if unchanged => (StatusCode::NOT_MODIFIED, 0..0),
        None | Some(Asked::Ignored) => (StatusCode::OK, 0..segment.len),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Unsatisfiable) => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
    };
    let body = match *method {
        Method::HEAD => Body::empty(),
        _ => Body::new(segment.body(wanted.clone())),
    };
    let mut response = answer::with(status, answer::TS, body);
    let headers = response.headers_mut();
    if status != StatusCode::NOT_MODIFIED {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(wanted.end - wanted.start));
    }
    let content_range = match status {
        StatusCode::PARTIAL_CONTENT => {
            Some(format!("bytes {}-{}/{}", wanted.start, wanted.end - 1, segment.len))
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{}", segment.len)),
        _ => None,
    };
    if let Some(value) = content_range.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::CONTENT_RANGE, value);
    }
    headers.insert(header::ACCEPT_RANGES, BYTES);
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Part(Range<u64>),
    Unsatisfiable,
    /// Not one range of bytes: RFC 9110, 14.2 lets a server answer the whole.
    Ignored,
}

fn parse(range: &str, len: u64) -> Asked {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Ignored;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let wanted = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..(last.saturating_add(1)).min(len),
        (Some(first), None) if last.is_empty() => first..len,
        (None, Some(suffix)) if first.is_empty() => len.saturating_sub(suffix)..len,
        _ => return Asked::Ignored,
    };
    if wanted.start < wanted.end { Asked::Part(wanted) } else { Asked::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_rfc_9110_reads_them() {
        assert_eq!(parse("bytes=0-0", 10), Asked::Part(0..1));
        assert_eq!(parse("bytes=2-", 10), Asked::Part(2..10));
        assert_eq!(parse("bytes=-3", 10), Asked::Part(7..10));
        assert_eq!(parse("bytes=-30", 10), Asked::Part(0..10));
        assert_eq!(parse("bytes=5-99", 10), Asked::Part(5..10));
        assert_eq!(parse("bytes=10-", 10), Asked::Unsatisfiable);
        assert_eq!(parse("bytes=-0", 10), Asked::Unsatisfiable);
        for odd in ["bytes=5-2", "bytes=a-b", "bytes=0-1,4-5", "items=0-1", "bytes=", "bytes=-"] {
            assert_eq!(parse(odd, 10), Asked::Ignored, "{odd}");
        }
    }
}
