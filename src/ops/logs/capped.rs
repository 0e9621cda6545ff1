//! Log files whose size and number are bounded: `relais.log`, then `relais.log.1` (the newest closed
//! one) and up. tracing-appender rotates by time only, so a storm of errors would fill the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tracing_appender::non_blocking::ErrorCounter;

/// The open file's name.
pub(super) const NAME: &str = "relais.log";

/// Says, in the log's own format, that lines were dropped.
pub(super) type DropNotice = fn(usize) -> String;

/// Writes whole lines; closes the file before it would grow beyond its cap. The files together take at most
/// `max_size × files` bytes.
pub(super) struct CappedFile {
    dir: PathBuf,
    max_size: u64,
    files: u32,
    file: File,
    written: u64,
    /// Lines that found the queue full; set once the queue exists.
    dropped: Arc<OnceLock<ErrorCounter>>,
    reported: usize,
    notice: DropNotice,
}

impl CappedFile {
    /// Goes on with the file that is there. `files` counts the open one.
    pub(super) fn open(
        dir: PathBuf,
        max_size: u64,
        files: u32,
        dropped: Arc<OnceLock<ErrorCounter>>,
        notice: DropNotice,
    ) -> io::Result<Self> {
        let file = append(&dir)?;
        let written = file.metadata()?.len();
        Ok(Self { dir, max_size, files, file, written, dropped, reported: 0, notice })
    }

    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        let longest = usize::try_from(self.max_size).unwrap_or(usize::MAX);
        let line = &line[..line.len().min(longest)];
        if self.written > 0 && self.written + line.len() as u64 > self.max_size {
            self.roll()?;
        }
        self.file.write_all(line)?;
        self.written += line.len() as u64;
        Ok(())
    }

    fn roll(&mut self) -> io::Result<()> {
        let numbered = |number: u32| self.dir.join(format!("{NAME}.{number}"));
        let open = self.dir.join(NAME);
        let closed = self.files.saturating_sub(1);
        if closed == 0 {
            self.file.set_len(0)?;
            self.written = 0;
            return Ok(());
        }
        for number in (1..closed).rev() {
            // Gaps are normal until there are as many files as allowed.
            let _ = fs::rename(numbered(number), numbered(number + 1));
        }
        fs::rename(&open, numbered(1))?;
        self.file = append(&self.dir)?;
        self.written = 0;
        Ok(())
    }
}

fn append(dir: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(dir.join(NAME))
}

impl Write for CappedFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let dropped = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if dropped > self.reported {
            let notice = (self.notice)(dropped - self.reported);
            self.reported = dropped;
            self.put(notice.as_bytes())?;
        }
        self.put(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sizes(dir: &Path) -> Vec<(String, u64)> {
        let mut sizes: Vec<_> = fs::read_dir(dir)
            .expect("list")
            .map(|entry| {
                let entry = entry.expect("entry");
                (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("metadata").len())
            })
            .collect();
        sizes.sort();
        sizes
    }

    fn open(dir: &Path, max_size: u64, files: u32) -> CappedFile {
        CappedFile::open(dir.to_owned(), max_size, files, Arc::default(), |n| format!("{n} dropped\n"))
            .expect("open")
    }

    #[test]
    fn neither_size_nor_number_grows_beyond_the_caps() {
        let dir = tempfile::tempdir().expect("directory");
        let mut file = open(dir.path(), 100, 3);
        for number in 0..200 {
            file.write_all(format!("line {number:04}\n").as_bytes()).expect("write");
        }
        let sizes = sizes(dir.path());
        assert_eq!(
            sizes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["relais.log", "relais.log.1", "relais.log.2"]
        );
        assert!(sizes.iter().all(|(_, size)| (1..=100).contains(size)), "{sizes:?}");
        let newest = fs::read_to_string(dir.path().join(NAME)).expect("read");
        assert!(newest.ends_with("line 0199\n"), "{newest}");
        file.write_all(&[b'x'; 1000]).expect("write");
        assert_eq!(fs::metadata(dir.path().join(NAME)).expect("metadata").len(), 100);
    }

    #[test]
    fn a_restart_goes_on_where_it_was_and_one_file_is_enough() {
        let dir = tempfile::tempdir().expect("directory");
        open(dir.path(), 20, 1).write_all(b"first 8\n").expect("write");
        let mut file = open(dir.path(), 20, 1);
        file.write_all(b"second8\n").expect("write");
        assert_eq!(sizes(dir.path()), [(NAME.to_owned(), 16)]);
        file.write_all(b"third 8\n").expect("write");
        assert_eq!(fs::read_to_string(dir.path().join(NAME)).expect("read"), "third 8\n");
    }
}
