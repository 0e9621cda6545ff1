//! `DELETE /api/guide/sources/{id}`.

use super::unknown_source;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// Removes a source with its programmes. A provider's guide goes with its provider: switch it off instead.
#[utoipa::path(delete, path = "/api/guide/sources/{id}", tag = "guide", params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(in crate::http) async fn remove(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    if context.services.guide.remove(&id).await? { Ok(Json(Done::deleted())) } else { Err(unknown_source()) }
}
