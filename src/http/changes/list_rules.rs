//! `GET /api/catalogue/rules`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::changes::RuleList;
use axum::Json;
use axum::extract::State;

/// The rules, in the order in which they are applied.
#[utoipa::path(get, path = "/api/catalogue/rules", tag = "catalogue",
    responses((status = 200, body = RuleList), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn list_rules(State(context): State<Context>) -> Result<Json<RuleList>, ApiError> {
    Ok(Json(RuleList { rules: context.services.changes.rules().await? }))
}
