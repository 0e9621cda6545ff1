//! Joins media to the server: the cheap answers are given on the spot, the others on their own time.

use super::path::Path;
use super::{Media, Request, answer, playlist, segment};
use crate::access::Who;
use crate::http::{MediaFuture, MediaService, Peer};
use crate::net::client_address;
use http::{HeaderMap, Method, header};
use hyper::body::Incoming;
use std::future::ready;
use std::ops::Deref;
use std::sync::Arc;

/// Media as a service of listeners. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Media>);

impl Shared {
    /// Shares it.
    pub fn new(media: Media) -> Self {
        Self(Arc::new(media))
    }
}

impl Deref for Shared {
    type Target = Media;

    fn deref(&self) -> &Media {
        &self.0
    }
}

impl MediaService for Shared {
    fn try_handle(&self, request: &http::Request<Incoming>, peer: &Peer) -> Option<MediaFuture> {
        let (method, headers) = (request.method(), request.headers());
        let path = Path::parse(request.uri().path())?;
        match *method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return Some(Box::pin(ready(answer::preflight()))),
            _ => return Some(Box::pin(ready(answer::method_not_allowed()))),
        }
        if let Path::Segment(name) = path {
            return Some(Box::pin(ready(segment::get(self, name, method, headers))));
        }
        let client = client_address(peer.ip(), headers, &self.options.trusted_proxies);
        let who = Who { ip: client.ip, user_agent: user_agent(headers) };
        let (media, head) = (self.clone(), *method == Method::HEAD);
        if let Path::Playlist(session) = path {
            let session = session.to_owned();
            return Some(Box::pin(async move { playlist::get(&media, &session, head, &who).await }));
        }
        let base_url = match (&self.options.public_url, client.host) {
            (Some(url), _) => url.clone(),
            (None, Some(host)) => format!("{}://{host}", client.scheme.as_str()),
            (None, None) => String::new(),
        };
        let uri = request.uri().clone();
        let request = Request { method: method.clone(), uri, headers: headers.clone(), who, base_url };
        Some(Box::pin(async move {
            match Path::parse(request.uri.path()) {
                Some(path) => media.open(path, &request).await,
                None => answer::not_found(),
            }
        }))
    }
}

/// What names a player; cut where somebody makes it a letter.
fn user_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
    agent.chars().take(256).collect()
}
