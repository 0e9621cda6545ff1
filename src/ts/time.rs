//! Media time: 90 kHz ticks, unwrapped.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment on a feed's clock, or a span of it, in ticks of 1/90,000 s, unwrapped (64 bits).
///
/// On the wire PTS and DTS have 33 bits and PCR 33 bits × 300 (ISO 13818-1, 2.4.2.2); `ts` wraps on
/// writing and unwraps on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaTime(pub i64);

impl MediaTime {
    /// Ticks in a second.
    pub const HZ: i64 = 90_000;
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 90)
    }

    /// Seconds, as players' playlists want them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / Self::HZ as f64
    }

    /// As a span of wall time; negative spans are zero.
    pub fn to_duration(self) -> Duration {
        let ticks = u64::try_from(self.0).unwrap_or(0);
        Duration::from_nanos((u128::from(ticks) * 100_000 / 9) as u64)
    }
}

impl From<Duration> for MediaTime {
    fn from(span: Duration) -> Self {
        Self((span.as_nanos() * 9 / 100_000) as i64)
    }
}

impl Add for MediaTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for MediaTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.as_secs_f64())
    }
}
