//! FFmpeg's `-progress` blocks: `key=value` lines, each block ended by `progress=…`.

use std::time::Duration;

/// How far FFmpeg has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Video frames written.
    pub frames: u64,
    /// Media time written.
    pub out_time: Option<Duration>,
    /// Bytes written.
    pub bytes: u64,
    /// Media time over wall time.
    pub speed: Option<f64>,
    /// Frames dropped.
    pub dropped: u64,
}

/// Collects lines into blocks.
#[derive(Debug, Default)]
pub(super) struct Parser {
    block: Progress,
}

/// What a line of stderr was.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// Part of a block that goes on.
    Part,
    /// A block ended.
    Block(Progress),
    /// Not progress: a line of the log.
    Log,
}

impl Parser {
    pub(super) fn line(&mut self, line: &str) -> Parsed {
        let Some((key, value)) = line.split_once('=') else { return Parsed::Log };
        let value = value.trim();
        match key {
            "frame" => self.block.frames = value.parse().unwrap_or(0),
            "out_time_us" => self.block.out_time = value.parse().ok().map(Duration::from_micros),
            "total_size" => self.block.bytes = value.parse().unwrap_or(0),
            "speed" => self.block.speed = value.trim_end_matches('x').trim().parse().ok(),
            "drop_frames" => self.block.dropped = value.parse().unwrap_or(0),
            "progress" => return Parsed::Block(std::mem::take(&mut self.block)),
            "fps" | "bitrate" | "out_time_ms" | "out_time" | "dup_frames" => {}
            _ if key.starts_with("stream_") && key.ends_with("_q") => {}
            _ => return Parsed::Log,
        }
        Parsed::Part
    }
}

#[cfg(test)]
mod tests {
    use super::{Parsed, Parser, Progress};
    use std::time::Duration;

    #[test]
    fn blocks_and_log_lines_are_told_apart() {
        let mut parser = Parser::default();
        let text = "frame=25\nfps=0.00\nstream_0_0_q=1.6\nbitrate= 532.9kbits/s\ntotal_size=61288\nout_time_us=920011\nout_time_ms=920011\nout_time=00:00:00.920011\ndup_frames=0\ndrop_frames=3\nspeed=28.5x";
        for line in text.lines() {
            assert_eq!(parser.line(line), Parsed::Part, "{line}");
        }
        assert_eq!(parser.line("[tcp @ 0x1] [error] tcp://h?timeout=0 failed"), Parsed::Log);
        let expected = Progress {
            frames: 25,
            out_time: Some(Duration::from_micros(920_011)),
            bytes: 61_288,
            speed: Some(28.5),
            dropped: 3,
        };
        assert_eq!(parser.line("progress=continue"), Parsed::Block(expected));
        assert_eq!(parser.line("total_size=N/A"), Parsed::Part);
        assert_eq!(parser.line("progress=end"), Parsed::Block(Progress::default()));
    }
}
