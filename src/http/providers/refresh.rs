//! `POST /api/providers/{id}/refresh`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Query, Segment};
use crate::wire::ErrorBody;
use crate::wire::catalogue::RefreshScheduled;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Schedules a refresh of one provider and returns at once. `force`: its list is taken over also where over half of the
/// channels are gone, as its `alert` says.
#[utoipa::path(post, path = "/api/providers/{id}/refresh", tag = "providers", params(("id" = String, Path),
        ("force" = Option<bool>, Query)),
    responses((status = 202, body = RefreshScheduled), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn refresh(
    State(context): State<Context>,
    Segment(id): Segment,
    Query(mut query): Query,
) -> Result<(StatusCode, Json<RefreshScheduled>), ApiError> {
    let force = query.flag("force").unwrap_or(false);
    query.finish()?;
    let scheduled = context.services.providers.refresh(&id, force).await?.ok_or_else(super::unknown)?;
    Ok((StatusCode::ACCEPTED, Json(scheduled)))
}
