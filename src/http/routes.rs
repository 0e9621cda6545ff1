//! The route table: every path and method, who may use it, on which listeners, and how often.
//!
//! Routers are built from this table and from nothing else, and the guard lets nothing pass that has no rule
//! here, so no route can be without one. Paths under `/api/` answer under `/api/v1/` too.

use super::context::Context;
use super::guard;
use super::player;
use super::{auth, catalogue, changes, guide, keys, on_air, openapi, providers, system};
use crate::wire::Role;
use axum::Router;
use axum::handler::Handler;
use axum::middleware;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{HeaderValue, Method};
use std::collections::HashMap;
use std::sync::Arc;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Identities of at least that role. The panel's token is none.
    AtLeast(Role),
}

/// Which limit counts, beside the hourly one of `/api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Only the hourly one.
    Usual,
    /// The one of starts, stops and creations of streams.
    Control,
    /// None at all.
    Off,
}

/// Which listener has a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// The API listener and the admin socket.
    Api,
    /// Those, and the public listener.
    Everyone,
}

/// What the table says of one method of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Who.
    pub access: Access,
    /// Where.
    pub audience: Audience,
    /// How often.
    pub rate: Rate,
}

/// A row of the table.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) rule: Rule,
    handler: MethodRouter<Context>,
}

impl Route {
    fn new<H, T>(method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Context>,
        T: 'static,
    {
        let filter = match method {
            Method::POST => MethodFilter::POST,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let rule = Rule { access, audience: Audience::Api, rate: Rate::Usual };
        Self { method, path, rule, handler: on(filter, handler) }
    }

    fn public(mut self) -> Self {
        self.rule.audience = Audience::Everyone;
        self
    }

    fn control(mut self) -> Self {
        self.rule.rate = Rate::Control;
        self
    }
}

fn get<H: Handler<T, Context>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route::new(Method::GET, path, access, handler)
}

fn post<H: Handler<T, Context>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route::new(Method::POST, path, access, handler)
}

fn put<H: Handler<T, Context>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route::new(Method::PUT, path, access, handler)
}

fn delete<H: Handler<T, Context>, T: 'static>(path: &'static str, access: Access, handler: H) -> Route {
    Route::new(Method::DELETE, path, access, handler)
}

/// The table.
pub(super) fn table() -> Vec<Route> {
    let open = Access::Open;
    let user = Access::AtLeast(Role::User);
    let moderator = Access::AtLeast(Role::Moderator);
    let admin = Access::AtLeast(Role::Admin);
    vec![
        // The player page.
        get("/", open, player::page::page).public(),
        get("/watch", open, player::page::redirect).public(),
        get("/watch/", open, player::page::page).public(),
        get("/watch/events", open, player::events::events).public(),
        get("/assets/player/{*path}", open, player::assets::asset).public(),
        // On air.
        post("/start_stream", moderator, on_air::start::start).control(),
        post("/set_active_stream", moderator, on_air::start::start).control(),
        post("/stop_stream", moderator, on_air::stop::stop).control(),
        get("/stream_status", open, on_air::status::status).public(),
        get("/on-air.m3u", open, on_air::on_air_m3u::list).public(),
        // Links.
        post("/generate_link", user, on_air::generate_link::generate_link),
        post("/restream", user, on_air::generate_link::generate_link),
        get("/api/links", user, on_air::list_links::list_links),
        delete("/api/links/{id}", user, on_air::delete_link::delete_link),
        // Signing in.
        post("/api/auth/login", open, auth::login::login),
        post("/auth/login", open, auth::login::login),
        post("/token", open, auth::login::login),
        post("/api/auth/logout", user, auth::logout::logout),
        get("/api/me", user, auth::me::show),
        put("/api/me", user, auth::me::change),
        get("/api/keys", admin, keys::list::list),
        post("/api/keys", admin, keys::create::create),
        delete("/api/keys/{id}", admin, keys::delete::delete),
        // The catalogue.
        get("/channels", user, catalogue::list_channels::list_channels),
        get("/groups", user, catalogue::groups::groups),
        get("/categories", user, catalogue::groups::groups),
        get("/stats", user, catalogue::stats::stats),
        get("/status", user, catalogue::status::status),
        post("/refresh", admin, catalogue::refresh::refresh),
        post("/login", admin, catalogue::login::login),
        get("/api/catalogue/edits/{channel_id}", moderator, changes::show_edit::show_edit),
        put("/api/catalogue/edits/{channel_id}", admin, changes::edit::edit),
        delete("/api/catalogue/edits/{channel_id}", admin, changes::unedit::unedit),
        get("/api/catalogue/rules", moderator, changes::list_rules::list_rules),
        post("/api/catalogue/rules", admin, changes::add_rule::add_rule),
        post("/api/catalogue/rules/preview", admin, changes::preview_rule::preview_rule),
        put("/api/catalogue/rules/{id}", admin, changes::change_rule::change_rule),
        delete("/api/catalogue/rules/{id}", admin, changes::delete_rule::delete_rule),
        // Providers.
        get("/api/providers", moderator, providers::list::list),
        post("/api/providers", admin, providers::create::create),
        get("/api/providers/{id}", moderator, providers::show::show),
        delete("/api/providers/{id}", admin, providers::delete::delete),
        post("/api/providers/{id}/refresh", admin, providers::refresh::refresh),
        // The programme guide.
        get("/api/guide", user, guide::schedule::schedule),
        get("/api/guide/now", user, guide::now::now),
        get("/api/guide/search", user, guide::search::search),
        get("/api/guide/sources", moderator, guide::list_sources::list),
        post("/api/guide/sources", admin, guide::add_source::add),
        put("/api/guide/sources/{id}", admin, guide::change_source::change),
        delete("/api/guide/sources/{id}", admin, guide::remove_source::remove),
        post("/api/guide/sources/{id}/refresh", admin, guide::refresh_source::refresh),
        get("/api/guide/matches", user, guide::list_matches::list),
        put("/api/guide/matches/{channel_id}", admin, guide::set_match::set),
        delete("/api/guide/matches/{channel_id}", admin, guide::clear_match::clear),
        get("/epg.xml", open, guide::epg_xml::epg_xml).public(),
        // The service.
        get("/health", open, system::health::health).public(),
        get("/api/feeds", moderator, system::feeds::feeds),
        get("/api/system/version", user, system::version::version),
        post("/api/admin/password", admin, system::admin_password::set),
        get("/api/openapi.json", open, openapi::document),
    ]
}

