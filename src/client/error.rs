//! Why the service did not do what it was asked, in words for the person at the terminal.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::io;
use std::path::{Path, PathBuf};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("relais is not running (no service at {}). Start it with `systemctl start relais` or `relais serve`", socket.display())]
    NotRunning {
        /// The admin socket.
        socket: PathBuf,
    },
    /// The socket is there, and this user may not open it.
    #[error("this user may not use {}. Join the group of that socket (`usermod -aG relais NAME`, then sign in again), or use sudo", socket.display())]
    Denied {
        /// The admin socket.
        socket: PathBuf,
    },
    /// It could not be connected to for another reason.
    #[error("can't connect to {}: {source}", socket.display())]
    Connect {
        /// The admin socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The service understood and said no (the error body of the contract).
    #[error("{message}{}", fields(message, details))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// `STREAM_NOT_FOUND` and the like; empty where the answer had no error body.
        code: String,
        /// For people.
        message: String,
        /// For a validation error: each bad field and why.
        details: Map<String, Value>,
    },
    /// What came was not what this version expects.
    #[error("the service at {} gave an answer that can't be used: {why}. Is it the same version as this command?", socket.display())]
    Garbled {
        /// The admin socket.
        socket: PathBuf,
        /// What did not fit.
        why: String,
    },
    /// Nothing came for a minute.
    #[error("the service at {} does not answer", socket.display())]
    Slow {
        /// The admin socket.
        socket: PathBuf,
    },
}

impl ClientError {
    pub(super) fn connect(socket: &Path, source: io::Error) -> Self {
        let socket = socket.to_owned();
        match source.kind() {
            // Refused: the file is there, but whoever made it is gone.
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::NotRunning { socket },
            io::ErrorKind::PermissionDenied => Self::Denied { socket },
            _ => Self::Connect { socket, source },
        }
    }

    pub(super) fn refused(status: u16, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Body {
            error: Info,
        }
        #[derive(Deserialize)]
        struct Info {
            code: String,
            message: String,
            #[serde(default)]
            details: Option<Map<String, Value>>,
        }
        match serde_json::from_slice::<Body>(body) {
            Ok(Body { error: Info { code, message, details } }) => {
                Self::Refused { status, code, message, details: details.unwrap_or_default() }
            }
            Err(_) => Self::Refused {
                status,
                code: String::new(),
                message: format!("the service answered {status}"),
                details: Map::new(),
            },
        }
    }

    /// Whether what was named does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether no service listens.
    pub fn is_not_running(&self) -> bool {
        matches!(self, Self::NotRunning { .. })
    }
}

/// ` (host: must be a URL; name: is taken)` where each detail is a text; nothing for other details.
fn fields(message: &str, details: &Map<String, Value>) -> String {
    // The service's own messages name the fields already, and when it was asked helps nobody here.
    let untold =
        |name: &str, why: &str| name != "requested_at" && !(message.contains(name) && message.contains(why));
    let texts: Option<Vec<_>> =
        details.iter().map(|(name, why)| why.as_str().map(|why| (name.as_str(), why))).collect();
    let texts: Vec<_> = texts.into_iter().flatten().filter(|(name, why)| untold(name, why)).collect();
    match texts.as_slice() {
        [] => String::new(),
        texts => {
            let texts: Vec<_> = texts.iter().map(|(name, why)| format!("{name}: {why}")).collect();
            format!(" ({})", texts.join("; "))
        }
    }
}
