//! `PUT /api/guide/sources/{id}`.

use super::{source, unknown_source};
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Segment};
use crate::wire::ErrorBody;
use crate::wire::guide::{SourceDone, SourceRequest};
use axum::Json;
use axum::extract::State;

/// Changes what the body has of a source. One that would be read to something else is read anew.
#[utoipa::path(put, path = "/api/guide/sources/{id}", tag = "guide", params(("id" = String, Path)),
    request_body = SourceRequest,
    responses((status = 200, body = SourceDone), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn change(
    State(context): State<Context>,
    Segment(id): Segment,
    mut fields: Fields,
) -> Result<Json<SourceDone>, ApiError> {
    let request = source(&mut fields);
    fields.finish()?;
    let source = context.services.guide.change(&id, request).await?.ok_or_else(unknown_source)?;
    Ok(Json(SourceDone { status: "updated".into(), source }))
}
