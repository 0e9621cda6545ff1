//! `POST /api/auth/logout`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::principal::{Identity, Principal, credential};
use crate::wire::ErrorBody;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;

/// Revokes the JWT that the call shows. An API key is deleted, not signed out, so it is refused.
#[utoipa::path(post, path = "/api/auth/logout", tag = "signing in",
    responses((status = 200, body = Done), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn logout(
    State(context): State<Context>,
    who: Principal,
    headers: HeaderMap,
) -> Result<Json<Done>, ApiError> {
    match (who.identity, credential(&headers)) {
        (Identity::User(_), Some(token)) => context.services.sign_in.logout(&token).await?,
        _ => return Err(ApiError::forbidden("Only a session begun by signing in can be signed out")),
    }
    Ok(Json(Done::success()))
}
