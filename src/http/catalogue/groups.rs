//! `GET /groups`, `/categories`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::catalogue::Groups;
use axum::Json;
use axum::extract::State;

/// The groups with their channel counts.
#[utoipa::path(get, path = "/groups", tag = "catalogue",
    responses((status = 200, body = Groups), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn groups(State(context): State<Context>) -> Result<Json<Groups>, ApiError> {
    Ok(Json(context.services.catalogue.groups().await?))
}
