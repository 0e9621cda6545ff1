//! The most memory that a process ever had while something went on.

use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A peak that lasts less is seen by the kernel's own mark only.
const EVERY: Duration = Duration::from_millis(10);
const PAGE: u64 = 4096;

/// Looks at a process until told to stop.
#[derive(Debug)]
pub struct Watch {
    pid: u32,
    before: u64,
    most: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Bytes.
#[derive(Debug, Clone, Copy)]
pub struct Peak {
    /// Resident before.
    pub before: u64,
    /// The most that was seen, every 10 ms.
    pub most: u64,
    /// The kernel's mark (`VmHWM`), set back before; 0 where it can't be.
    pub mark: u64,
    /// Resident afterwards.
    pub after: u64,
}

impl Peak {
    /// The peak above what there was before.
    pub fn above(&self) -> u64 {
        self.most.max(self.mark).saturating_sub(self.before)
    }
}

impl Watch {
    pub fn begin(pid: u32) -> Result<Self> {
        // Sets VmHWM back to what is resident now.
        let reset = std::fs::write(format!("/proc/{pid}/clear_refs"), "5").is_ok();
        let before = resident(pid).context("no such process")?;
        let (most, stop) = (Arc::new(AtomicU64::new(before)), Arc::new(AtomicBool::new(false)));
        let (seen, end) = (most.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                seen.fetch_max(resident(pid).unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(EVERY);
            }
        });
        Ok(Self { pid: if reset { pid } else { 0 }, before, most, stop, thread: Some(thread) })
    }

    pub fn end(mut self, pid: u32) -> Peak {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let mark = mark(self.pid).unwrap_or(0);
        let after = resident(pid).unwrap_or(0);
        Peak { before: self.before, most: self.most.load(Ordering::Relaxed), mark, after }
    }
}

/// Resident bytes of a process alone.
pub fn resident(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    Some(text.split(' ').nth(1)?.parse::<u64>().ok()? * PAGE)
}

fn mark(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_seen_after_it_has_gone() {
        let pid = std::process::id();
        let watch = Watch::begin(pid).unwrap();
        let large = vec![1u8; 64 << 20];
        assert_eq!(std::hint::black_box(&large)[12345], 1);
        std::thread::sleep(EVERY * 5);
        drop(large);
        let peak = watch.end(pid);
        assert!(peak.above() > 60 << 20, "{peak:?}");
        assert!(peak.most >= peak.before);
    }
}
