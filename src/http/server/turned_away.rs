//! Connections over the cap: told so, in few bytes and little time.

use super::admission::Refusal;
use super::listener::Stream;
use crate::http::error::ApiError;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

/// How many are told at once; the rest are closed without a word.
const ROOM: usize = 64;
/// How long one may take to say what it wants and hear that it can't have it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct WaitingRoom(Arc<Semaphore>);

impl WaitingRoom {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }

    /// Answers 503 or 429 and closes.
    pub(super) fn turn_away(&self, mut stream: Stream, refusal: Refusal) {
        let Ok(place) = self.0.clone().try_acquire_owned() else { return };
        tokio::spawn(async move {
            let farewell = async {
                // Closing with unread bytes would reset the connection before the answer is read.
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                if stream.write_all(&words(refusal)).await.is_ok() && stream.shutdown().await.is_ok() {
                    let _ = stream.read(&mut request).await;
                }
            };
            let _ = tokio::time::timeout(PATIENCE, farewell).await;
            drop(place);
        });
    }
}

fn words(refusal: Refusal) -> Vec<u8> {
    let error = match refusal {
        Refusal::Full => ApiError::unavailable("This server has all the connections it takes", 5),
        Refusal::Address => ApiError::connection_limit("Too many connections from this address", 5),
    };
    let (status, body) = (error.status(), error.body());
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 5\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}
