//! `POST /api/guide/sources`.

use super::source;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::guide::{SourceDone, SourceRequest};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Adds a source and schedules its first reading.
#[utoipa::path(post, path = "/api/guide/sources", tag = "guide", request_body = SourceRequest,
    responses((status = 201, body = SourceDone), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn add(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<SourceDone>), ApiError> {
    let mut request = source(&mut fields);
    for (name, value) in [("name", &request.name), ("url", &request.url)] {
        if value.as_ref().is_none_or(|value| value.trim().is_empty()) {
            fields.wrong(name, "is missing");
        }
    }
    fields.finish()?;
    request.enabled = request.enabled.or(Some(true));
    let source = context.services.guide.add(request).await?;
    Ok((StatusCode::CREATED, Json(SourceDone { status: "created".into(), source })))
}
