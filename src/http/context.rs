//! What all handlers of one server share.

use super::local::LocalAdmins;
use super::player::assets::Assets;
use super::rates::{RateLimiter, Rates};
use super::services::Services;
use crate::wire::Secret;
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// The viewer or caller, as far as trustworthy hands say; see `net`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its own address, behind trusted proxies too.
    pub ip: IpAddr,
    /// Whether it speaks TLS to the outermost proxy.
    pub https: bool,
    /// Host and port it asked for.
    pub host: Option<String>,
    /// ISO 3166, from a trusted proxy.
    pub country: Option<String>,
}

/// Finds the caller from the socket's peer, the headers and the trusted proxies.
pub type ClientAddress = fn(IpAddr, &HeaderMap, &[IpNet]) -> Client;

/// How the routers behave.
#[derive(Debug, Clone)]
pub struct Options {
    /// The panel's token.
    pub panel_token: Option<Secret>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How the caller is found.
    pub client_address: ClientAddress,
    /// The base of URLs handed out, without a slash at its end; `None`: from the request.
    pub public_url: Option<String>,
    /// The base where the request has no usable host (the admin socket): `http://127.0.0.1:8003`.
    pub own_url: String,
    /// Requests an identity or an address may make.
    pub rates: Rates,
    /// The largest request body, in bytes.
    pub body: usize,
    /// Hours that a link works where the request does not say.
    pub link_hours: u32,
    /// Content-Security-Policy `frame-ancestors` of the player page.
    pub frame_ancestors: String,
    /// Whom the admin socket knows.
    pub local: LocalAdmins,
}

/// What all handlers share. Cloning is cheap.
#[derive(Clone)]
pub struct Context(Arc<Shared>);

/// The shared part.
pub struct Shared {
    /// What is done.
    pub services: Services,
    /// How.
    pub options: Options,
    /// Cancelled when the service stops: endless answers end then.
    pub shutdown: CancellationToken,
    pub(super) limiter: RateLimiter,
    pub(super) assets: Assets,
    pub(super) started: Instant,
}

impl Context {
    /// Shares these among the routers of all listeners, so that a rate limit counts once.
    pub fn new(services: Services, options: Options, shutdown: CancellationToken) -> Self {
        Self::with_page(services, options, shutdown, Assets::embedded())
    }

    pub(super) fn with_page(
        services: Services,
        options: Options,
        shutdown: CancellationToken,
        assets: Assets,
    ) -> Self {
        let limiter = RateLimiter::new(options.rates);
        Self(Arc::new(Shared { services, options, shutdown, limiter, assets, started: Instant::now() }))
    }

    /// The base of URLs handed out to that caller, without a slash at its end.
    pub fn base_url(&self, client: &Client, local: bool) -> String {
        if let Some(url) = &self.options.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        match &client.host {
            Some(host) if !local => {
                let scheme = if client.https { "https" } else { "http" };
                format!("{scheme}://{host}")
            }
            _ => self.options.own_url.trim_end_matches('/').to_owned(),
        }
    }
}

impl Deref for Context {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
