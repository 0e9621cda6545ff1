//! What else ran on the machine meanwhile: figures taken beside a compiler mean little, and should say so.

use std::time::Instant;

/// Clock ticks in a second, as in `harness::process`.
const TICKS: f64 = 100.0;

/// Since when.
#[derive(Debug)]
pub struct Others {
    start: Instant,
    all: f64,
    ours: f64,
}

impl Others {
    pub fn watch() -> Self {
        Self { start: Instant::now(), all: all(), ours: ours() }
    }

    /// Cores that processes which are not ours kept busy since. Our children must have ended by now.
    pub fn cores(&self) -> f64 {
        let elapsed = self.start.elapsed().as_secs_f64();
        ((all() - self.all) - (ours() - self.ours)).max(0.0) / elapsed
    }
}

/// User, nice and system time of the machine, seconds.
fn all() -> f64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let numbers = text.lines().next().unwrap_or("").split_whitespace().skip(1).take(3);
    numbers.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// Of this process and of its children that have ended, and theirs.
fn ours() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or("");
    let numbers = after.split_whitespace().skip(11).take(4);
    numbers.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / TICKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_works_at_least_as_much_as_we_do() {
        let watch = Others::watch();
        let mut n = 0u64;
        // As long as it takes: others may be at work.
        while ours() - watch.ours < 0.1 {
            n = std::hint::black_box(n.wrapping_add(1));
        }
        assert!(all() - watch.all >= 0.1);
    }
}
