//! Latencies in a histogram with buckets of about 2 %, mergeable and small.

use std::time::Duration;

const BUCKETS: usize = 1024;
/// Buckets per power of two.
const FINE: f64 = 32.0;

#[derive(Debug, Clone)]
pub struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: Duration::ZERO }
    }
}

impl Latencies {
    pub fn record(&mut self, latency: Duration) {
        let micros = latency.as_micros().max(1) as f64;
        let bucket = ((micros.log2() * FINE) as usize).min(BUCKETS - 1);
        self.buckets[bucket] += 1;
        self.count += 1;
        self.max = self.max.max(latency);
    }

    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn max(&self) -> Duration {
        self.max
    }

    /// The latency that this share (0 to 1) of all stayed within.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= wanted {
                let upper = Duration::from_secs_f64(((bucket + 1) as f64 / FINE).exp2() / 1e6);
                return upper.min(self.max);
            }
        }
        self.max
    }

    /// `p50 / p99 / max` in ms.
    pub fn words(&self) -> String {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        format!(
            "n {} p50 {:.2} p99 {:.2} max {:.2} ms",
            self.count,
            ms(self.quantile(0.5)),
            ms(self.quantile(0.99)),
            ms(self.max)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_close() {
        let mut latencies = Latencies::default();
        for n in 1..=1000 {
            latencies.record(Duration::from_micros(n * 100));
        }
        for (share, wanted) in [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0)] {
            let ms = latencies.quantile(share).as_secs_f64() * 1000.0;
            assert!((ms / wanted - 1.0).abs() < 0.03, "{share}: {ms}");
        }
    }
}
