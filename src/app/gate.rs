//! Joins media to `access`: links, and who may watch everything.

use crate::access::{Access, Resolved, Role};
use crate::http::media::{Gate, LinkState};
use http::{HeaderMap, header};
use std::sync::Arc;

pub(super) struct Doors(pub(super) Arc<Access>);

impl Gate for Doors {
    fn link(&self, id: &str) -> LinkState {
        match self.0.resolve_link(id) {
            Resolved::Unknown => LinkState::Unknown,
            Resolved::Expired => LinkState::Expired,
            Resolved::Ok(channel) => LinkState::Open(channel),
        }
    }

    fn is_administrator(&self, headers: &HeaderMap) -> bool {
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
        let identity = bearer.or(key).and_then(|shown| self.0.authenticate(shown).ok());
        identity.is_some_and(|identity| identity.role == Role::Administrator)
    }
}
