//! `DELETE /api/providers/{id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// Removes a provider with its channels.
#[utoipa::path(delete, path = "/api/providers/{id}", tag = "providers", params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn delete(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    if context.services.providers.delete(&id).await? {
        Ok(Json(Done::deleted()))
    } else {
        Err(super::unknown())
    }
}
