//! `POST /api/catalogue/rules/preview`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::changes::{Preview, RuleRequest};
use axum::Json;
use axum::extract::State;

/// What a rule would change; it is not kept.
#[utoipa::path(post, path = "/api/catalogue/rules/preview", tag = "catalogue", request_body = RuleRequest,
    responses((status = 200, body = Preview), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn preview_rule(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<Json<Preview>, ApiError> {
    let most = fields.whole("limit", 0..=500).unwrap_or(50);
    let rule = super::rule(&mut fields)?;
    let most = usize::try_from(most).unwrap_or(0);
    Ok(Json(context.services.changes.preview(rule, most).await?))
}
