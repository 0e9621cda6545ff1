//! `POST /api/guide/sources/{id}/refresh`.

use super::unknown_source;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Segment};
use crate::wire::ErrorBody;
use crate::wire::catalogue::RefreshScheduled;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Schedules a reading of one source and returns at once. With `{"force": true}` what comes is taken over also where it
/// is empty, cut, or less than half of what there was.
#[utoipa::path(post, path = "/api/guide/sources/{id}/refresh", tag = "guide", params(("id" = String, Path)),
    responses((status = 202, body = RefreshScheduled), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn refresh(
    State(context): State<Context>,
    Segment(id): Segment,
    mut fields: Fields,
) -> Result<(StatusCode, Json<RefreshScheduled>), ApiError> {
    let force = fields.flag("force").unwrap_or(false);
    fields.finish()?;
    let scheduled = context.services.guide.refresh(&id, force).await?.ok_or_else(unknown_source)?;
    Ok((StatusCode::ACCEPTED, Json(scheduled)))
}
