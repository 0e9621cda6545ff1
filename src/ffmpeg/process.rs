//! A running FFmpeg: its output in pieces, its log and progress, and its certain end.
//!
//! A task of its own owns the child: it waits for it, ends it when asked to or when the handle is dropped, and
//! always awaits it, so that no zombie stays.

use super::exit::{self, Exit};
use super::log::{self, Line, Log};
use super::progress::{Parsed, Parser, Progress};
use super::tool::Tool;
use crate::net::mask::Secrets;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};
use std::future::Future;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Between the steps SIGINT, SIGTERM, SIGKILL.
const STEP: Duration = Duration::from_secs(1);
/// A read of less than this is followed by a pause, so that the pipe fills: fewer wake-ups.
const SMALL: usize = 16 * 1024;
const PAUSE: Duration = Duration::from_millis(10);
/// The largest piece.
const PIECE: usize = 64 * 1024;
/// A log line longer than this is cut: a foreign server's words must not fill memory.
const LONGEST_LINE: u64 = 16 * 1024;

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Spawn {
    /// For the log: the feed's name.
    pub name: String,
    /// From [`super::args`].
    pub args: Vec<String>,
    /// Whether something will be written to its stdin.
    pub stdin: bool,
    /// Hidden in its log.
    pub secrets: Secrets,
}

/// FFmpeg could not be started.
#[derive(Debug, thiserror::Error)]
#[error("FFmpeg ({path}) could not be started: {source}")]
pub struct SpawnError {
    path: std::path::PathBuf,
    source: std::io::Error,
}

/// A running FFmpeg. Dropping it ends the process in the background, by the same steps as [`Process::stop`].
#[derive(Debug)]
pub struct Process {
    stdout: mpsc::Receiver<Bytes>,
    stdin: Option<ChildStdin>,
    pid: u32,
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    exit: watch::Receiver<Option<Exit>>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    secrets: Secrets,
    log: Mutex<Log>,
    stop: CancellationToken,
    uncarried: Mutex<Option<(String, bool)>>,
    trouble: CancellationToken,
}

impl Process {
    /// Starts FFmpeg in a process group of its own, with nothing but `PATH` in its environment.
    pub fn spawn(tool: &Tool, spawn: Spawn) -> Result<Self, SpawnError> {
        let mut command = Command::new(tool.path());
        command
            .args(&spawn.args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(if spawn.stdin { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            // Where the runtime itself ends, its tasks can't walk the steps any more.
            .kill_on_drop(true);
        let failed = |source| SpawnError { path: tool.path().to_owned(), source };
        let mut child = command.spawn().map_err(failed)?;
        let gone = || failed(std::io::Error::other("it ended at once"));
        let pid = child.id().ok_or_else(gone)?;
        if let Some(ledger) = tool.ledger() {
            ledger.add(pid);
        }
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let shared = Arc::new(Shared {
            name: spawn.name,
            secrets: spawn.secrets,
            log: Mutex::default(),
            stop: CancellationToken::new(),
            uncarried: Mutex::default(),
            trouble: CancellationToken::new(),
        });
        let (pieces, stdout_rx) = mpsc::channel(16);
        let (progress_tx, progress) = watch::channel(Progress::default());
        let (exit_tx, exit) = watch::channel(None);
        if let Some(stdout) = stdout {
            tokio::spawn(read_stdout(stdout, pieces));
        }
        let reader = stderr.map(|stderr| tokio::spawn(read_stderr(stderr, Arc::clone(&shared), progress_tx)));
        let (tool, watched) = (tool.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let (status, stopped) = end_of(&mut child, pid, &watched.stop).await;
            if let Some(ledger) = tool.ledger() {
                ledger.remove(pid);
            }
            // The last words may still be in the pipe; a grandchild could hold it open.
            if let Some(reader) = reader {
                let _ = tokio::time::timeout(STEP, reader).await;
            }
            let exit = exit::judge(status, stopped, watched.log.lock().lines());
            tracing::debug!(feed = %watched.name, pid, reason = ?exit.reason, detail = %exit.detail, "FFmpeg ended");
            let _ = exit_tx.send(Some(exit));
        });
        tracing::debug!(feed = %shared.name, pid, "FFmpeg started");
        Ok(Self { stdout: stdout_rx, stdin, pid, shared, progress, exit })
    }

    /// Its pid, which is also its group's.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The next piece of its stdout; `None` at the end. Cancel-safe.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.stdout.recv().await
    }

    /// Its stdin, once; dropping it is the end of input.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// The newest progress.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The last lines of its log, oldest first, masked.
    pub fn log(&self) -> Vec<Line> {
        self.shared.log.lock().lines()
    }

    /// be squeezed together), or a codec that TS can't carry. Never resolves otherwise.
    pub fn trouble(&self) -> impl Future<Output = Trouble> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            shared.trouble.cancelled().await;
            let uncarried = shared.uncarried.lock().clone();
            match uncarried {
                Some((codec, video)) => Trouble::Uncarried { codec, video },
                None => Trouble::TimeJump,
            }
        }
    }

    /// Waits for its own end.
    pub async fn wait(&mut self) -> Exit {
        match self.exit.wait_for(Option::is_some).await.map(|exit| (*exit).clone()) {
            Ok(Some(exit)) => exit,
            _ => exit::judge(None, self.shared.stop.is_cancelled(), self.log()),
        }
    }

    /// Ends it: SIGINT, a second later SIGTERM, a second later SIGKILL, to the whole group. Returns when it is gone.
    pub async fn stop(mut self) -> Exit {
        self.shared.stop.cancel();
        self.stdin = None;
        self.stdout.close();
        self.wait().await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// What a running FFmpeg does that its user must react to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Timestamps went back by more than a second.
    TimeJump,
    /// A stream's codec has no place in TS.
    Uncarried {
        /// FFmpeg's name of it.
        codec: String,
        /// A picture's codec.
        video: bool,
    },
}

