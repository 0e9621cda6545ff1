//! Who may watch a channel.

use super::answer::Refused;
use super::{Media, Request};
use crate::wire::ChannelId;
use http::{HeaderMap, StatusCode};

/// What becomes of a temporary link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Never given out.
    Unknown,
    /// Its time is over, or it was revoked.
    Expired,
    /// It opens this channel.
    Open(ChannelId),
}

/// Who decides.
pub trait Gate: Send + Sync + 'static {
    /// The temporary link of that id.
    fn link(&self, id: &str) -> LinkState;
    /// The caller has shown an identity that may watch everything.
    fn is_administrator(&self, headers: &HeaderMap) -> bool;
}

/// Permission to watch one channel.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) channel: ChannelId,
    /// The temporary link that it was given for: the session ends with it.
    pub(super) link: Option<Box<str>>,
}

/// `/live/{channel_id}…`: an administrator, or `?token=` with a link to that channel.
pub(super) fn channel(media: &Media, id: &str, request: &Request) -> Result<Grant, Refused> {
    let token = query(&request.uri, "token");
    let allowed = match token.map(|token| media.gate.link(token)) {
        None if media.gate.is_administrator(&request.headers) => None,
        None => return Err(Refused(StatusCode::UNAUTHORIZED, "a token is needed: ?token=…")),
        Some(LinkState::Unknown) => return Err(Refused(StatusCode::UNAUTHORIZED, "unknown token")),
        Some(LinkState::Expired) => {
            return Err(Refused(StatusCode::FORBIDDEN, "this token has expired"));
        }
        Some(LinkState::Open(channel)) => Some(channel),
    };
    let Ok(channel) = id.parse::<ChannelId>() else {
        return Err(Refused(StatusCode::NOT_FOUND, "not found"));
    };
    match allowed {
        Some(allowed) if allowed != channel => {
            Err(Refused(StatusCode::FORBIDDEN, "this token is for another channel"))
        }
        allowed => Ok(Grant { channel, link: allowed.and(token).map(Into::into) }),
    }
}

/// `/restream/{id}…`.
pub(super) fn link(media: &Media, id: &str) -> Result<Grant, Refused> {
    match media.gate.link(id) {
        LinkState::Open(channel) => Ok(Grant { channel, link: Some(id.into()) }),
        LinkState::Expired => Err(Refused(StatusCode::GONE, "this link has expired")),
        LinkState::Unknown => Err(Refused(StatusCode::NOT_FOUND, "there is no such link")),
    }
}

/// The value of a query parameter. Ours need no percent-encoding.
pub(super) fn query<'a>(uri: &'a http::Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
