//! Reads a body in few, larger pieces.
//!
//! A paced stream arrives in small packets; waking a thread for each costs more than carrying it. After a small
//! piece the kernel is given a moment to collect; what has come by then is taken together. A source that is ahead
//! of us (a burst) is read without pause.

use crate::net::{FetchError, Fetched};
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// Less than this is worth a pause.
const SMALL: usize = 16 * 1024;
/// A piece is not gathered beyond this.
const ENOUGH: usize = 64 * 1024;
const PAUSE: Duration = Duration::from_millis(10);
/// No further data within this: the source has sent all it had.
const DRAINED: Duration = Duration::from_millis(1);

/// Reads a body.
pub(super) struct Gather {
    fetched: Fetched,
    bursting: bool,
    end: Option<Result<(), FetchError>>,
}

impl Gather {
    pub(super) fn new(fetched: Fetched) -> Self {
        Self { fetched, bursting: true, end: None }
    }

    /// The next piece; `None` at the end. What came before an error is given out before it.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        if let Some(end) = self.end.take() {
            return end.map(|()| None);
        }
        let Some(first) = self.fetched.chunk().await? else { return Ok(None) };
        if first.len() < SMALL && !self.bursting {
            tokio::time::sleep(PAUSE).await;
        }
        let mut whole = Gathered::One(first);
        while whole.len() < ENOUGH {
            match tokio::time::timeout(DRAINED, self.fetched.chunk()).await {
                Ok(Ok(Some(piece))) => whole.push(&piece),
                Ok(Ok(None)) => self.end = Some(Ok(())),
                Ok(Err(error)) => self.end = Some(Err(error)),
                Err(_) => break,
            }
            if self.end.is_some() {
                break;
            }
        }
        self.bursting = whole.len() >= ENOUGH;
        Ok(Some(whole.into_bytes()))
    }
}

/// One piece as it came, or several copied together.
enum Gathered {
    One(Bytes),
    Many(BytesMut),
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::One(piece) => piece.len(),
            Self::Many(pieces) => pieces.len(),
        }
    }

    fn push(&mut self, piece: &[u8]) {
        if let Self::One(first) = self {
            let mut pieces = BytesMut::with_capacity(ENOUGH.max(first.len() + piece.len()));
            pieces.extend_from_slice(first);
            *self = Self::Many(pieces);
        }
        if let Self::Many(pieces) = self {
            pieces.extend_from_slice(piece);
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::One(piece) => piece,
            Self::Many(pieces) => pieces.freeze(),
        }
    }
}
