//! The one place where requests are judged before a handler runs: rule, identity, role, rate.

use super::context::{Client, Context};
use super::error::ApiError;
use super::principal::{self, Identity};
use super::rates::{Counted, Standing};
use super::routes::{Access, Rate, Rules};
use super::server::Peer;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use std::sync::Arc;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const TOO_MANY: &str = "Too many requests; try again later";
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Judges one request, then lets its handler answer.
pub(super) async fn guard(
    State((context, rules)): State<(Context, Arc<Rules>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut standing = None;
    let answer = match judge(&context, &rules, &mut request, &mut standing).await {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    with_standing(answer, standing)
}

/// What no route is for; under `/api/` it counts like anything else that an unknown asks.
pub(super) async fn no_such_route(State(context): State<Context>, request: Request) -> Response {
    let peer = request.extensions().get::<Peer>().copied().filter(|peer| !matches!(peer, Peer::Unix { .. }));
    let standing = peer.filter(|_| request.uri().path().starts_with("/api/")).and_then(|peer| {
        let options = &context.options;
        let client = (options.client_address)(peer.ip(), request.headers(), &options.trusted_proxies);
        context.limiter.count(Counted::Address(client.ip))
    });
    let error = match standing.and_then(|standing| standing.refused) {
        Some(seconds) => ApiError::rate_limited(TOO_MANY, seconds),
        None => ApiError::no_such_route(),
    };
    with_standing(error.into_response(), standing)
}

async fn judge(
    context: &Context,
    rules: &Rules,
    request: &mut Request,
    standing: &mut Option<Standing>,
) -> Result<(), ApiError> {
    let pattern = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    // Without a rule nothing runs, so a route can't be open by oversight.
    let Some(rule) = rules.find(request.method(), pattern) else {
        return Err(match rules.allowed(pattern) {
            Some(allow) => ApiError::method_not_allowed(Some(allow)),
            None => ApiError::no_such_route(),
        });
    };
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.ok_or_else(|| ApiError::internal("a request without its peer"))?;
    let client =
        (context.options.client_address)(peer.ip(), request.headers(), &context.options.trusted_proxies);
    let local = matches!(peer, Peer::Unix { .. });
    let is_api = pattern.starts_with("/api/");
    let address = client.ip;
    let mut count = |who: Counted| -> Result<(), ApiError> {
        let Some(now) = context.limiter.count(who) else { return Ok(()) };
        *standing = Some(now);
        match now.refused {
            Some(seconds) => Err(ApiError::rate_limited(TOO_MANY, seconds)),
            None => Ok(()),
        }
    };
    let Access::AtLeast(role) = rule.access else {
        if is_api && !local && rule.rate != Rate::Off {
            count(Counted::Address(address))?;
        }
        request.extensions_mut().insert(client);
        return Ok(());
    };
    let Some(who) = principal::identify(context, &peer, request.headers()).await? else {
        if is_api && !local {
            count(Counted::Address(address))?;
        }
        let shown = principal::credential(request.headers()).is_some();
        let message = if shown { "These credentials are not valid (any more)" } else { "Sign in first" };
        return Err(ApiError::unauthorized(message));
    };
    if !matches!(who.identity, Identity::Local | Identity::Panel) {
        if is_api && rule.rate != Rate::Off {
            count(Counted::Identity(who.identity.clone()))?;
        }
        if rule.rate == Rate::Control {
            count(Counted::Control(who.identity.clone()))?;
        }
    }
    if who.identity == Identity::Panel {
        return Err(ApiError::forbidden("The panel's token is for users and channels only"));
    }
    if who.role < role {
        return Err(ApiError::forbidden(format!(
            "This needs the role {role}; {} has {}",
            who.name, who.role
        )));
    }
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(who);
    Ok(())
}

fn with_standing(mut answer: Response, standing: Option<Standing>) -> Response {
    if let Some(standing) = standing {
        let headers = answer.headers_mut();
        headers.insert(LIMIT, standing.limit.into());
        headers.insert(REMAINING, standing.remaining.into());
        headers.insert(RESET, standing.reset.into());
    }
    answer
}

/// Headers of every answer; a handler's own win.
pub(super) async fn finish(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let defaults =
        [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (REFERRER_POLICY, "no-referrer")];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    answer
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, ApiError> {
        let client = parts.extensions.get::<Self>().cloned();
        client.ok_or_else(|| ApiError::internal("a route without the guard"))
    }
}

/// The base of URLs handed out to whoever asks.
pub(super) struct BaseUrl(pub(super) String);

impl axum::extract::FromRequestParts<Context> for BaseUrl {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        context: &Context,
    ) -> Result<Self, ApiError> {
        let local = matches!(parts.extensions.get::<Peer>(), Some(Peer::Unix { .. }));
        let client = Client::from_request_parts(parts, context).await?;
        Ok(Self(context.base_url(&client, local)))
    }
}
