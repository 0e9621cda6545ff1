//! What this machine gives: memory and open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;

/// Memory in bytes, of the machine or of the control group that confines this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// What can be taken without swapping.
    pub available: u64,
}

impl Memory {
    /// Reads `/proc/meminfo` and this process's control group (v2); `None` where there is no `/proc`.
    pub fn read() -> Option<Self> {
        Self::read_under(Path::new("/"))
    }

    fn read_under(root: &Path) -> Option<Self> {
        let meminfo = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
        let mut memory = parse_meminfo(&meminfo)?;
        if let Some((limit, used)) = group(root) {
            memory.total = memory.total.min(limit);
            memory.available = memory.available.min(limit.saturating_sub(used));
        }
        Some(memory)
    }
}

fn parse_meminfo(text: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Memory { total: field("MemTotal:")?, available: field("MemAvailable:")? })
}

/// The tightest limit among our group and its parents, and what is used there.
fn group(root: &Path) -> Option<(u64, u64)> {
    let membership = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let own = membership.lines().find_map(|line| line.strip_prefix("0::"))?;
    let number = |path: &Path| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let groups = root.join("sys/fs/cgroup").join(own.trim_start_matches('/'));
    let limits = groups.ancestors().take_while(|dir| dir.starts_with(root.join("sys/fs/cgroup")));
    let limits = limits.filter_map(|dir| {
        let limit = number(&dir.join("memory.max"))?;
        Some((limit, number(&dir.join("memory.current")).unwrap_or(0)))
    });
    limits.min_by_key(|(limit, used)| limit.saturating_sub(*used))
}

/// How many files may be open: now, and after [`raise_open_files`]. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// The soft limit.
    pub now: Option<u64>,
    /// The hard limit.
    pub most: Option<u64>,
}

/// The limits on open files of this process.
pub fn open_files() -> OpenFiles {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    OpenFiles { now: current, most: maximum }
}

/// Raises the soft limit to the hard one (systemd leaves the soft one at 1024 for the sake of `select`, which
/// relais does not use) and returns what holds then. FFmpeg children inherit it.
pub fn raise_open_files() -> OpenFiles {
    let limit = getrlimit(Resource::Nofile);
    // A refusal leaves the limit as it was; the caller sees it in what is returned.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    open_files()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_control_groups_limit_is_the_machines() {
        let root = tempfile::tempdir().expect("directory");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("directories");
            fs::write(path, text).expect("write");
        };
        write("proc/meminfo", "MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:   1500 kB\n");
        let memory = Memory::read_under(root.path()).expect("memory");
        assert_eq!(memory, Memory { total: 2_048_000, available: 1_536_000 });
        write("proc/self/cgroup", "0::/system.slice/relais.service\n");
        write("sys/fs/cgroup/system.slice/relais.service/memory.max", "max\n");
        write("sys/fs/cgroup/system.slice/memory.max", "1000000\n");
        write("sys/fs/cgroup/system.slice/memory.current", "400000\n");
        let memory = Memory::read_under(root.path()).expect("memory");
        assert_eq!(memory, Memory { total: 1_000_000, available: 600_000 });
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let limits = raise_open_files();
        assert_eq!(limits.now, limits.most);
    }
}
