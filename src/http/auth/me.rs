//! `GET /api/me`, `PUT /api/me`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::guard::BaseUrl;
use crate::http::principal::Principal;
use crate::wire::ErrorBody;
use crate::wire::sign_in::{Me, MeChange};
use axum::Json;
use axum::extract::State;

/// Who is signed in: its profile, and a user's own token, URLs and limits.
#[utoipa::path(get, path = "/api/me", tag = "signing in",
    responses((status = 200, body = Me), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn show(
    State(context): State<Context>,
    who: Principal,
    BaseUrl(base): BaseUrl,
) -> Result<Json<Me>, ApiError> {
    Ok(Json(context.services.sign_in.me(&who, &base).await?))
}

/// Changes one's own email or password; only the fields that are there; a null email clears it.
#[utoipa::path(put, path = "/api/me", tag = "signing in", request_body = MeChange,
    responses((status = 200, body = Me), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn change(
    State(context): State<Context>,
    who: Principal,
    BaseUrl(base): BaseUrl,
    mut fields: Fields,
) -> Result<Json<Me>, ApiError> {
    let email = fields.has("email").then(|| fields.text("email"));
    if email.iter().flatten().any(|email| email.len() > 254 || email.chars().any(char::is_control)) {
        fields.wrong("email", "must be an address of 254 characters at most");
    }
    let password = fields.secret("password");
    fields.finish()?;
    context.services.sign_in.change_me(&who, MeChange { email, password }).await?;
    Ok(Json(context.services.sign_in.me(&who, &base).await?))
}
