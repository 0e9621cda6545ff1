//! Memory and open files: enough for what is configured.

use super::Check;
use crate::config::Config;
use crate::ops::machine::{Memory, OpenFiles, open_files};

/// FFmpeg children, the catalogue and the page cache want some too.
const SPARE: u64 = 128 << 20;
/// Files beside connections: database, logs, sources, pipes.
const OWN_FILES: u64 = 256;

pub(super) fn check(config: &Config) -> Vec<Check> {
    let needed = u64::from(config.limits.connections) + OWN_FILES;
    vec![memory(Memory::read(), config.feed.memory_budget), files(open_files(), needed)]
}

fn memory(memory: Option<Memory>, budget: Option<u64>) -> Check {
    let mib = |bytes: u64| bytes >> 20;
    let Some(memory) = memory else {
        return Check::warn("memory", "can't be read", "mount /proc");
    };
    let words = format!("{} MiB available of {} MiB", mib(memory.available), mib(memory.total));
    match budget {
        Some(budget) if budget + SPARE > memory.total => {
            let words = format!("{words}, feed.memory_budget is {} MiB", mib(budget));
            Check::warn("memory", words, "lower feed.memory_budget, or set it to \"auto\"")
        }
        _ if memory.available < SPARE => Check::warn("memory", words, "stop other programs, or add memory"),
        _ => Check::ok("memory", words),
    }
}

fn files(files: OpenFiles, needed: u64) -> Check {
    match files.most {
        Some(most) if most < needed => {
            let words = format!("at most {most}, and limits.connections needs {needed}");
            Check::warn(
                "open files",
                words,
                "raise it (LimitNOFILE= of the unit, or `ulimit -Hn`), or lower limits.connections",
            )
        }
        Some(most) => Check::ok("open files", format!("at most {most}")),
        None => Check::ok("open files", "no limit"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn verdicts() {
        let have =
            |total: u64, available: u64| Some(Memory { total: total << 20, available: available << 20 });
        assert_eq!(memory(have(4096, 2048), None).verdict, Verdict::Ok);
        assert_eq!(memory(have(4096, 100), None).verdict, Verdict::Warn);
        assert_eq!(memory(have(1024, 900), Some(1 << 30)).verdict, Verdict::Warn);
        assert_eq!(memory(None, None).verdict, Verdict::Warn);
        assert_eq!(files(OpenFiles { now: Some(1024), most: Some(1024) }, 2000).verdict, Verdict::Warn);
        assert_eq!(files(OpenFiles { now: Some(1024), most: Some(4096) }, 2000).verdict, Verdict::Ok);
        assert_eq!(files(OpenFiles { now: None, most: None }, 2000).verdict, Verdict::Ok);
    }
}
