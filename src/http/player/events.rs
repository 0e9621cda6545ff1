//! `GET /watch/events`: server-sent events that tell the page what is on air.
//!
//! A `state` event at connect, at each change, and at least every 60 s (its page ticket is short-lived); a
//! comment every 15 s keeps proxies from closing. Starts, switches, stops and changes of state are told at once;
//! a viewer count alone at most once a second, for every viewer's coming would be told to every viewer. The
//! stream ends at once when the service stops.

use crate::http::context::Context;
use crate::wire::on_air::{PageState, StreamStatus};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const TICKET: Duration = Duration::from_secs(60);
const COMMENT: Duration = Duration::from_secs(15);
const COUNTS: Duration = Duration::from_secs(1);

/// What is on air, told to the player page as it changes.
#[utoipa::path(get, path = "/watch/events", tag = "player", security(()),
    responses((status = 200, body = PageState, content_type = "text/event-stream")))]
pub(in crate::http) async fn events(State(context): State<Context>) -> Response {
    let teller = Teller {
        changes: context.services.on_air.watch(),
        shutdown: context.shutdown.clone(),
        context,
        told: None,
        last_byte: Instant::now(),
    };
    let stream = stream::unfold(teller, |mut teller| async {
        let bytes = teller.next().await?;
        Some((Ok::<_, Infallible>(bytes), teller))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    // nginx holds answers back otherwise.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

struct Teller {
    context: Context,
    changes: watch::Receiver<StreamStatus>,
    shutdown: CancellationToken,
    told: Option<(StreamStatus, Instant)>,
    last_byte: Instant,
}

impl Teller {
    /// The next bytes to send; `None`: the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.shutdown.is_cancelled() {
            return None;
        }
        loop {
            let now = self.changes.borrow_and_update().clone();
            let Some((told, at)) = &self.told else { return Some(self.tell(now)) };
            let fresh = *at + TICKET;
            let due = match (*told == now, only_counts_differ(told, &now)) {
                (true, _) => fresh,
                (false, true) => fresh.min(*at + COUNTS),
                (false, false) => return Some(self.tell(now)),
            };
            let comment = self.last_byte + COMMENT;
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return None,
                changed = self.changes.changed() => { changed.ok()?; }
                () = tokio::time::sleep_until(due) => return Some(self.tell(now)),
                () = tokio::time::sleep_until(comment) => {
                    self.last_byte = Instant::now();
                    return Some(Bytes::from_static(b":\n\n"));
                }
            }
        }
    }

    fn tell(&mut self, status: StreamStatus) -> Bytes {
        let pages = &self.context.services.pages;
        let settings = pages.settings();
        let state = PageState {
            status: status.clone(),
            session: pages.ticket(),
            engine: settings.engine,
            delay: settings.delay,
        };
        let data = serde_json::to_string(&state).unwrap_or_default();
        self.last_byte = Instant::now();
        self.told = Some((status, self.last_byte));
        // `retry`: how long a page waits before it comes back after a restart.
        format!("event: state\nretry: 1000\ndata: {data}\n\n").into()
    }
}

fn only_counts_differ(one: &StreamStatus, other: &StreamStatus) -> bool {
    let bare = |status: &StreamStatus| StreamStatus { viewers: 0, ..status.clone() };
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_apart_from_changes() {
        let idle = StreamStatus::default();
        assert!(only_counts_differ(&idle, &StreamStatus { viewers: 9, ..idle.clone() }));
        assert!(!only_counts_differ(&idle, &StreamStatus { generation: 1, ..idle.clone() }));
    }
}
