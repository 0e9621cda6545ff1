//! The outbound HTTP client: one pool for each combination of certificate check and address guard.
//!
//! The guard sits in the resolver that the connector itself uses, so that the address which was checked is the
//! one that is connected to (no second look-up for an attacker's DNS to answer differently), and guarded
//! requests never reuse a connection that an unguarded one opened.

use super::dns::{DnsError, Resolver};
use super::fetch::{FetchError, Fetched, Get, causes};
use super::guard::is_public;
use super::{mask, redirect, tls};
use crate::wire::Reason;
use base64::Engine;
use http::StatusCode;
use http::header::{
    ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, USER_AGENT,
};
use std::collections::HashSet;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// How the client behaves for all requests.
#[derive(Debug, Clone)]
pub struct OutboundOptions {
    /// Name look-up, TCP and TLS together.
    pub connect_timeout: Duration,
    /// `User-Agent` where a request has none.
    pub user_agent: String,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("relais/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// TLS set-up.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// HTTP set-up.
    #[error("the HTTP client can't be set up: {0}")]
    Client(#[from] reqwest::Error),
}

/// Outbound HTTP. Cheap to clone; one pool.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    /// Indexed by certificate check and guard: see [`Inner::client`].
    clients: [reqwest::Client; 4],
    resolver: Resolver,
    options: OutboundOptions,
}

impl Inner {
    fn client(&self, verify_tls: bool, guarded: bool) -> &reqwest::Client {
        let [plain, plain_guarded, lax, lax_guarded] = &self.clients;
        match (verify_tls, guarded) {
            (true, false) => plain,
            (true, true) => plain_guarded,
            (false, false) => lax,
            (false, true) => lax_guarded,
        }
    }
}

impl Outbound {
    /// A client that reads the system's resolver files.
    pub fn new(options: OutboundOptions) -> Result<Self, NetError> {
        Self::with_resolver(options, Resolver::default())
    }

    /// A client with a resolver of the caller's.
    pub fn with_resolver(options: OutboundOptions, resolver: Resolver) -> Result<Self, NetError> {
        let (strict, lax) = (tls::client_config(true)?, tls::client_config(false)?);
        let build = |tls: &rustls::ClientConfig, public_only: bool| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .dns_resolver(Guarded { resolver: resolver.clone(), public_only })
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would make every look-up and check of ours void.
                .no_proxy()
                .referer(false)
                .connect_timeout(options.connect_timeout)
                .pool_idle_timeout(Duration::from_secs(15))
                .pool_max_idle_per_host(4)
                .tcp_keepalive(Duration::from_secs(30))
                .http1_only()
                .http1_allow_obsolete_multiline_headers_in_responses(true)
                .http1_allow_spaces_after_header_name_in_responses(true)
                .http1_ignore_invalid_headers_in_responses(true)
                .build()
        };
        let clients =
            [build(&strict, false)?, build(&strict, true)?, build(&lax, false)?, build(&lax, true)?];
        Ok(Self(Arc::new(Inner { clients, resolver, options })))
    }

    /// The resolver that this client uses.
    pub fn resolver(&self) -> &Resolver {
        &self.0.resolver
    }

