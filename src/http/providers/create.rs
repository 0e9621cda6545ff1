//! `POST /api/providers`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::catalogue::{NewProvider, ProviderAccess};
use crate::wire::providers::{ProviderCreated, ProviderRequest};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

/// Adds a provider and schedules its first refresh.
#[utoipa::path(post, path = "/api/providers", tag = "providers", request_body = ProviderRequest,
    responses((status = 201, body = ProviderCreated), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn create(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<(StatusCode, Json<ProviderCreated>), ApiError> {
    let provider = read(&mut fields)?;
    let provider = context.services.providers.create(provider).await?;
    Ok((StatusCode::CREATED, Json(ProviderCreated { status: "created".into(), provider })))
}

fn read(fields: &mut Fields) -> Result<NewProvider, ApiError> {
    let name = fields.required_text("name").trim().to_owned();
    if name.chars().count() > 64 {
        fields.wrong("name", "must have 64 characters at most");
    }
    let access = if fields.has("access") {
        fields.object("access").and_then(|mut inner| {
            let access = access(&mut inner);
            fields.absorb(inner);
            access
        })
    } else {
        access(fields)
    };
    let user_agent = fields.text("user_agent");
    let headers = fields.pairs("headers");
    let verify_tls = fields.flag("verify_tls").unwrap_or(true);
    let max_connections = fields.whole("max_connections", 0..=u64::from(u32::MAX));
    let refresh_interval = fields.whole("refresh_interval", 0..=u64::MAX);
    let enabled = fields.flag("enabled").unwrap_or(true);
    let access = fields.checked("kind", access)?;
    Ok(NewProvider {
        name,
        access,
        user_agent,
        headers,
        verify_tls,
        max_connections: max_connections.and_then(|most| u32::try_from(most).ok()),
        refresh_interval,
        enabled,
    })
}

/// `url` is what both kinds call their address here; the catalogue's own words are understood too.
fn access(fields: &mut Fields) -> Option<ProviderAccess> {
    match fields.required_text("kind").as_str() {
        "xtream" => Some(ProviderAccess::Xtream {
            host: address(fields, "host"),
            username: fields.required_text("username"),
            password: fields.required_text("password"),
        }),
        "m3u" => Some(ProviderAccess::M3u { location: address(fields, "location") }),
        _ => {
            fields.wrong("kind", "must be xtream or m3u");
            None
        }
    }
}

fn address(fields: &mut Fields, own_word: &str) -> String {
    let name = if fields.has(own_word) { own_word } else { "url" };
    fields.required_text(name)
}
