//! FFmpeg processes that outlive a killed relais: each child is written down, and the next start ends those that
//! are still there.
//!
//! A pid alone may belong to someone else by then: pid, start time and the machine's boot must all match.

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The list of running children, kept in a file.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    children: Mutex<BTreeMap<u32, u64>>,
}

impl Ledger {
    /// An empty list; `reap` has to come first, for this overwrites the file.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, children: Mutex::new(BTreeMap::new()) }
    }

    pub(super) fn add(&self, pid: u32) {
        let Some(start) = start_time(pid) else { return };
        let mut children = self.children.lock();
        children.insert(pid, start);
        self.save(&children);
    }

    pub(super) fn remove(&self, pid: u32) {
        let mut children = self.children.lock();
        if children.remove(&pid).is_some() {
            self.save(&children);
        }
    }

    fn save(&self, children: &BTreeMap<u32, u64>) {
        let mut text = format!("{}\n", boot_id());
        for (pid, start) in children {
            text.push_str(&format!("{pid} {start}\n"));
        }
        let new = self.path.with_extension("new");
        let saved = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, &self.path));
        if let Err(error) = saved {
            tracing::warn!(path = %self.path.display(), %error, "the list of FFmpeg processes can't be written");
        }
    }
}

/// Kills the processes, with their groups, that an earlier run wrote down and that still live; returns how
/// many. A missing file is no error.
pub fn reap(path: &Path) -> io::Result<usize> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut lines = text.lines();
    let mut killed = 0;
    if lines.next() == Some(boot_id().as_str()) {
        for line in lines {
            let Some((pid, start)) = line.split_once(' ') else { continue };
            let (Ok(pid), Ok(start)) = (pid.parse::<u32>(), start.parse::<u64>()) else { continue };
            if start_time(pid) != Some(start) {
                continue;
            }
            if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw)
                && kill_process_group(group, Signal::KILL).is_ok()
            {
                tracing::warn!(pid, "an FFmpeg process of an earlier run was still there: killed");
                killed += 1;
            }
        }
    }
    std::fs::remove_file(path)?;
    Ok(killed)
}

/// Field 22 of `/proc/pid/stat`, in clock ticks since boot; `None`: no such process, or a zombie.
fn start_time(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name, in brackets, may hold spaces and brackets.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = fields.next()?;
    if state == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot_id() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Ledger, boot_id, reap, start_time};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    #[test]
    fn what_was_written_down_and_still_lives_is_killed() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("ffmpeg.pids");
        let mut orphan = Command::new("sleep").arg("60").process_group(0).spawn().expect("sleep");
        let mut gone = Command::new("true").process_group(0).spawn().expect("true");
        let ledger = Ledger::new(path.clone());
        ledger.add(orphan.id());
        ledger.add(gone.id());
        gone.wait().expect("gone");
        drop(ledger);
        assert_eq!(reap(&path).expect("reaped"), 1);
        assert_eq!(orphan.wait().expect("status").signal(), Some(9));
        assert_eq!(reap(&path).expect("nothing left"), 0);
    }

    #[test]
    fn a_reused_pid_or_another_boot_is_left_alone() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("ffmpeg.pids");
        let mut bystander = Command::new("sleep").arg("60").process_group(0).spawn().expect("sleep");
        let (pid, start) = (bystander.id(), start_time(bystander.id()).expect("start"));
        std::fs::write(&path, format!("{}\n{pid} {}\nrubbish\n", boot_id(), start + 1)).expect("write");
        assert_eq!(reap(&path).expect("read"), 0);
        std::fs::write(&path, format!("another-boot\n{pid} {start}\n")).expect("write");
        assert_eq!(reap(&path).expect("read"), 0);
        assert!(bystander.try_wait().expect("status").is_none());
        bystander.kill().expect("kill");
        bystander.wait().expect("waited");
    }

    #[test]
    fn a_child_that_ended_is_taken_off() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("ffmpeg.pids");
        let ledger = Ledger::new(path.clone());
        ledger.add(std::process::id());
        let own = format!("{} ", std::process::id());
        assert!(std::fs::read_to_string(&path).expect("file").contains(&own));
        ledger.remove(std::process::id());
        assert!(!std::fs::read_to_string(&path).expect("file").contains(&own));
    }
}
