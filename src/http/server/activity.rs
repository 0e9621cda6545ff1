//! A connection's pulse: when bytes last moved, and by that when it is to be cut.
//!
//! hyper's own head time-out allocates and arms a timer for every request, and can't tell an idle connection
//! from a slow head. Here the socket notes what happens, and one lazy timer per connection reads the notes.

use super::Limits;
use parking_lot::Mutex;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What a connection did last. Shared by its socket, its service and its timer, all of one task: the lock is
/// never contended.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<Notes>>);

#[derive(Debug)]
struct Notes {
    last: Instant,
    /// First byte that belongs to no request yet; the connection's beginning counts as one.
    unheard: Option<Instant>,
    /// Since when the peer takes no bytes.
    stuck: Option<Instant>,
    /// A handler is at work: it has limits of its own.
    at_work: bool,
}

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(Notes { last: now, unheard: Some(now), stuck: None, at_work: false })))
    }

    /// A request's head is complete.
    pub(super) fn request(&self) {
        let mut notes = self.0.lock();
        notes.unheard = None;
        notes.at_work = true;
    }

    /// Its handler has answered; the body may still be on its way.
    pub(super) fn answered(&self) {
        let mut notes = self.0.lock();
        notes.at_work = false;
        notes.last = Instant::now();
    }

    fn read(&self, bytes: usize) {
        if bytes > 0 {
            let now = Instant::now();
            let mut notes = self.0.lock();
            notes.last = now;
            if !notes.at_work && notes.unheard.is_none() {
                notes.unheard = Some(now);
            }
        }
    }

    fn wrote(&self, bytes: usize) {
        let now = Instant::now();
        let mut notes = self.0.lock();
        if bytes > 0 {
            notes.last = now;
            notes.stuck = None;
            // A peer that sends its next request early waits for this answer, not we for it.
            if notes.unheard.is_some() {
                notes.unheard = Some(now);
            }
        }
    }

    fn full(&self) {
        let mut notes = self.0.lock();
        if notes.stuck.is_none() {
            notes.stuck = Some(Instant::now());
        }
    }

    /// When the connection is to be cut, if nothing changes; `None` while a handler is at work.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let notes = self.0.lock();
        if let Some(since) = notes.stuck {
            return Some(since + limits.write_stall);
        }
        if notes.at_work {
            return None;
        }
        match notes.unheard {
            Some(since) => Some(since + limits.header_time),
            None => Some(notes.last + limits.idle),
        }
    }
}

/// A socket that notes what happens on it.
pub(super) struct Noted<S> {
    pub(super) socket: S,
    pub(super) activity: Activity,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut this.socket).poll_read(cx, buf));
        this.activity.read(buf.filled().len() - before);
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> Noted<S> {
    fn note(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Pending => self.activity.full(),
            Poll::Ready(Ok(bytes)) => self.activity.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.note(result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
