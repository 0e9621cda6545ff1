//! One connection: HTTP/1.1 by hyper, cut when its pulse says so.

use super::activity::{Activity, Noted};
use super::listener::Stream;
use super::{Limits, Peer, Service};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Serves one connection until it ends, is cut for its silence, or the service stops and its request is done.
pub(super) async fn run(
    stream: Stream,
    peer: Peer,
    service: Service,
    limits: Arc<Limits>,
    shutdown: CancellationToken,
) {
    let activity = Activity::new(Instant::now());
    let io = TokioIo::new(Noted { socket: stream, activity: activity.clone() });
    let notes = activity.clone();
    let answer = service_fn(move |request| {
        notes.request();
        let (answer, notes) = (service.answer(request, peer), notes.clone());
        async move {
            let response = answer.await;
            notes.answered();
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    // No timer of hyper's: `Activity` is ours. A half-closed client has gone, so what it asked for is dropped.
    builder.header_read_timeout(None).max_header_size(limits.header_bytes).half_close(false);
    let mut connection = pin!(builder.serve_connection(io, answer));
    let mut alarm = pin!(tokio::time::sleep(limits.header_time));
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            // Errors here are the peer's: a reset, a malformed head (hyper has answered 400 or 431).
            _ = connection.as_mut() => return,
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = alarm.as_mut() => {
                let now = Instant::now();
                // A head may begin any moment and has `header_time` from then: looking that often misses none.
                let look_again = now + limits.header_time.min(limits.idle).min(limits.write_stall);
                match activity.deadline(&limits) {
                    Some(deadline) if deadline <= now => return,
                    Some(deadline) => alarm.as_mut().reset(deadline.min(look_again)),
                    None => alarm.as_mut().reset(look_again),
                }
            }
        }
    }
}
