//! Which FFmpeg there is and what it can do.

use super::orphans::Ledger;
use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

/// A probe takes well under a second; a network file system may take longer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(15);

/// How FFmpeg is found.
#[derive(Debug, Clone, Default)]
pub struct ToolOptions {
    /// The executable; otherwise `ffmpeg` in `PATH`.
    pub path: Option<PathBuf>,
    /// The file that running children are written into; see [`super::orphans`].
    pub ledger: Option<PathBuf>,
}

/// There is no usable FFmpeg.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Nothing in `PATH`.
    #[error(
        "FFmpeg is not installed: no \"ffmpeg\" in PATH (Debian: apt install ffmpeg), or name it in the configuration"
    )]
    Missing,
    /// The configured path is no executable file.
    #[error("the configured FFmpeg, {0}, is not an executable file")]
    NotExecutable(PathBuf),
    /// It does not answer as FFmpeg does.
    #[error("{path} does not work as FFmpeg: {why}")]
    Broken {
        /// The executable.
        path: PathBuf,
        /// What went wrong.
        why: String,
    },
}

/// What an FFmpeg build can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// `5.1.9-0+deb12u1`.
    pub version: String,
    /// Protocols it can read.
    pub protocols: BTreeSet<String>,
    /// Formats it can write.
    pub muxers: BTreeSet<String>,
    /// Formats it can read.
    pub demuxers: BTreeSet<String>,
    /// Encoders.
    pub encoders: BTreeSet<String>,
}

impl Abilities {
    /// What relais needs and this build lacks, in words; empty: all there.
    pub fn lacks(&self) -> Vec<String> {
        let check = |kind: &str, set: &BTreeSet<String>, names: &[&str]| -> Vec<String> {
            names.iter().filter(|name| !set.contains(**name)).map(|name| format!("{kind} {name}")).collect()
        };
        let mut lacking = check("muxer", &self.muxers, &["mpegts", "data"]);
        lacking.extend(check("demuxer", &self.demuxers, &["mpegts", "mov", "flv", "rtsp", "data"]));
        lacking.extend(check("protocol", &self.protocols, &["pipe", "tcp", "udp", "rtmp", "rtp", "srt"]));
        lacking.extend(check("encoder", &self.encoders, &["aac", "libx264"]));
        lacking
    }
}

/// An FFmpeg that works. Cheap to clone.
#[derive(Clone)]
pub struct Tool(Arc<Inner>);

struct Inner {
    path: PathBuf,
    abilities: Abilities,
    ledger: Option<Ledger>,
}

impl Tool {
    /// Finds FFmpeg and asks it what it can do.
    pub async fn find(options: ToolOptions) -> Result<Self, ToolError> {
        let path = match options.path {
            Some(path) if is_executable(&path) => path,
            Some(path) => return Err(ToolError::NotExecutable(path)),
            None => in_path().ok_or(ToolError::Missing)?,
        };
        let (version, protocols, muxers, demuxers, encoders) = tokio::join!(
            ask(&path, "-version"),
            ask(&path, "-protocols"),
            ask(&path, "-muxers"),
            ask(&path, "-demuxers"),
            ask(&path, "-encoders")
        );
        let version = version?;
        let version = version.strip_prefix("ffmpeg version ").and_then(|rest| rest.split_whitespace().next());
        let Some(version) = version else {
            return Err(ToolError::Broken { path, why: "it does not tell its version".to_owned() });
        };
        let abilities = Abilities {
            version: version.to_owned(),
            protocols: input_protocols(&protocols?),
            muxers: table(&muxers?),
            demuxers: table(&demuxers?),
            encoders: table(&encoders?),
        };
        Ok(Self(Arc::new(Inner { path, abilities, ledger: options.ledger.map(Ledger::new) })))
    }

    /// The executable.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// What it can do.
    pub fn abilities(&self) -> &Abilities {
        &self.0.abilities
    }

    pub(super) fn ledger(&self) -> Option<&Ledger> {
        self.0.ledger.as_ref()
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tool({} {})", self.0.path.display(), self.0.abilities.version)
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("ffmpeg")).find(|file| is_executable(file))
}

async fn ask(path: &Path, question: &str) -> Result<String, ToolError> {
    let broken = |why: String| ToolError::Broken { path: path.to_owned(), why };
    let mut command = tokio::process::Command::new(path);
    command.args(["-hide_banner", question]).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(PROBE_TIMEOUT, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(Ok(output)) => Err(broken(format!("{question} ended with {}", output.status))),
        Ok(Err(error)) => Err(broken(error.to_string())),
        Err(_) => Err(broken(format!("no answer to {question} within {} s", PROBE_TIMEOUT.as_secs()))),
    }
}

/// The lines between `Input:` and `Output:`.
fn input_protocols(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != "Input:").skip(1);
    lines.take_while(|line| *line != "Output:").map(str::to_owned).collect()
}

/// The names of a table of formats or encoders: flags, names (`mov,mp4,m4a`), description.
fn table(text: &str) -> BTreeSet<String> {
    let rows = text.lines().skip_while(|line| !line.trim_start().starts_with("--")).skip(1);
    let names = rows.filter_map(|line| line.split_whitespace().nth(1));
    names.flat_map(|names| names.split(',')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{Tool, ToolError, ToolOptions, input_protocols, table};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn tables_are_read() {
        let formats = "File formats:\n D. = Demuxing supported\n .E = Muxing supported\n --\n D  mov,mp4,m4a     QuickTime\n D  flv  FLV\n";
        assert_eq!(table(formats).into_iter().collect::<Vec<_>>(), ["flv", "m4a", "mov", "mp4"]);
        let encoders = "Encoders:\n V..... = Video\n ------\n V....D libx264   H.264\n A....D aac     AAC\n";
        assert_eq!(table(encoders).into_iter().collect::<Vec<_>>(), ["aac", "libx264"]);
        let protocols = "Supported file protocols:\nInput:\n  tcp\n  srt\nOutput:\n  md5\n";
        assert_eq!(input_protocols(protocols).into_iter().collect::<Vec<_>>(), ["srt", "tcp"]);
    }

    #[tokio::test]
    async fn the_installed_ffmpeg_can_do_what_is_needed() {
        let tool = Tool::find(ToolOptions::default()).await.expect("ffmpeg");
        assert!(tool.path().is_absolute());
        assert!(tool.abilities().version.starts_with(|c: char| c.is_ascii_digit() || c == 'n' || c == 'N'));
        assert_eq!(tool.abilities().lacks(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_wrong_path_is_said_clearly() {
        let dir = tempfile::tempdir().expect("dir");
        let plain = dir.path().join("ffmpeg");
        std::fs::write(&plain, "text").expect("write");
        std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o644)).expect("mode");
        let find = |path: &str| Tool::find(ToolOptions { path: Some(path.into()), ledger: None });
        assert!(matches!(find("/nonexistent/ffmpeg").await, Err(ToolError::NotExecutable(_))));
        assert!(matches!(find(plain.to_str().expect("utf-8")).await, Err(ToolError::NotExecutable(_))));
        assert!(matches!(find("/bin/true").await, Err(ToolError::Broken { .. })));
        assert!(matches!(find("/bin/false").await, Err(ToolError::Broken { .. })));
    }
}
