//! `GET /api/openapi.json`: the whole API.

use super::{auth, catalogue, keys, on_air, player, providers, system};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use std::sync::LazyLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(title = "relais", description = "A television headend for one small box. Every path under /api answers \
        the same under /api/v1. Every status of 400 and more has the error body."),
    paths(
        player::page::page, player::page::redirect, player::events::events, player::assets::asset,
        on_air::start::start, on_air::stop::stop, on_air::status::status, on_air::on_air_m3u::list,
        on_air::generate_link::generate_link, on_air::list_links::list_links, on_air::delete_link::delete_link,
        auth::login::login, auth::logout::logout, auth::me::show, auth::me::change,
        keys::list::list, keys::create::create, keys::delete::delete,
        catalogue::list_channels::list_channels, catalogue::groups::groups, catalogue::stats::stats,
        catalogue::status::status, catalogue::refresh::refresh, catalogue::login::login,
        providers::list::list, providers::create::create, providers::show::show, providers::delete::delete,
        providers::refresh::refresh,
        system::health::health, system::feeds::feeds, system::version::version, system::admin_password::set,
        document,
    ),
    security(("bearer" = []), ("api_key" = [])),
    modifiers(&Finish),
)]
struct Api;

/// Paths that answer as another one does.
const ALIASES: [(&str, &str); 6] = [
    ("/", "/watch/"),
    ("/set_active_stream", "/start_stream"),
    ("/restream", "/generate_link"),
    ("/auth/login", "/api/auth/login"),
    ("/token", "/api/auth/login"),
    ("/categories", "/groups"),
];

struct Finish;

impl Modify for Finish {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let key = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(key));
        for (alias, of) in ALIASES {
            if let Some(item) = api.paths.paths.get(of).cloned() {
                api.paths.paths.insert(alias.to_owned(), renamed(item, alias));
            }
        }
    }
}

/// Operation ids are unique in a document.
fn renamed(mut item: utoipa::openapi::PathItem, alias: &str) -> utoipa::openapi::PathItem {
    let suffix = alias.trim_matches('/').replace('/', "_");
    for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
        operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_as_{suffix}"));
    }
    item
}

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Api::openapi().to_json().unwrap_or_default().into());

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system", security(()), responses((status = 200)))]
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}