    /// Fetches, following redirects; returns with the head of a 2xx answer, or of 304 where the request asked for
    /// changes only. Other statuses are errors with their reason.
    pub async fn get(&self, request: &Get) -> Result<Fetched, FetchError> {
        let mut url = parse(&request.url)?;
        let mut headers = self.headers(request, &mut url)?;
        let mut guarded = request.public_only;
        let mut seen = HashSet::new();
        for hop in 0..=request.max_redirects {
            let refused = if hop == 0 { Reason::Unsupported } else { Reason::Redirect };
            if guarded && literal(&url).is_some_and(|ip| !is_public(ip)) {
                let detail = DnsError::Forbidden(url.host_str().unwrap_or("").to_owned()).to_string();
                return Err(FetchError::new(refused, detail));
            }
            if !seen.insert(url.clone()) {
                let detail = format!("{} redirects in a loop", url.host_str().unwrap_or(""));
                return Err(FetchError::new(Reason::Redirect, detail));
            }
            let sent =
                self.0.client(request.verify_tls, guarded).get(url.clone()).headers(headers.clone()).send();
            let response = match tokio::time::timeout(request.header_timeout, sent).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(self.failure(&error, &url, refused)),
                Err(_) => {
                    let (host, seconds) =
                        (url.host_str().unwrap_or(""), request.header_timeout.as_secs_f32());
                    return Err(FetchError::new(
                        Reason::Network,
                        format!("{host} did not answer within {seconds} s"),
                    ));
                }
            };
            let status = response.status();
            if status.is_success() || (status == StatusCode::NOT_MODIFIED && is_conditional(&headers)) {
                return Ok(Fetched {
                    status: status.as_u16(),
                    url: url.into(),
                    headers: response.headers().clone(),
                    response,
                    idle_timeout: request.idle_timeout,
                });
            }
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let host = url.host_str().unwrap_or("");
                return Err(FetchError::status(status.as_u16(), host, response.headers()));
            }
            let to = redirect::target(&url, status.as_u16(), response.headers())
                .map_err(|detail| FetchError::new(Reason::Redirect, detail))?;
            guarded = guarded || sent_from_outside(response.remote_addr());
            if !redirect::keeps_credentials(&url, &to) {
                headers = without_credentials(&headers);
            }
            url = to;
            if let Some(basic) = take_basic(&mut url) {
                headers.insert(AUTHORIZATION, basic);
            }
        }
        let detail =
            format!("{} redirects more than {} times", mask::url(&request.url), request.max_redirects);
        Err(FetchError::new(Reason::Redirect, detail))
    }

    fn headers(&self, request: &Get, url: &mut Url) -> Result<HeaderMap, FetchError> {
        let bad = |name: &str| {
            FetchError::new(Reason::Unsupported, format!("the request header {name} is not valid"))
        };
        let agent = request.user_agent.as_deref().unwrap_or(&self.0.options.user_agent);
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_str(agent).map_err(|_| bad("User-Agent"))?);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(basic) = take_basic(url) {
            headers.insert(AUTHORIZATION, basic);
        }
        for (name, value) in &request.headers {
            let key = HeaderName::try_from(name.trim()).map_err(|_| bad(name))?;
            headers.insert(key, HeaderValue::from_str(value.trim()).map_err(|_| bad(name))?);
        }
        Ok(headers)
    }

    fn failure(&self, error: &reqwest::Error, url: &Url, refused: Reason) -> FetchError {
        let host = url.host_str().unwrap_or("");
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(dns) = cause.downcast_ref::<DnsError>() {
                let reason = if matches!(dns, DnsError::Forbidden(_)) { refused } else { Reason::Network };
                return FetchError::new(reason, dns.to_string());
            }
            source = cause.source();
        }
        let detail = if error.is_timeout() && error.is_connect() {
            format!("{host} can't be reached within {} s", self.0.options.connect_timeout.as_secs_f32())
        } else if error.is_connect() {
            format!("{host} can't be reached: {}", causes(error))
        } else {
            format!("{host} gave no proper answer: {}", causes(error))
        };
        FetchError::new(Reason::Network, detail)
    }
}

fn parse(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text.trim()).map_err(|error| {
        FetchError::new(Reason::Unsupported, format!("the address is malformed: {error}"))
    })?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(FetchError::new(Reason::Unsupported, format!("{} addresses can't be fetched", url.scheme())))
    }
}

/// Whether the next hop must be guarded: this one was answered by a public address, or by nobody knows whom.
fn sent_from_outside(peer: Option<SocketAddr>) -> bool {
    peer.is_none_or(|peer| is_public(peer.ip()))
}

fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(ip.into()),
        Host::Ipv6(ip) => Some(ip.into()),
        Host::Domain(_) => None,
    }
}

fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MODIFIED_SINCE)
}

/// Moves user information out of the URL into a header value.
fn take_basic(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let pair = format!(
        "{}:{}",
        mask::percent_decode(url.username()),
        mask::percent_decode(url.password().unwrap_or(""))
    );
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
            .ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn without_credentials(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| !redirect::is_credential(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The connector's resolver.
struct Guarded {
    resolver: Resolver,
    public_only: bool,
}

impl reqwest::dns::Resolve for Guarded {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (resolver, public_only) = (self.resolver.clone(), self.public_only);
        Box::pin(async move {
            let addresses = resolver.resolve(name.as_str(), public_only).await?;
            let sockets: reqwest::dns::Addrs =
                Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(sockets)
        })
    }
}

#[cfg(test)]
mod tests;
