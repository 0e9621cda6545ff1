//! `DELETE /api/catalogue/rules/{id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// Removes a rule; channels are at once as they were without it.
#[utoipa::path(delete, path = "/api/catalogue/rules/{id}", tag = "catalogue", params(("id" = i64, Path)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn delete_rule(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    if context.services.changes.remove_rule(super::number(&id)?).await? {
        Ok(Json(Done::deleted()))
    } else {
        Err(super::no_such_rule())
    }
}
