//! `POST /api/providers/{id}/refresh`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::catalogue::RefreshScheduled;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Schedules a refresh of one provider and returns at once.
#[utoipa::path(post, path = "/api/providers/{id}/refresh", tag = "providers", params(("id" = String, Path)),
    responses((status = 202, body = RefreshScheduled), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn refresh(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<(StatusCode, Json<RefreshScheduled>), ApiError> {
    let scheduled = context.services.providers.refresh(&id, false).await?.ok_or_else(super::unknown)?;
    Ok((StatusCode::ACCEPTED, Json(scheduled)))
}
