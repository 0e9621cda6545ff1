//! Credentials in command lines: for RTSP, RTMP and SRT sources FFmpeg gets them as arguments, and every user
//! of the machine may read those unless `/proc` is mounted with `hidepid`.

use super::{Check, ProviderFound};
use std::path::Path;

pub(super) fn check(providers: &[ProviderFound], mounts: &Path) -> Option<Check> {
    let mut schemes: Vec<&str> =
        providers.iter().flat_map(|p| &p.exposed_schemes).map(String::as_str).collect();
    schemes.sort_unstable();
    schemes.dedup();
    if schemes.is_empty() {
        return None;
    }
    let schemes = schemes.join(", ");
    let mounts = std::fs::read_to_string(mounts).unwrap_or_default();
    Some(if hides_processes(&mounts) {
        Check::ok("privacy", format!("command lines with {schemes} credentials are hidden from other users"))
    } else {
        let words = format!(
            "other users of this machine can read the credentials of {schemes} sources in FFmpeg's command line"
        );
        Check::warn("privacy", words, "mount /proc with hidepid=invisible, or let nobody else in")
    })
}

/// Whether `/proc` in this list (`/proc/mounts`) hides other users' processes: `hidepid` of 1, 2, 4 or their names.
fn hides_processes(mounts: &str) -> bool {
    let proc = mounts.lines().filter(|line| line.split(' ').nth(1) == Some("/proc"));
    let Some(options) = proc.filter_map(|line| line.split(' ').nth(3)).next_back() else { return false };
    let value = options.split(',').find_map(|option| option.strip_prefix("hidepid="));
    value.is_some_and(|value| !matches!(value, "0" | "off"))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn only_where_it_matters() {
        let dir = tempfile::tempdir().expect("directory");
        let mounts = dir.path().join("mounts");
        std::fs::write(&mounts, "proc /proc proc rw,nosuid 0 0\n").expect("write");
        let provider = |schemes: &[&str]| ProviderFound {
            name: "p".to_owned(),
            answer: Ok(None),
            exposed_schemes: schemes.iter().map(|&scheme| scheme.to_owned()).collect(),
        };
        assert_eq!(check(&[provider(&[])], &mounts), None);
        let found = check(&[provider(&["srt", "rtsp"]), provider(&["rtsp"])], &mounts).expect("check");
        assert_eq!(found.verdict, Verdict::Warn);
        assert!(found.words.contains("rtsp, srt"));
        std::fs::write(&mounts, "proc /proc proc rw,hidepid=invisible 0 0\n").expect("write");
        assert_eq!(check(&[provider(&["srt"])], &mounts).expect("check").verdict, Verdict::Ok);
    }
}
