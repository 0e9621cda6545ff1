//! `POST /api/providers/{id}/accept`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::catalogue::RefreshScheduled;
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Reads a provider's channels anew and takes them over also where over half of them are gone: what its `alert` says is
/// right.
#[utoipa::path(post, path = "/api/providers/{id}/accept", tag = "providers", params(("id" = String, Path)),
    responses((status = 202, body = RefreshScheduled), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn accept(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<(StatusCode, Json<RefreshScheduled>), ApiError> {
    let scheduled = context.services.providers.refresh(&id, true).await?.ok_or_else(super::unknown)?;
    Ok((StatusCode::ACCEPTED, Json(scheduled)))
}
