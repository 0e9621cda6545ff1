//! The listeners: bound early, served late.

use super::book::Catalogue;
use super::media::MediaSide;
use super::services;
use super::state::State;
use crate::config::Config;
use crate::guide::Guide;
use crate::http::admin_socket::{self, AdminSocket};
use crate::http::context::Client;
use crate::http::local::LocalAdmins;
use crate::http::{self, Context, Limits, Listener, Rates, Service};
use crate::net::{self, Scheme};
use crate::ops::systemd::Inherited;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Bound, and not served yet.
pub(super) struct Bound {
    api: Option<Listener>,
    public: Option<Listener>,
    admin: Option<Listener>,
    admin_file: Option<AdminSocket>,
    local: LocalAdmins,
}

/// Where they listen, for whoever asked for port 0.
const ANNOUNCEMENT: &str = "listeners.json";

pub(super) fn bind(config: &Config, inherited: Inherited) -> anyhow::Result<Bound> {
    let tcp =
        |given: Option<std::net::TcpListener>, address: Option<SocketAddr>, purpose| match (given, address) {
            (Some(given), _) => Ok(Some(Listener::Tcp(TcpListener::from_std(given)?))),
            (None, Some(address)) => Ok(Some(http::bind::tcp(address, purpose)?)),
            (None, None) => anyhow::Ok(None),
        };
    let local = LocalAdmins::of_this_machine();
    let api = tcp(inherited.api, config.listen.api, "api")?;
    let public = tcp(inherited.public, config.listen.public, "public")?;
    let (admin, admin_file) = match (inherited.admin, &config.listen.admin_socket) {
        (Some(given), _) => (Some(Listener::Unix(UnixListener::from_std(given)?)), None),
        (None, Some(path)) => {
            let (listener, file) = admin_socket::bind(path, local.group())?;
            (Some(listener), Some(file))
        }
        (None, None) => (None, None),
    };
    Ok(Bound { api, public, admin, admin_file, local })
}

impl Bound {
    pub(super) fn api_address(&self) -> Option<SocketAddr> {
        self.api.as_ref().and_then(Listener::tcp_address)
    }

    pub(super) fn public_address(&self) -> Option<SocketAddr> {
        self.public.as_ref().and_then(Listener::tcp_address)
    }

    /// Writes where it listens into the run directory.
    pub(super) fn announce(&self, config: &Config) -> anyhow::Result<()> {
        let path = config.run_dir.join(ANNOUNCEMENT);
        let text = serde_json::json!({
            "api": self.api_address(),
            "public": self.public_address(),
            "admin_socket": config.listen.admin_socket,
        });
        // Whoever waits for the file must not read half of it.
        let unfinished = path.with_extension("new");
        std::fs::write(&unfinished, text.to_string())
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .with_context(|| format!("can't write {}", path.display()))
    }
}

/// Serves until `stop`; the future ends when all connections are gone.
pub(super) fn serve(
    config: &Config,
    bound: Bound,
    state: &State,
    catalogue: &Catalogue,
    guide: &Arc<Guide>,
    media: &MediaSide,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let services = services::build(config, state, catalogue, guide, media);
    let own_url = match bound.public_address().or(bound.api_address()) {
        Some(address) => format!("http://127.0.0.1:{}", address.port()),
        None => "http://127.0.0.1".to_owned(),
    };
    let options = http::Options {
        panel_token: config.secrets.panel_token.as_ref().map(|token| token.expose().into()),
        trusted_proxies: config.proxy.trusted.clone(),
        client_address: client,
        public_url: config.public_url.clone(),
        own_url,
        rates: Rates {
            authenticated_per_hour: config.limits.requests_per_hour,
            unauthenticated_per_hour: config.limits.anonymous_per_hour,
            control_per_minute: config.limits.controls_per_minute,
        },
        body: usize::try_from(config.limits.body).unwrap_or(usize::MAX),
        link_hours: config.access.link_hours,
        frame_ancestors: "'self'".to_owned(),
        local: bound.local.clone(),
    };
    let context = Context::new(services, options, stop.clone());
    let limits = Limits {
        connections: config.limits.connections as usize,
        trusted: config.proxy.trusted.clone(),
        ..Limits::default()
    };
    let service = Arc::new(media.service.clone());
    let api = Service::new(http::routes::api(&context)).with_media(service.clone());
    let public = Service::new(http::routes::public(&context)).with_media(service);
    let tasks = TaskTracker::new();
    let listeners = [(bound.api, &api), (bound.public, &public), (bound.admin, &api)];
    for (listener, service) in listeners {
        if let Some(listener) = listener {
            tasks.spawn(http::serve(listener, service.clone(), stop.clone(), limits.clone()));
        }
    }
    tasks.close();
    let file = bound.admin_file;
    async move {
        tasks.wait().await;
        drop(file);
    }
}

fn client(peer: std::net::IpAddr, headers: &::http::HeaderMap, trusted: &[ipnet::IpNet]) -> Client {
    let found = net::client_address(peer, headers, trusted);
    Client { ip: found.ip, https: found.scheme == Scheme::Https, host: found.host, country: found.country }
}
