//! What answers: the media service where it knows the path, else the router.

use super::Peer;
use crate::http::error::ApiError;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tower::ServiceExt;

/// An answer of the media service on its way.
pub type MediaFuture = BoxFuture<'static, Response<Body>>;

/// Media by hand-matched paths, asked before the router for paths under `/live`, `/restream/`,
/// `/internal_stream.` and `/on-air.`: playlists and segments pass no middleware.
pub trait MediaService: Send + Sync {
    /// The answer's future, or `None`: not a media path (the router answers). `HEAD` and `OPTIONS` come here too.
    fn try_handle(&self, request: &Request<Incoming>, peer: &Peer) -> Option<MediaFuture>;
}

/// Everything one listener answers with. Cloning is cheap.
#[derive(Clone)]
pub struct Service {
    /// Everything that is not media.
    pub router: Router,
    /// Media; where there is none, its paths are the router's.
    pub media: Option<Arc<dyn MediaService>>,
}

impl Service {
    /// A service without media.
    pub fn new(router: Router) -> Self {
        Self { router, media: None }
    }

    /// The same with media.
    pub fn with_media(self, media: Arc<dyn MediaService>) -> Self {
        Self { media: Some(media), ..self }
    }

    pub(super) fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: Peer,
    ) -> impl Future<Output = Response<Body>> + Send + use<> {
        let media = match &self.media {
            Some(media) if is_media(request.uri().path()) => media.try_handle(&request, &peer),
            _ => None,
        };
        let answer = match media {
            Some(answer) => futures_util::future::Either::Left(answer),
            None => {
                request.extensions_mut().insert(peer);
                let answer = self.router.clone().oneshot(request.map(Body::new));
                futures_util::future::Either::Right(answer.map(|answer| match answer {
                    Ok(response) => response,
                    Err(never) => match never {},
                }))
            }
        };
        AssertUnwindSafe(answer).catch_unwind().map(|answer| match answer {
            Ok(response) => response,
            Err(panic) => ApiError::internal(format!("panic: {}", what_it_said(&panic))).into_response(),
        })
    }
}

fn is_media(path: &str) -> bool {
    ["/live", "/restream/", "/internal_stream.", "/on-air."].iter().any(|prefix| path.starts_with(prefix))
}

fn what_it_said(panic: &Box<dyn std::any::Any + Send>) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no words)")
}
