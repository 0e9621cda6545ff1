//! Masks each line on its way into a queue, and marks its level for the journal.

use super::Mask;
use std::io::{self, Write};
use tracing::{Level, Metadata};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::fmt::MakeWriter;

/// Makes the writers of one destination.
pub(super) struct Masked {
    queue: NonBlocking,
    mask: Mask,
    journal: bool,
}

impl Masked {
    pub(super) fn new(queue: NonBlocking, mask: Mask, journal: bool) -> Self {
        Self { queue, mask, journal }
    }
}

/// Writes one event, which tracing-subscriber hands over whole.
pub(super) struct Line {
    queue: NonBlocking,
    mask: Mask,
    prefix: &'static str,
}

impl<'a> MakeWriter<'a> for Masked {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { queue: self.queue.clone(), mask: self.mask, prefix: "" }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line {
        // syslog(3) priorities, as sd-daemon(3) has them in front of a line.
        let prefix = match *metadata.level() {
            _ if !self.journal => "",
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        };
        Line { prefix, ..self.make_writer() }
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let masked = format!("{}{}", self.prefix, (self.mask)(&text));
        self.queue.write_all(masked.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.queue.flush()
    }
}
