//! Logging as a whole: what is written where, in which form, and what never is.

use super::*;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn options(dir: Option<&Path>, json: bool) -> LogOptions {
    let dir = dir.map(Path::to_owned);
    LogOptions { level: "info".to_owned(), json, dir, max_size: 1 << 20, files: 2, mask: mask_text }
}

/// What `log` writes to stderr; files are closed when it returns.
fn captured(options: &LogOptions, kind: Stderr, log: impl FnOnce()) -> String {
    let stderr = Captured::default();
    let (subscriber, logs) = build(options, stderr.clone(), kind).expect("logs");
    tracing::subscriber::with_default(subscriber, log);
    drop(logs);
    let bytes = stderr.0.lock().clone();
    String::from_utf8(bytes).expect("text")
}

fn planted() {
    let url = "http://someone:hunter2@provider.example:8080/live/someone/hunter2/1.ts";
    tracing::warn!(feed = "news", %url, password = "hunter2", "source lost: {url}");
    tracing::debug!("not at this level");
}

#[test]
fn planted_credentials_reach_no_destination_in_any_format() {
    for json in [false, true] {
        let dir = tempfile::tempdir().expect("directory");
        let stderr = captured(&options(Some(dir.path()), json), Stderr::Plain, planted);
        let file = std::fs::read_to_string(dir.path().join(capped::NAME)).expect("file");
        for text in [&stderr, &file] {
            assert!(!text.contains("hunter2") && !text.contains("someone"), "{text}");
            assert!(text.contains("http://provider.example:8080/…"), "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
            if json {
                let value: serde_json::Value = serde_json::from_str(text).expect("json");
                assert_eq!(value["feed"], "news");
            }
        }
    }
}

#[test]
fn the_journal_gets_levels_and_no_times() {
    let text = captured(&options(None, false), Stderr::Journal, || tracing::warn!("hello"));
    assert_eq!(text, "<4>relais::ops::logs::tests: hello\n");

    let file = tempfile::tempfile().expect("file");
    let stat = rustix::fs::fstat(&file).expect("stat");
    assert!(names_stream(Some(&format!("{}:{}", stat.st_dev, stat.st_ino)), &file));
    for other in [None, Some("1:1"), Some("nonsense")] {
        assert!(!names_stream(other, &file), "{other:?}");
    }
}

/// Blocks in its first write until it is let go.
struct Slow(Receiver<()>);

impl io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_destination_that_hangs_costs_lines_that_are_counted_and_never_the_caller() {
    let (release, gate) = sync_channel(0);
    let (subscriber, logs) = build(&options(None, false), Slow(gate), Stderr::Plain).expect("logs");
    tracing::subscriber::with_default(subscriber, || {
        for number in 0..QUEUE + 100 {
            tracing::info!(number, "line");
        }
    });
    assert!(logs.dropped_lines() >= 99, "{}", logs.dropped_lines());
    drop(release);
}

#[test]
fn drops_are_told_in_the_file_once() {
    let dir = tempfile::tempdir().expect("directory");
    let dropped = Arc::new(OnceLock::new());
    let mut file =
        CappedFile::open(dir.path().to_owned(), 1 << 20, 1, dropped.clone(), text_notice).expect("open");
    // A queue of one line behind a writer that hangs: the third line and on are dropped.
    let (release, gate) = sync_channel(0);
    let (mut queue, worker) =
        NonBlockingBuilder::default().buffered_lines_limit(1).lossy(true).finish(Slow(gate));
    for _ in 0..10 {
        io::Write::write_all(&mut queue, b"x\n").expect("queue");
    }
    let lost = queue.error_counter().dropped_lines();
    assert!(lost >= 8, "{lost}");
    dropped.set(queue.error_counter()).expect("set once");
    io::Write::write_all(&mut file, b"a\n").expect("write");
    io::Write::write_all(&mut file, b"b\n").expect("write");
    let text = std::fs::read_to_string(dir.path().join(capped::NAME)).expect("read");
    assert_eq!(text.matches("log lines were dropped").count(), 1, "{text}");
    assert!(text.contains(&format!("{lost} log lines")) && text.ends_with("a\nb\n"), "{text}");
    drop(release);
    drop(worker);
}
