//! `PUT /api/catalogue/rules/{id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Segment};
use crate::wire::ErrorBody;
use crate::wire::changes::{RuleRequest, RuleView};
use axum::Json;
use axum::extract::State;

/// Replaces a rule in its place.
#[utoipa::path(put, path = "/api/catalogue/rules/{id}", tag = "catalogue", params(("id" = i64, Path)),
    request_body = RuleRequest, responses((status = 200, body = RuleView), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn change_rule(
    State(context): State<Context>,
    Segment(id): Segment,
    mut fields: Fields,
) -> Result<Json<RuleView>, ApiError> {
    let (id, rule) = (super::number(&id)?, super::rule(&mut fields)?);
    let changed = context.services.changes.change_rule(id, rule).await?;
    changed.map(Json).ok_or_else(super::no_such_rule)
}
