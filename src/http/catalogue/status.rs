//! `GET /status`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::catalogue::CatalogueStatus;
use axum::Json;
use axum::extract::State;

/// How the catalogue and its refresh do.
#[utoipa::path(get, path = "/status", tag = "catalogue",
    responses((status = 200, body = CatalogueStatus), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn status(
    State(context): State<Context>,
) -> Result<Json<CatalogueStatus>, ApiError> {
    Ok(Json(context.services.catalogue.status().await?))
}
