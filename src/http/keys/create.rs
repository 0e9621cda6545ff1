//! `POST /api/keys`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::sign_in::{KeyCreated, KeyRequest};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Makes an API key and shows it, this once.
#[utoipa::path(post, path = "/api/keys", tag = "signing in", request_body = KeyRequest,
    responses((status = 201, body = KeyCreated), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn create(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<KeyCreated>), ApiError> {
    let name = fields.required_text("name");
    if name.chars().count() > 64 {
        fields.wrong("name", "must have 64 characters at most");
    }
    let role = fields.required_role("role");
    let expires_at = fields.time("expires_at");
    if expires_at.is_some_and(|at| at <= jiff::Timestamp::now()) {
        fields.wrong("expires_at", "must be in the future");
    }
    let role = fields.checked("role", role)?;
    let made = context.services.keys.create(KeyRequest { name, role, expires_at }).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
