//! `DELETE /api/guide/matches/{channel_id}`.

use super::channel;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// Forgets what was said about a channel's guide: it is matched by id and name again.
#[utoipa::path(delete, path = "/api/guide/matches/{channel_id}", tag = "guide", params(("channel_id" = String, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn clear(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    if context.services.guide.clear_match(channel(&id)?).await? {
        Ok(Json(Done::deleted()))
    } else {
        Err(ApiError::not_found("Nothing was said about the guide of that channel"))
    }
}
