//! `POST /api/auth/login`, `/auth/login`, `/token`.

use crate::http::context::{Client, Context};
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::sign_in::{LoginAnswer, LoginRequest};
use axum::Json;
use axum::extract::State;

/// Signs in with a name and a password, as JSON or as an OAuth2 password form.
#[utoipa::path(post, path = "/api/auth/login", tag = "signing in", security(()),
    request_body(content((LoginRequest = "application/json"), (LoginRequest = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = LoginAnswer), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub(in crate::http) async fn login(
    State(context): State<Context>,
    client: Client,
    mut fields: Fields,
) -> Result<Json<LoginAnswer>, ApiError> {
    let username = fields.required_text("username");
    let password = fields.required_secret("password");
    fields.finish()?;
    Ok(Json(context.services.sign_in.login(&username, &password, client.ip).await?))
}
