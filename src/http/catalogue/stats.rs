//! `GET /stats`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::catalogue::Stats;
use axum::Json;
use axum::extract::State;

/// Channels by kind.
#[utoipa::path(get, path = "/stats", tag = "catalogue",
    responses((status = 200, body = Stats), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn stats(State(context): State<Context>) -> Result<Json<Stats>, ApiError> {
    Ok(Json(context.services.catalogue.stats().await?))
}
