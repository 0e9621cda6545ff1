//! The thread that carries media: all feeds, their sources, and the programmes made of them.
//!
//! Channels come in thousands of small packets a second, and waking for each costs several times what carrying it
//! does. So after each round the thread rests: what comes meanwhile is taken together, for all channels, and nothing
//! is handed from one processor to another. Where somebody waits, or much comes, it hardly rests.

use parking_lot::{Condvar, Mutex};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Less than half of what a part holds, and far below what players have in hand.
const REST: Duration = Duration::from_millis(40);
/// Pipes hold 64 KiB: this lets 50 Mbit/s through.
const BRISK: Duration = Duration::from_millis(10);
/// While somebody waits: enough to gather the packets of one write.
const HURRIED: Duration = Duration::from_millis(2);
/// Tasks between two looks at sockets and timers: a round's.
const ROUND: u32 = 1024;

/// See the module. Cheap to clone; the thread ends with the last of them.
#[derive(Debug, Clone)]
pub struct MediaThread {
    handle: Handle,
    rest: Arc<Rest>,
    _stop: Arc<DropGuard>,
}

#[derive(Debug, Default)]
struct Rest {
    until: Mutex<Until>,
    hurry: Condvar,
}

/// Until when rests are shorter.
#[derive(Debug, Default, Clone, Copy)]
struct Until {
    hurried: Option<Instant>,
    brisk: Option<Instant>,
}

impl MediaThread {
    /// Starts it.
    pub fn start() -> std::io::Result<Self> {
        let rest = Arc::<Rest>::default();
        let resting = Arc::clone(&rest);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(ROUND)
            .on_thread_park(move || resting.take())
            .build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        std::thread::Builder::new()
            .name("media".to_owned())
            .spawn(move || runtime.block_on(stopped.cancelled()))?;
        Ok(Self { handle, rest, _stop: Arc::new(stop.drop_guard()) })
    }

    /// Runs a task on it, at once.
    pub fn spawn(&self, tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
        tasks.spawn_on(task, &self.handle);
        self.hurry(Duration::from_millis(200));
    }

    /// Somebody waits: for so long it hardly rests, beginning now.
    pub fn hurry(&self, time: Duration) {
        let mut until = self.rest.until.lock();
        until.hurried = until.hurried.max(Some(Instant::now() + time));
        drop(until);
        self.rest.hurry.notify_one();
    }

    /// Something that can't wait long is being read: for so long rests are short.
    pub(super) fn keep_brisk(&self, time: Duration) {
        let mut until = self.rest.until.lock();
        until.brisk = until.brisk.max(Some(Instant::now() + time));
    }
}

impl Rest {
    /// Before the thread waits for what comes next.
    fn take(&self) {
        let begun = Instant::now();
        let mut until = self.until.lock();
        loop {
            let left = until.rest(begun).saturating_sub(begun.elapsed());
            if left.is_zero() || self.hurry.wait_for(&mut until, left).timed_out() {
                return;
            }
        }
    }
}

impl Until {
    fn rest(&self, now: Instant) -> Duration {
        if self.hurried.is_some_and(|until| now < until) {
            HURRIED
        } else if self.brisk.is_some_and(|until| now < until) {
            BRISK
        } else {
            REST
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn who_waits_shortens_the_rest_and_only_for_a_while() {
        let now = Instant::now();
        let mut until = Until::default();
        assert_eq!(until.rest(now), REST);
        until.brisk = Some(now + Duration::from_secs(1));
        assert_eq!(until.rest(now), BRISK);
        until.hurried = Some(now + Duration::from_millis(200));
        assert_eq!(until.rest(now), HURRIED);
        assert_eq!(until.rest(now + Duration::from_millis(200)), BRISK);
        assert_eq!(until.rest(now + Duration::from_secs(1)), REST);
    }

    #[test]
    fn a_rest_is_cut_short() {
        let rest = Arc::<Rest>::default();
        let resting = Arc::clone(&rest);
        let begun = Instant::now();
        let thread = std::thread::spawn(move || {
            for _ in 0..200 {
                resting.take();
            }
        });
        rest.until.lock().hurried = Some(begun + Duration::from_secs(60));
        rest.hurry.notify_one();
        thread.join().expect("rests");
        assert!(begun.elapsed() < 100 * REST);
    }

    #[tokio::test]
    async fn tasks_run_and_wake_each_other_across_threads() {
        let (media, tasks) = (MediaThread::start().expect("a thread"), TaskTracker::new());
        let (there, mut come) = tokio::sync::mpsc::channel(1);
        media.spawn(&tasks, async move {
            for turn in 0..3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                there.send((turn, std::thread::current().name().map(str::to_owned))).await.ok();
            }
        });
        for turn in 0..3 {
            assert_eq!(come.recv().await, Some((turn, Some("media".to_owned()))));
        }
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn what_comes_bit_by_bit_is_taken_together() {
        const WRITES: usize = 400;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (media, tasks) = (MediaThread::start().expect("a thread"), TaskTracker::new());
        let (told, reads) = tokio::sync::oneshot::channel();
        media.spawn(&tasks, async move {
            let mut socket = tokio::net::TcpStream::connect(address).await.expect("connects");
            let (mut reads, mut bytes) = (0, vec![0; 64 * 1024]);
            while socket.read(&mut bytes).await.expect("reads") > 0 {
                reads += 1;
            }
            told.send(reads).expect("is waited for");
        });
        let (mut socket, _) = listener.accept().await.expect("connects");
        let mut due = tokio::time::Instant::now();
        for _ in 0..WRITES {
            socket.write_all(&[0x47; 188]).await.expect("writes");
            due += Duration::from_millis(2);
            tokio::time::sleep_until(due).await;
        }
        drop(socket);
        // The first fifth of a second is hurried.
        assert!(reads.await.expect("told") < WRITES / 2);
    }
}
