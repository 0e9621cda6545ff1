//! `POST /login`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::providers::{ProviderLogin, ProviderLoginAnswer};
use axum::Json;
use axum::extract::State;

/// Takes a provider's Xtream credentials, for this process only, and checks them at the provider.
#[utoipa::path(post, path = "/login", tag = "catalogue", request_body = ProviderLogin,
    responses((status = 200, body = ProviderLoginAnswer), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn login(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<Json<ProviderLoginAnswer>, ApiError> {
    let host = fields.required_secret("host");
    let username = fields.required_secret("username");
    let password = fields.required_secret("password");
    fields.finish()?;
    let verified = context.services.catalogue.login(ProviderLogin { host, username, password }).await?;
    let message = match verified {
        true => "The provider accepts these credentials",
        false => "Taken unchecked: the provider can't be reached now",
    };
    Ok(Json(ProviderLoginAnswer { status: "success".into(), message: message.into(), verified }))
}
