//! `DELETE /api/keys/{id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// Deletes an API key; it opens nothing from then on.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "signing in", params(("id" = i64, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn delete(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    let known = match id.parse() {
        Ok(id) => context.services.keys.delete(id).await?,
        Err(_) => false,
    };
    if known { Ok(Json(Done::deleted())) } else { Err(ApiError::not_found("There is no API key of that id")) }
}
