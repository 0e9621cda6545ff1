//! The routers over real sockets, on services that keep their state in memory.

mod changes;
mod doubles;
mod events;
mod failures;
mod guide;
mod guide_double;
mod identities;
mod listeners;
mod on_air;
mod openapi;
mod rate_limits;
mod sign_in;

use super::context::{Client, Context, Options};
use super::local::LocalAdmins;
use super::player::assets::Assets;
use super::rates::Rates;
use super::routes;
use super::server::{Limits, Service};
use super::testing::{Running, run};
use doubles::World;
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What `net` does, as far as these tests look at it.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Client {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let proxied = trusted.iter().any(|net| net.contains(&peer));
    let believed = |name: &str| text(name).filter(|_| proxied);
    Client {
        ip: believed("x-real-ip").and_then(|ip| ip.parse().ok()).unwrap_or(peer),
        https: believed("x-forwarded-proto").is_some_and(|proto| proto == "https"),
        host: believed("x-forwarded-host").or_else(|| text("host")),
        country: None,
    }
}

fn options() -> Options {
    Options {
        panel_token: Some("panel-token".into()),
        trusted_proxies: vec!["127.0.0.0/8".parse().expect("net")],
        client_address,
        public_url: None,
        own_url: "http://127.0.0.1:8003".into(),
        rates: Rates { authenticated_per_hour: 0, unauthenticated_per_hour: 0, control_per_minute: 0 },
        body: 256 << 10,
        link_hours: 24,
        frame_ancestors: "'self'".into(),
        local: LocalAdmins::default(),
    }
}

/// A world with a server for each listener.
struct House {
    world: Arc<World>,
    api: Running,
    public: Running,
}

async fn house(options: Options) -> House {
    let world = Arc::new(World::new());
    let shutdown = CancellationToken::new();
    let page = Assets::of([
        ("index.html".to_owned(), "<!doctype html><title>relais</title>".into()),
        ("player.js".to_owned(), "export {};".into()),
    ]);
    let context = Context::with_page(world.services(), options, shutdown.clone(), page);
    let api = run(Service::new(routes::api(&context)), Limits::default()).await;
    let public = run(Service::new(routes::public(&context)), Limits::default()).await;
    // One token stops the listeners and the endless answers, as in the service.
    let (a, b) = (api.shutdown.clone(), public.shutdown.clone());
    tokio::spawn(async move {
        tokio::select! { () = a.cancelled() => {} () = b.cancelled() => {} }
        shutdown.cancel();
    });
    House { world, api, public }
}

const ADMIN: (&str, &str) = ("Authorization", "Bearer admin-jwt");
const MODERATOR: (&str, &str) = ("Authorization", "Bearer moderator-jwt");
const USER: (&str, &str) = ("Authorization", "Bearer user-jwt");
