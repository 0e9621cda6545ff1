//! `GET /api/guide`.

use super::span;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::guide::Schedule;
use crate::wire::{ChannelId, ErrorBody};
use axum::Json;
use axum::extract::{RawQuery, State};

/// Channels in one answer.
const MOST: usize = 100;
/// Channels by days.
const MOST_DAYS: i64 = 200;

/// What runs on some channels, from `from` (now) to `to` (24 h later), 15 days at most. `channel` may be given several
/// times, or have several ids with commas between them: 100 at most, and fewer where it is about many days.
#[utoipa::path(get, path = "/api/guide", tag = "guide",
    params(("channel" = String, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses((status = 200, body = Schedule), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn schedule(
    State(context): State<Context>,
    RawQuery(raw): RawQuery,
    Query(mut query): Query,
) -> Result<Json<Schedule>, ApiError> {
    let channels = channels(raw.as_deref().unwrap_or_default());
    if channels.is_none() {
        query.wrong("channel", "must be one or more channel ids, with commas between them; 100 at most");
    }
    let span = span(&mut query, 24, 15);
    let (channels, span) = query.checked("channel", channels.zip(span))?;
    let days = (span.to.as_second() - span.from.as_second()) / 86_400 + 1;
    if days * i64::try_from(channels.len()).unwrap_or(i64::MAX) > MOST_DAYS {
        return Err(ApiError::invalid([("to", "is too late for so many channels: ask for fewer of either")]));
    }
    Ok(Json(context.services.guide.schedule(channels, span).await?))
}

/// In the order given, each once; `None`: none, too many, or something that is no id.
fn channels(query: &str) -> Option<Vec<ChannelId>> {
    let mut channels: Vec<ChannelId> = Vec::new();
    for (_, value) in url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "channel") {
        for id in value.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            let id = id.parse().ok()?;
            if !channels.contains(&id) {
                channels.push(id);
            }
            if channels.len() > MOST {
                return None;
            }
        }
    }
    (!channels.is_empty()).then_some(channels)
}

#[cfg(test)]
mod tests {
    use super::channels;

    #[test]
    fn several_by_repeating_or_commas() {
        let ids =
            |query: &str| channels(query).map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        let owned = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(ids("channel=a&from=x&channel=b,%20c,a"), owned(&["a", "b", "c"]));
        assert_eq!(ids("channel="), None);
        assert_eq!(ids("channel=a/b"), None);
        let many: Vec<_> = (0..101).map(|n| n.to_string()).collect();
        assert_eq!(channels(&format!("channel={}", many.join(","))), None);
        assert!(channels(&format!("channel={}", many[1..].join(","))).is_some());
    }
}
