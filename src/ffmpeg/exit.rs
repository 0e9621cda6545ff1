//! Why a process ended: a reason from its status and its last words.

use super::log::{self, Line};
use crate::wire::Reason;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The end of a process. `detail` is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Why.
    pub reason: Reason,
    /// FFmpeg's last words that tell, or what the status says.
    pub detail: String,
    /// Whether relais ended it.
    pub stopped: bool,
    /// The last lines of the log, oldest first.
    pub log: Vec<Line>,
}

/// Words in FFmpeg's log, in lower case, and what they mean; the first that fits counts.
const WORDS: [(&str, Reason); 42] = [
    ("401 unauthorized", Reason::Auth),
    ("403 forbidden", Reason::Auth),
    ("authorization failed", Reason::Auth),
    ("authentication failed", Reason::Auth),
    ("connect.rejected", Reason::Auth),
    ("access denied", Reason::Auth),
    ("badsecret", Reason::Auth),
    ("incorrect passphrase", Reason::Auth),
    ("404 not found", Reason::NotFound),
    ("stream not found", Reason::NotFound),
    ("streamnotfound", Reason::NotFound),
    ("no such stream", Reason::NotFound),
    ("454 session not found", Reason::NotFound),
    ("429 too many", Reason::Limit),
    ("453 not enough bandwidth", Reason::Limit),
    ("connection refused", Reason::Network),
    ("timed out", Reason::Network),
    ("timeout", Reason::Network),
    ("connection reset", Reason::Network),
    ("network is unreachable", Reason::Network),
    ("no route to host", Reason::Network),
    ("failed to resolve", Reason::Network),
    ("name or service not known", Reason::Network),
    ("temporary failure in name resolution", Reason::Network),
    ("cannot open connection", Reason::Network),
    ("tls handshake", Reason::Network),
    ("certificate", Reason::Network),
    ("muxed as a private data stream", Reason::Codec),
    ("could not find codec parameters", Reason::Codec),
    ("unsupported codec", Reason::Codec),
    ("could not write header", Reason::Codec),
    ("does not contain any stream", Reason::Codec),
    ("matches no streams", Reason::Codec),
    ("decoder not found", Reason::Codec),
    ("encoder not found", Reason::Internal),
    ("unknown encoder", Reason::Internal),
    ("protocol not found", Reason::Unsupported),
    ("not on whitelist", Reason::Unsupported),
    ("unrecognized option", Reason::Internal),
    ("option not found", Reason::Internal),
    ("invalid data found", Reason::NotMedia),
    ("input/output error", Reason::Network),
];

/// The reason, from the status, the log and whether the end was ours.
pub(super) fn judge(status: Option<ExitStatus>, stopped: bool, log: Vec<Line>) -> Exit {
    let told = log.iter().rev().filter(|line| line.error);
    let words = told.clone().find_map(|line| Some((reason_of(&line.text)?, line.text.clone())));
    let last = || told.clone().next().map(|line| line.text.clone());
    let (reason, detail) = match status {
        _ if stopped => (Reason::Ended, "stopped".to_owned()),
        None => (Reason::Internal, "FFmpeg's end could not be observed".to_owned()),
        Some(status) => match (status.signal(), status.code()) {
            (Some(signal), _) => (Reason::Killed, format!("FFmpeg was ended by signal {signal}")),
            (None, Some(0)) => match words {
                // FFmpeg ends with 0 after input errors in mid-stream: they are in the log.
                Some((reason, text)) if reason == Reason::Network => (reason, text),
                _ => (Reason::Ended, "the source ended the stream".to_owned()),
            },
            (None, code) => words.unwrap_or_else(|| {
                let text =
                    last().unwrap_or_else(|| format!("FFmpeg ended with status {}", code.unwrap_or(-1)));
                (Reason::Network, text)
            }),
        },
    };
    Exit { reason, detail, stopped, log }
}

fn reason_of(text: &str) -> Option<Reason> {
    if log::uncarried(text).is_some_and(|(_, video)| !video) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    WORDS.iter().find(|(words, _)| lower.contains(words)).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::{Line, judge};
    use crate::wire::Reason;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn error(text: &str) -> Line {
        Line { error: true, text: text.to_owned() }
    }

    fn reason(code: i32, text: &str) -> Reason {
        judge(Some(ExitStatus::from_raw(code << 8)), false, vec![error(text), error("Conversion failed!")])
            .reason
    }

    #[test]
    fn words_and_statuses() {
        assert_eq!(reason(1, "rtsp: method DESCRIBE failed: 401 Unauthorized"), Reason::Auth);
        assert_eq!(reason(1, "rtsp: method DESCRIBE failed: 404 Not Found"), Reason::NotFound);
        assert_eq!(reason(1, "tcp: Connection to tcp://h/… failed: Connection refused"), Reason::Network);
        assert_eq!(reason(1, "pipe:0: Invalid data found when processing input"), Reason::NotMedia);
        assert_eq!(reason(1, "Could not write header for output file #0"), Reason::Codec);
        assert_eq!(reason(1, "something new"), Reason::Network);
        assert_eq!(reason(0, "something new"), Reason::Ended);
        assert_eq!(reason(0, "rtmp://h/…: Connection reset by peer"), Reason::Network);
    }

    #[test]
    fn signals_and_our_own_stop() {
        let killed = judge(Some(ExitStatus::from_raw(9)), false, vec![]);
        assert_eq!((killed.reason, killed.detail.as_str()), (Reason::Killed, "FFmpeg was ended by signal 9"));
        let stopped = judge(Some(ExitStatus::from_raw(9)), true, vec![error("Connection refused")]);
        assert_eq!((stopped.reason, stopped.stopped), (Reason::Ended, true));
        assert_eq!(judge(None, false, vec![]).reason, Reason::Internal);
    }

    #[test]
    fn warnings_do_not_decide_and_the_newest_error_does() {
        let warning = Line { error: false, text: "Connection refused".to_owned() };
        let exit = judge(
            Some(ExitStatus::from_raw(1 << 8)),
            false,
            vec![error("404 Not Found"), error("timed out"), warning],
        );
        assert_eq!((exit.reason, exit.detail.as_str(), exit.log.len()), (Reason::Network, "timed out", 3));
    }
}
