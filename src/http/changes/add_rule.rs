//! `POST /api/catalogue/rules`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::changes::{RuleRequest, RuleView};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Adds a rule behind the others; it holds at once.
#[utoipa::path(post, path = "/api/catalogue/rules", tag = "catalogue", request_body = RuleRequest,
    responses((status = 201, body = RuleView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn add_rule(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<RuleView>), ApiError> {
    let rule = super::rule(&mut fields)?;
    Ok((StatusCode::CREATED, Json(context.services.changes.add_rule(rule).await?)))
}
