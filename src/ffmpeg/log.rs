//! FFmpeg's log: lines with a level, the last few kept, secrets hidden.

use crate::net::mask::Secrets;
use std::collections::VecDeque;

/// Lines kept.
const KEPT: usize = 50;
/// A line's longest form.
const LONGEST: usize = 500;

/// One line of FFmpeg's log, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `error` and worse, not a warning.
    pub error: bool,
    /// Without level and without the addresses that FFmpeg prints.
    pub text: String,
}

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: VecDeque<Line>,
}

impl Log {
    pub(super) fn push(&mut self, line: Line) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.iter().cloned().collect()
    }
}

/// `[tcp @ 0x55f] [error] Connection refused` → error, `tcp: Connection refused`. Level `fatal` and `panic` count as
/// errors; a line without level (a library's own printing) as a warning.
pub(super) fn parse(raw: &str, secrets: &Secrets) -> Option<Line> {
    let mut rest = raw.trim_end();
    if rest.trim().is_empty() {
        return None;
    }
    let mut context = "";
    let mut error = false;
    while let Some((inside, after)) = rest.strip_prefix('[').and_then(|open| open.split_once("] ")) {
        match inside {
            "error" | "fatal" | "panic" => error = true,
            "warning" | "info" => {}
            _ => match inside.split_once(" @ ") {
                Some((name, _)) if context.is_empty() => context = name,
                Some(_) => {}
                None => break,
            },
        }
        rest = after;
    }
    let text = if context.is_empty() { rest.to_owned() } else { format!("{context}: {rest}") };
    let text: String = secrets.hide(&text).chars().take(LONGEST).collect();
    Some(Line { error, text })
}

/// Whether the line says that timestamps went back by more than a second, which the muxer "repairs" by squeezing
/// all that follows into single ticks until the old time is reached.
pub(super) fn is_time_jump(text: &str) -> bool {
    let number = |key: &str| -> Option<i64> {
        let after = &text[text.find(key)? + key.len()..];
        let end = after.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(after.len());
        after[..end].parse().ok()
    };
    if !text.contains("DTS in output stream") && !text.contains("dts to muxer") {
        return false;
    }
    match (number("previous: "), number("current: ")) {
        (Some(previous), Some(current)) => previous - current > 90_000,
        _ => false,
    }
}

/// The codec that the TS muxer can't describe, and whether it is a picture's.
pub(super) fn uncarried(text: &str) -> Option<(String, bool)> {
    const SOUNDS: [&str; 14] = [
        "pcm_",
        "adpcm_",
        "speex",
        "vorbis",
        "flac",
        "alac",
        "nellymoser",
        "g7",
        "gsm",
        "amr",
        "wma",
        "opus",
        "cook",
        "mp1",
    ];
    text.find("muxed as a private data stream")?;
    let codec = text[text.find("codec ")? + 6..].split(',').next()?.to_owned();
    let video = !SOUNDS.iter().any(|sound| codec.starts_with(sound));
    Some((codec, video))
}

#[cfg(test)]
mod tests {
    use super::{Line, Log, is_time_jump, parse, uncarried};
    use crate::net::mask::Secrets;

    #[test]
    fn lines_lose_addresses_and_secrets_and_keep_words() {
        let secrets = Secrets::of_url("rtmp://h/live/KEY123");
        let line = |raw: &str| parse(raw, &secrets).expect("line");
        assert_eq!(
            line("[rtmp @ 0x5598d5b460c0] [error] Server error: Failed to play KEY123"),
            Line { error: true, text: "rtmp: Server error: Failed to play …".to_owned() }
        );
        assert_eq!(
            line("[error] rtmp://h:1935/live/KEY123: Connection refused"),
            Line { error: true, text: "rtmp://h/… Connection refused".replace("… ", "…: ") }
        );
        assert_eq!(line("[warning] [odd] x"), Line { error: false, text: "[odd] x".to_owned() });
        assert_eq!(parse("  ", &secrets), None);
    }

    #[test]
    fn the_last_fifty_are_kept() {
        let mut log = Log::default();
        for n in 0..120 {
            log.push(Line { error: false, text: n.to_string() });
        }
        let lines = log.lines();
        assert_eq!((lines.len(), lines[0].text.as_str(), lines[49].text.as_str()), (50, "70", "119"));
    }

    #[test]
    fn a_jump_back_is_seen_and_jitter_is_not() {
        let at = |previous: i64, current: i64| {
            is_time_jump(&format!(
                "Non-monotonous DTS in output stream 0:0; previous: {previous}, current: {current}; changing to 1."
            ))
        };
        assert!(at(900_000, 3_600));
        assert!(!at(900_000, 899_000));
        assert!(is_time_jump(
            "Application provided invalid, non monotonically increasing dts to muxer in stream 0: previous: 900000, current: 5"
        ));
        assert!(!is_time_jump("previous: 900000, current: 0"));
    }

    #[test]
    fn codecs_that_ts_can_not_carry() {
        let text = |codec: &str| {
            format!(
                "mpegts: Stream 0, codec {codec}, is muxed as a private data stream and may not be recognized upon reading."
            )
        };
        assert_eq!(uncarried(&text("av1")), Some(("av1".to_owned(), true)));
        assert_eq!(uncarried(&text("pcm_alaw")), Some(("pcm_alaw".to_owned(), false)));
        assert_eq!(uncarried("other"), None);
    }
}
