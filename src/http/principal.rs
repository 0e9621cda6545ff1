//! Who asks: the identity behind a request, and how it was shown.

use super::context::Context;
use super::error::ApiError;
use super::server::Peer;
use crate::wire::{Role, Secret};
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Whoever asks. As a handler's argument: the signed-in identity (the guard has refused all others).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What it may do.
    pub role: Role,
    /// The user's or key's name, for people and logs.
    pub name: String,
    /// How it showed itself.
    pub identity: Identity,
}

/// How an identity showed itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A user's JWT.
    User(i64),
    /// An API key.
    Key(i64),
    /// The admin socket: root, the service's own user, or a member of its group.
    Local,
    /// The panel token: section 3 of the contract only.
    Panel,
}

impl Principal {
    /// The user's number, where it is one.
    pub fn user(&self) -> Option<i64> {
        match self.identity {
            Identity::User(id) => Some(id),
            _ => None,
        }
    }

    /// The local administrator.
    pub fn local() -> Self {
        Self { role: Role::Admin, name: "local administrator".into(), identity: Identity::Local }
    }

    fn panel() -> Self {
        Self { role: Role::User, name: "panel".into(), identity: Identity::Panel }
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Only a route that its rule leaves open gets here without one.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::unauthorized("Sign in first"))
    }
}

/// What was shown: `Authorization: Bearer …`, else `X-API-Key`.
pub(super) fn credential(headers: &HeaderMap) -> Option<Secret> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let shown = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok().map(str::trim));
    shown.filter(|token| !token.is_empty() && token.len() <= 4096).map(Secret::from)
}

/// Who it is; `None`: nobody we know.
pub(super) async fn identify(
    context: &Context,
    peer: &Peer,
    headers: &HeaderMap,
) -> Result<Option<Principal>, ApiError> {
    if let Peer::Unix { uid, gid, .. } = *peer
        && context.options.local.admits(uid, gid)
    {
        return Ok(Some(Principal::local()));
    }
    let Some(credential) = credential(headers) else { return Ok(None) };
    if let Some(panel) = &context.options.panel_token
        && same(panel, &credential)
    {
        return Ok(Some(Principal::panel()));
    }
    context.services.sign_in.identify(&credential).await
}

/// Compares in constant time, lengths included.
fn same(one: &Secret, other: &Secret) -> bool {
    let hash = |secret: &Secret| Sha256::digest(secret.expose().as_bytes());
    hash(one).ct_eq(&hash(other)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn shown(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let headers =
            pairs.iter().map(|(n, v)| (n.parse().expect("name"), HeaderValue::from_static(v))).collect();
        credential(&headers).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn three_ways_to_show_a_credential() {
        assert_eq!(shown(&[("authorization", "Bearer abc")]).as_deref(), Some("abc"));
        assert_eq!(shown(&[("authorization", "bearer  abc ")]).as_deref(), Some("abc"));
        assert_eq!(shown(&[("x-api-key", "abc")]).as_deref(), Some("abc"));
        assert_eq!(shown(&[("authorization", "Basic YTpi")]), None);
        assert_eq!(shown(&[("authorization", "Bearer ")]), None);
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn panel_tokens_are_compared_whole() {
        assert!(same(&"token".into(), &"token".into()));
        assert!(!same(&"token".into(), &"toke".into()));
        assert!(!same(&"token".into(), &"tokenn".into()));
    }
}
