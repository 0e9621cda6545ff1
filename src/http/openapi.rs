//! `GET /api/openapi.json`: the whole API.

use super::{auth, catalogue, changes, guide, keys, on_air, player, providers, system};
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
        changes::show_edit::show_edit, changes::edit::edit, changes::unedit::unedit,
        changes::list_rules::list_rules, changes::add_rule::add_rule, changes::change_rule::change_rule,
        changes::delete_rule::delete_rule, changes::preview_rule::preview_rule,
        guide::schedule::schedule, guide::now::now, guide::search::search, guide::list_sources::list,
        guide::add_source::add, guide::change_source::change, guide::remove_source::remove,
        guide::refresh_source::refresh, guide::list_matches::list, guide::set_match::set, guide::clear_match::clear,
        guide::epg_xml::epg_xml,
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
                api.paths.paths.insert(alias.to_owned(), item);
            }
        }
        for (path, item) in &mut api.paths.paths {
            let operations = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    operation.operation_id = Some(operation_id(method, path));
                }
            }
        }
    }
}

/// Client generators make function names of these, so they must be distinct: `get_api_keys`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut id = words.fold(method.to_owned(), |id, word| format!("{id}_{word}"));
    // `/watch/` is another path than `/watch`.
    if path.ends_with('/') {
        id.push_str("_page");
    }
    id
}

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| Api::openapi().to_json().unwrap_or_default().into());

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "system", security(()), responses((status = 200)))]
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}