/// The rules of one router, by method and pattern.
pub(super) struct Rules(HashMap<&'static str, Vec<(Method, Rule)>>);

impl Rules {
    fn of(routes: &[Route]) -> Self {
        let mut rules: HashMap<_, Vec<_>> = HashMap::new();
        for route in routes {
            rules.entry(route.path).or_default().push((route.method.clone(), route.rule));
        }
        Self(rules)
    }

    fn methods(&self, pattern: &str) -> Option<&[(Method, Rule)]> {
        if let Some(rest) = pattern.strip_prefix("/api/v1/") {
            return self.0.get(format!("/api/{rest}").as_str()).map(Vec::as_slice);
        }
        self.0.get(pattern).map(Vec::as_slice)
    }

    /// The rule of a method; `HEAD` is judged as `GET`.
    pub(super) fn find(&self, method: &Method, pattern: &str) -> Option<Rule> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.methods(pattern)?.iter().find(|(known, _)| known == method).map(|(_, rule)| *rule)
    }

    /// The `Allow` header of a path; `None`: there is no such path.
    pub(super) fn allowed(&self, pattern: &str) -> Option<HeaderValue> {
        let mut names: Vec<&str> = self.methods(pattern)?.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        HeaderValue::from_str(&names.join(", ")).ok()
    }
}

/// The API listener's and the admin socket's router: everything.
pub fn api(context: &Context) -> Router {
    build(context, Audience::Api)
}

/// The public listener's router: only what a stranger may reach; anything else is 404.
pub fn public(context: &Context) -> Router {
    build(context, Audience::Everyone)
}

fn build(context: &Context, audience: Audience) -> Router {
    let routes: Vec<Route> = table().into_iter().filter(|route| route.rule.audience >= audience).collect();
    let rules = Arc::new(Rules::of(&routes));
    let mut router = Router::new();
    for route in routes {
        if let Some(rest) = route.path.strip_prefix("/api/") {
            router = router.route(&format!("/api/v1/{rest}"), route.handler.clone());
        }
        router = router.route(route.path, route.handler);
    }
    router
        .layer(middleware::from_fn_with_state((context.clone(), rules), guard::guard))
        .fallback(guard::no_such_route)
        .layer(middleware::map_response(guard::finish))
        .with_state(context.clone())
}
