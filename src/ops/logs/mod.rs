//! Logs: to stderr (or the journal) and to capped files, from queues that never block the service.
//!
//! Every line is masked right before it is written, whatever was logged. A line that finds its queue full
//! is dropped and counted; the file says how many were.

mod capped;
mod mask;
mod writer;

pub use mask::text as mask_text;

use capped::CappedFile;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};
use writer::Masked;

/// Takes a line, returns it without secrets.
pub type Mask = fn(&str) -> String;

/// Lines that may wait to be written, per destination.
const QUEUE: usize = 8192;

/// How to log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// A level or a tracing filter.
    pub level: String,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// The directory of the files; `None`: no files.
    pub dir: Option<PathBuf>,
    /// The size in bytes at which a file is closed.
    pub max_size: u64,
    /// How many files are kept.
    pub files: u32,
    /// What every line goes through.
    pub mask: Mask,
}

impl LogOptions {
    /// As the configuration says, masked by [`mask_text`].
    pub fn from_config(log: &crate::config::Log) -> Self {
        Self {
            level: log.level.clone(),
            json: log.format == crate::config::LogFormat::Json,
            dir: (log.files > 0).then(|| log.dir.clone()),
            max_size: log.max_size,
            files: log.files,
            mask: mask_text,
        }
    }
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The log file can't be opened.
    #[error("can't open the log file {}: {source}. Set log.dir to a place this user may write, or log.files to 0", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The filter is none.
    #[error("log.level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process logs already.
    #[error("logging was set up twice")]
    Twice,
}

/// Keeps the logs flowing; what is queued is written when it is dropped.
pub struct Logs {
    counters: Vec<ErrorCounter>,
    _workers: Vec<WorkerGuard>,
}

impl Logs {
    /// Lines dropped since the start because a destination was too slow.
    pub fn dropped_lines(&self) -> usize {
        self.counters.iter().map(ErrorCounter::dropped_lines).sum()
    }
}

/// Sets up the logs of this process, panics included. Keep what it returns until the end.
pub fn init(options: &LogOptions) -> Result<Logs, LogsError> {
    let (subscriber, logs) = build(options, io::stderr(), Stderr::of_this_process())?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::Twice)?;
    std::panic::set_hook(Box::new(|panic| {
        // The message may quote what was being worked on; as an event it is masked like all others.
        tracing::error!(at = panic.location().map(ToString::to_string), "panic: {}", panic_words(panic));
    }));
    Ok(logs)
}

fn panic_words<'p>(panic: &'p std::panic::PanicHookInfo<'_>) -> &'p str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// What stderr is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stderr {
    /// The journal: it has its own clock, and takes the level from a prefix (sd-daemon(3)).
    Journal,
    /// A terminal that shows colours.
    Colour,
    /// Anything else.
    Plain,
}

impl Stderr {
    fn of_this_process() -> Self {
        if is_journal(io::stderr()) {
            return Self::Journal;
        }
        let coloured =
            io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        if coloured { Self::Colour } else { Self::Plain }
    }
}

/// Whether this stream of ours goes to the journal. `JOURNAL_STREAM` (`device:inode`) alone does not tell: it is
/// inherited by those whose streams go elsewhere.
pub(super) fn is_journal(stream: impl AsFd) -> bool {
    names_stream(std::env::var("JOURNAL_STREAM").ok().as_deref(), stream)
}

fn names_stream(variable: Option<&str>, stream: impl AsFd) -> bool {
    let Some((device, inode)) = variable.and_then(|text| text.split_once(':')) else { return false };
    let Ok(stat) = rustix::fs::fstat(stream) else { return false };
    device.parse() == Ok(stat.st_dev) && inode.parse() == Ok(stat.st_ino)
}

type Boxed = Box<dyn Subscriber + Send + Sync>;

fn build<W>(options: &LogOptions, stderr: W, kind: Stderr) -> Result<(Boxed, Logs), LogsError>
where
    W: io::Write + Send + 'static,
{
    let mut logs = Logs { counters: Vec::new(), _workers: Vec::new() };
    let filter = EnvFilter::try_new(&options.level)?;
    let queue = logs.queue("log-stderr", stderr);
    let to_stderr = layer(options.json, kind, Masked::new(queue, options.mask, kind == Stderr::Journal));
    let to_files = match &options.dir {
        Some(dir) => {
            let dropped = Arc::new(OnceLock::new());
            let notice = if options.json { json_notice } else { text_notice };
            let file =
                CappedFile::open(dir.clone(), options.max_size, options.files, dropped.clone(), notice)
                    .map_err(|source| LogsError::Open { path: dir.join(capped::NAME), source })?;
            let queue = logs.queue("log-file", file);
            // Set once, here.
            let _ = dropped.set(queue.error_counter());
            Some(layer(options.json, Stderr::Plain, Masked::new(queue, options.mask, false)))
        }
        None => None,
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(to_stderr).with(to_files);
    Ok((Box::new(subscriber), logs))
}

impl Logs {
    fn queue<W: io::Write + Send + 'static>(&mut self, name: &str, writer: W) -> NonBlocking {
        let builder = NonBlockingBuilder::default().buffered_lines_limit(QUEUE).lossy(true).thread_name(name);
        let (queue, worker) = builder.finish(writer);
        self.counters.push(queue.error_counter());
        self._workers.push(worker);
        queue
    }
}

fn layer<S>(json: bool, kind: Stderr, writer: Masked) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(kind == Stderr::Colour);
    match (json, kind) {
        (true, _) => layer.json().flatten_event(true).boxed(),
        // The prefix tells the journal the level, so the words need not.
        (false, Stderr::Journal) => layer.without_time().with_level(false).boxed(),
        (false, _) => layer.boxed(),
    }
}

fn text_notice(lines: usize) -> String {
    format!(
        "{} WARN relais::ops::logs: {lines} log lines were dropped: they came faster than they could be written\n",
        jiff::Timestamp::now()
    )
}

fn json_notice(lines: usize) -> String {
    let time = jiff::Timestamp::now();
    format!(
        "{{\"timestamp\":\"{time}\",\"level\":\"WARN\",\"message\":\"log lines were dropped: they came faster than they could be written\",\"lines\":{lines},\"target\":\"relais::ops::logs\"}}\n"
    )
}

#[cfg(test)]
mod tests;
