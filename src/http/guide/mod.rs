//! The programme guide: what is on, where it comes from, whose it is, and all of it as XMLTV.
//! `{id}` is a source's number or its name.

pub(super) mod add_source;
pub(super) mod change_source;
pub(super) mod clear_match;
pub(super) mod epg_xml;
pub(super) mod list_matches;
pub(super) mod list_sources;
pub(super) mod now;
pub(super) mod refresh_source;
pub(super) mod remove_source;
pub(super) mod schedule;
pub(super) mod search;
pub(super) mod set_match;

use super::error::ApiError;
use super::fields::Fields;
use super::services::Span;
use crate::wire::guide::SourceRequest;
use crate::wire::{ChannelId, time};
use jiff::{SignedDuration, Timestamp};

fn unknown_source() -> ApiError {
    ApiError::not_found("There is no guide source of that name or number")
}

/// The channel that a path names.
fn channel(segment: &str) -> Result<ChannelId, ApiError> {
    segment.parse().map_err(|_| ApiError::not_found("There is no channel of that id"))
}

/// `from` (now) and `to` (some hours later, unless told), at most so many days apart.
fn span(fields: &mut Fields, hours: i64, most_days: i64) -> Option<Span> {
    let from = fields.time("from").unwrap_or_else(time::now);
    let latest = |hours: i64| from.checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
    let to = fields.time("to").unwrap_or_else(|| latest(hours));
    if to <= from {
        fields.wrong("to", "must be later than from");
        return None;
    }
    if to > latest(most_days * 24) {
        fields.wrong("to", format!("must be at most {most_days} days later than from"));
        return None;
    }
    Some(Span { from, to })
}

/// What a request says of a source.
fn source(fields: &mut Fields) -> SourceRequest {
    SourceRequest {
        name: fields.text("name"),
        url: fields.text("url"),
        user_agent: fields.text("user_agent"),
        verify_tls: fields.flag("verify_tls"),
        shift: fields.signed("shift", -1440..=1440),
        zone: fields.text("zone"),
        language: fields.text("language"),
        refresh_interval: fields.whole("refresh_interval", 0..=u64::from(u32::MAX)),
        enabled: fields.flag("enabled"),
    }
}
