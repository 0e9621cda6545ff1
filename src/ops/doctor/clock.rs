//! The clock: links, tokens and certificates are judged by it.

use super::{Check, ProviderFound};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nobody built this before 2025-01-01.
const EARLIEST: u64 = 1_735_689_600;
/// 2100-01-01: boards without a battery also wake up in the far future.
const LATEST: u64 = 4_102_444_800;
/// A difference to others that does no harm; `Date` has whole seconds and answers take a while.
const CLOSE: Duration = Duration::from_secs(30);

/// Whether something keeps the clock right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discipline {
    /// Synchronised, or a daemon that does so runs.
    Kept,
    /// systemd-timesyncd runs and has not reached a server since the start.
    Waiting,
    /// None that we know.
    Unknown,
}

/// All that is known about the time.
pub(super) struct Clock {
    now: SystemTime,
    /// Our time minus theirs: the smallest difference to any provider, in seconds.
    ahead: Option<i64>,
    discipline: Discipline,
}

impl Clock {
    pub(super) fn read(root: &Path, providers: &[ProviderFound]) -> Self {
        let now = SystemTime::now();
        let seconds = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            i64::try_from(since).unwrap_or(i64::MAX)
        };
        let dates = providers.iter().filter_map(|provider| *provider.answer.as_ref().ok()?);
        let ahead = dates.map(|date| seconds(now) - seconds(date)).min_by_key(|ahead| ahead.unsigned_abs());
        Self { now, ahead, discipline: discipline(root) }
    }
}

fn discipline(root: &Path) -> Discipline {
    let there = |path: &str| root.join(path).exists();
    if there("run/systemd/timesync/synchronized") || there("run/chrony/chronyd.pid") || there("run/ntpd.pid")
    {
        return Discipline::Kept;
    }
    if there("run/systemd/timesync") { Discipline::Waiting } else { Discipline::Unknown }
}

pub(super) fn check(clock: &Clock) -> Check {
    const SET: &str = "set it: `timedatectl set-ntp true`";
    let since = clock.now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if !(EARLIEST..LATEST).contains(&since) {
        return Check::fail("clock", "the year can't be right", SET);
    }
    if let Some(ahead) = clock.ahead.filter(|ahead| ahead.unsigned_abs() > CLOSE.as_secs()) {
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        let words = format!("{} s {side} the providers' clocks", ahead.unsigned_abs());
        return Check::fail("clock", words, SET);
    }
    let agrees = if clock.ahead.is_some() { "agrees with the providers' clocks" } else { "plausible" };
    match clock.discipline {
        Discipline::Kept => Check::ok("clock", format!("{agrees}, synchronised")),
        Discipline::Waiting => Check::warn(
            "clock",
            format!("{agrees}, not synchronised yet"),
            "see `timedatectl timesync-status`",
        ),
        // In a container the host keeps it.
        Discipline::Unknown => Check::ok("clock", agrees),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    fn verdict(seconds: u64, ahead: Option<i64>, discipline: Discipline) -> Verdict {
        check(&Clock { now: UNIX_EPOCH + Duration::from_secs(seconds), ahead, discipline }).verdict
    }

    #[test]
    fn verdicts() {
        let now = 1_760_000_000;
        assert_eq!(verdict(now, Some(-2), Discipline::Kept), Verdict::Ok);
        assert_eq!(verdict(now, None, Discipline::Unknown), Verdict::Ok);
        assert_eq!(verdict(now, None, Discipline::Waiting), Verdict::Warn);
        assert_eq!(verdict(now, Some(3600), Discipline::Kept), Verdict::Fail);
        assert_eq!(verdict(now, Some(-31), Discipline::Kept), Verdict::Fail);
        assert_eq!(verdict(0, None, Discipline::Kept), Verdict::Fail);
        assert_eq!(verdict(LATEST, None, Discipline::Kept), Verdict::Fail);
    }

    #[test]
    fn the_provider_that_agrees_best_is_believed() {
        let root = tempfile::tempdir().expect("directory");
        let provider = |seconds: u64, answer: bool| ProviderFound {
            name: "p".to_owned(),
            answer: if answer {
                Ok(Some(SystemTime::now() - Duration::from_secs(seconds)))
            } else {
                Err("down".into())
            },
            exposed_schemes: Vec::new(),
        };
        let clock = Clock::read(root.path(), &[provider(7200, true), provider(1, true), provider(0, false)]);
        assert!(clock.ahead.is_some_and(|ahead| (0..=2).contains(&ahead)));
        assert_eq!(clock.discipline, Discipline::Unknown);
        std::fs::create_dir_all(root.path().join("run/systemd/timesync")).expect("directories");
        assert_eq!(discipline(root.path()), Discipline::Waiting);
        std::fs::write(root.path().join("run/systemd/timesync/synchronized"), "").expect("write");
        assert_eq!(discipline(root.path()), Discipline::Kept);
    }
}
