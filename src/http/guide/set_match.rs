//! `PUT /api/guide/matches/{channel_id}`.

use super::channel;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Segment};
use crate::wire::ErrorBody;
use crate::wire::guide::{MatchRequest, MatchView};
use axum::Json;
use axum::extract::State;

/// Says which guide a channel has: `guide_channel` is the channel's id there, or null for none. It holds at once, and
/// over refreshes.
#[utoipa::path(put, path = "/api/guide/matches/{channel_id}", tag = "guide", params(("channel_id" = String, Path)),
    request_body = MatchRequest,
    responses((status = 200, body = MatchView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn set(
    State(context): State<Context>,
    Segment(id): Segment,
    mut fields: Fields,
) -> Result<Json<MatchView>, ApiError> {
    let channel = channel(&id)?;
    if !fields.has("guide_channel") {
        fields.wrong("guide_channel", "is missing: give a channel's id in a guide, or null for none");
    }
    let guide_channel = fields.text("guide_channel");
    let source = fields.whole("source", 1..=u64::from(u32::MAX)).and_then(|id| i64::try_from(id).ok());
    let shift = fields.signed("shift", -1440..=1440).unwrap_or(0);
    fields.finish()?;
    let request = MatchRequest { guide_channel, source, shift };
    Ok(Json(context.services.guide.set_match(channel, request).await?))
}
