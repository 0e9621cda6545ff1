//! Child processes: guarded by pid, and seen through `/proc` (processor time, memory, descriptors, children).

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks of `/proc/…/stat` in a second (`USER_HZ`, the same on every Linux that matters here).
const TICKS: f64 = 100.0;

/// A child that does not outlive the test.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    name: String,
}

impl Guard {
    /// Starts it without input.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("starting {name}"))?;
        Ok(Self { child, name })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status once it has ended.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// SIGKILL, and the corpse collected.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().ok();
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its end.
    pub async fn wait(&mut self, patience: Duration) -> Result<std::process::ExitStatus> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("{} (pid {}) still runs after {patience:?}", self.name, self.pid())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends a signal (`TERM`, `INT`, `STOP`, `CONT`, `KILL` …) to exactly this process.
pub fn signal(pid: u32, name: &str) -> Result<()> {
    let status =
        Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().context("kill")?;
    anyhow::ensure!(status.success(), "kill -{name} {pid} failed");
    Ok(())
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Stat {
    pub pid: u32,
    pub name: String,
    /// `R`, `S`, `Z` (zombie) …
    pub state: char,
    pub parent: u32,
    /// User and system time of the process itself, seconds.
    pub cpu: f64,
    /// Since boot, in ticks: with the pid it names a process for good.
    pub started: u64,
}

/// Reads `/proc/PID/stat`; `None` when there is no such process.
pub fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = (text.find('(')?, text.rfind(')')?);
    let name = text[before + 1..after].to_owned();
    let fields: Vec<&str> = text[after + 1..].split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|f| f.parse::<u64>().ok());
    Some(Stat {
        pid,
        name,
        state: fields.first()?.chars().next()?,
        parent: number(1)? as u32,
        cpu: (number(11)? + number(12)?) as f64 / TICKS,
        started: number(19)?,
    })
}

/// All processes there are.
pub fn all() -> Vec<Stat> {
    let Ok(folder) = std::fs::read_dir("/proc") else { return Vec::new() };
    folder.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).filter_map(stat).collect()
}

/// Children, and theirs, of a process.
pub fn descendants(pid: u32) -> Vec<Stat> {
    let all = all();
    let mut found = vec![pid];
    let mut result = Vec::new();
    let mut index = 0;
    while index < found.len() {
        let parent = found[index];
        for process in all.iter().filter(|p| p.parent == parent) {
            found.push(process.pid);
            result.push(process.clone());
        }
        index += 1;
    }
    result
}

/// Whether that very process (not another with its pid) still runs.
pub fn alive(process: &Stat) -> bool {
    stat(process.pid).is_some_and(|now| now.started == process.started && now.state != 'Z')
}

/// The words of its command line.
pub fn command_line(pid: u32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    bytes
        .split(|&b| b == 0)
        .filter(|w| !w.is_empty())
        .map(|w| String::from_utf8_lossy(w).into_owned())
        .collect()
}

/// Memory of a process in KiB: resident, and its private and proportional parts where readable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    pub resident: u64,
    pub proportional: u64,
    pub private: u64,
}

/// Reads `/proc/PID/smaps_rollup`.
pub fn memory(pid: u32) -> Option<Memory> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let mut memory = Memory::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(Ok(value))) = (words.next(), words.next().map(str::parse::<u64>)) else {
            continue;
        };
        match name {
            "Rss:" => memory.resident = value,
            "Pss:" => memory.proportional = value,
            "Private_Clean:" | "Private_Dirty:" => memory.private += value,
            _ => {}
        }
    }
    Some(memory)
}

/// How many descriptors it holds, and how many of them are sockets.
pub fn descriptors(pid: u32) -> Option<(usize, usize)> {
    let links: Vec<PathBuf> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .ok()?
        .flatten()
        .map(|e| std::fs::read_link(e.path()).unwrap_or_default())
        .collect();
    Some((links.len(), links.iter().filter(|l| l.to_string_lossy().starts_with("socket:")).count()))
}

/// How many threads it has.
pub fn threads(pid: u32) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_itself_and_its_children() {
        let me = std::process::id();
        let guard = Guard::spawn(Command::new("sleep").arg("30")).unwrap();
        let child = stat(guard.pid()).unwrap();
        assert_eq!(child.parent, me);
        assert!(descendants(me).iter().any(|p| p.pid == child.pid));
        assert!(memory(me).unwrap().resident > 100);
        assert!(descriptors(me).unwrap().0 >= 3);
        assert!(alive(&child));
        drop(guard);
        assert!(!alive(&child));
    }
}