/// Waits for the end; walks the steps once `stop` is called.
async fn end_of(child: &mut Child, pid: u32, stop: &CancellationToken) -> (Option<ExitStatus>, bool) {
    tokio::select! {
        biased;
        status = child.wait() => return (status.ok(), false),
        () = stop.cancelled() => {}
    }
    for signal in [Signal::INT, Signal::TERM] {
        send(pid, signal);
        if let Ok(status) = tokio::time::timeout(STEP, child.wait()).await {
            return (status.ok(), true);
        }
    }
    send(pid, Signal::KILL);
    (child.wait().await.ok(), true)
}

/// The child has not been awaited yet, so the pid is still its own.
fn send(pid: u32, signal: Signal) {
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

async fn read_stdout(mut stdout: ChildStdout, pieces: mpsc::Sender<Bytes>) {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        match stdout.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(length) => {
                if pieces.send(buffer.split().freeze()).await.is_err() {
                    return;
                }
                if length < SMALL {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn read_stderr(stderr: ChildStderr, shared: Arc<Shared>, progress: watch::Sender<Progress>) {
    let mut reader = BufReader::new(stderr);
    let mut parser = Parser::default();
    let mut raw = Vec::new();
    loop {
        raw.clear();
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut raw).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&raw);
        match parser.line(text.trim_end()) {
            Parsed::Part => {}
            Parsed::Block(block) => {
                progress.send_replace(block);
            }
            Parsed::Log => {
                let Some(line) = log::parse(&text, &shared.secrets) else { continue };
                tracing::debug!(feed = %shared.name, error = line.error, "FFmpeg: {}", line.text);
                if log::is_time_jump(&line.text) {
                    shared.trouble.cancel();
                }
                if let Some(found) = log::uncarried(&line.text) {
                    let mut uncarried = shared.uncarried.lock();
                    // A picture that can't be carried outweighs a sound.
                    if uncarried.as_ref().is_none_or(|(_, video)| !video) {
                        *uncarried = Some(found);
                    }
                    shared.trouble.cancel();
                }
                shared.log.lock().push(line);
            }
        }
    }
}

#[cfg(test)]
mod tests;
