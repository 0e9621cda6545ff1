//! `POST /api/admin/password`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::system::{AdminPasswordAnswer, AdminPasswordRequest};
use axum::Json;
use axum::extract::State;

/// Sets the first administrator's password, or makes one and shows it, this once.
#[utoipa::path(post, path = "/api/admin/password", tag = "system", request_body = AdminPasswordRequest,
    responses((status = 200, body = AdminPasswordAnswer), (status = 403, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn set(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<Json<AdminPasswordAnswer>, ApiError> {
    let password = fields.secret("password");
    fields.finish()?;
    Ok(Json(context.services.sign_in.set_admin_password(password).await?))
}
