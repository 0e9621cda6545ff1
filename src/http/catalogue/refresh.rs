//! `POST /refresh`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::catalogue::RefreshScheduled;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Schedules a refresh of every provider and returns at once; a second one while it runs starts nothing.
#[utoipa::path(post, path = "/refresh", tag = "catalogue",
    responses((status = 202, body = RefreshScheduled), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn refresh(
    State(context): State<Context>,
) -> Result<(StatusCode, Json<RefreshScheduled>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(context.services.catalogue.refresh().await?)))
}
