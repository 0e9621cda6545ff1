//! FFmpeg: there, recent enough, able.

use super::Check;
use std::path::PathBuf;

/// The oldest major version that relais is tested with (Debian 12 has 5.1).
const OLDEST: u32 = 5;

/// What the probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FfmpegFound {
    /// The program.
    pub path: PathBuf,
    /// As it says itself: `5.1.6-0+deb12u1`, `n7.1`, `N-118000-g…`.
    pub version: String,
    /// Abilities that relais uses and this build lacks, such as `encoder libx264`.
    pub missing: Vec<String>,
}

const INSTALL: &str = "install it (Debian: `apt install ffmpeg`), or set ffmpeg.path";

pub(super) fn check(found: &Result<FfmpegFound, String>) -> Check {
    let found = match found {
        Ok(found) => found,
        Err(why) => return Check::fail("ffmpeg", why.clone(), INSTALL),
    };
    let words = format!("{} at {}", found.version, found.path.display());
    if major(&found.version).is_some_and(|major| major < OLDEST) {
        return Check::warn("ffmpeg", format!("{words} is older than {OLDEST}.0"), "update it");
    }
    if !found.missing.is_empty() {
        let words = format!("{words} lacks {}", found.missing.join(", "));
        return Check::warn("ffmpeg", words, "install a full build (Debian: `apt install ffmpeg`)");
    }
    Check::ok("ffmpeg", words)
}

/// The major version; development builds (`N-…`) have none.
fn major(version: &str) -> Option<u32> {
    let digits = version.trim_start_matches('n').split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn verdicts() {
        let found = |version: &str, missing: &[&str]| {
            let missing = missing.iter().map(|&what| what.to_owned()).collect();
            check(&Ok(FfmpegFound { path: "/usr/bin/ffmpeg".into(), version: version.to_owned(), missing }))
                .verdict
        };
        assert_eq!(found("5.1.6-0+deb12u1", &[]), Verdict::Ok);
        assert_eq!(found("n7.1", &[]), Verdict::Ok);
        assert_eq!(found("N-118000-gabcdef", &[]), Verdict::Ok);
        assert_eq!(found("4.4.2", &[]), Verdict::Warn);
        assert_eq!(found("7.1", &["encoder libx264"]), Verdict::Warn);
        assert_eq!(check(&Err("there is no ffmpeg in PATH".to_owned())).verdict, Verdict::Fail);
    }
}
