//! Reads a body in few, larger pieces.
//!
//! A paced stream arrives in small packets; waking a thread for each costs more than carrying it. After a small
//! piece the kernel is given a moment to collect; what has come by then is taken together. A source that is ahead
//! of us (a burst) is read without pause, and the first seconds with short ones: somebody waits for a picture.

use crate::net::{FetchError, Fetched};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use std::time::{Duration, Instant};

/// Less than this is worth a pause.
const SMALL: usize = 16 * 1024;
/// A piece is not gathered beyond this.
const ENOUGH: usize = 64 * 1024;
/// While somebody waits for the first picture.
const SHORT_PAUSE: Duration = Duration::from_millis(10);
/// How long that is taken to be.
const BEGINNING: Duration = Duration::from_secs(5);
/// Then: less than half of what a part holds, and far below what players have in hand.
const PAUSE: Duration = Duration::from_millis(40);
/// The client's connection is a task of its own: it is given so many turns to read on before the source counts as
/// having sent all it had.
const TURNS: usize = 2;

/// Reads a body.
pub(super) struct Gather {
    fetched: Fetched,
    bursting: bool,
    begun: Instant,
    end: Option<Result<(), FetchError>>,
}

impl Gather {
    pub(super) fn new(fetched: Fetched) -> Self {
        Self { fetched, bursting: true, begun: Instant::now(), end: None }
    }

    /// The next piece; `None` at the end. What came before an error is given out before it.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        if let Some(end) = self.end.take() {
            return end.map(|()| None);
        }
        let Some(first) = self.fetched.chunk().await? else { return Ok(None) };
        if first.len() < SMALL && !self.bursting {
            let beginning = self.begun.elapsed() < BEGINNING;
            tokio::time::sleep(if beginning { SHORT_PAUSE } else { PAUSE }).await;
        }
        let mut whole = Gathered::One(first);
        while whole.len() < ENOUGH {
            match self.at_hand().await {
                Some(Ok(Some(piece))) => whole.push(&piece),
                Some(Ok(None)) => self.end = Some(Ok(())),
                Some(Err(error)) => self.end = Some(Err(error)),
                None => break,
            }
            if self.end.is_some() {
                break;
            }
        }
        self.bursting = whole.len() >= ENOUGH;
        Ok(Some(whole.into_bytes()))
    }

    /// What is there already.
    async fn at_hand(&mut self) -> Option<Result<Option<Bytes>, FetchError>> {
        for _ in 0..TURNS {
            if let Some(piece) = self.fetched.chunk().now_or_never() {
                return Some(piece);
            }
            tokio::task::yield_now().await;
        }
        self.fetched.chunk().now_or_never()
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
