//! Whether sound and picture are where they were to each other: by what they are, not by what they sound like.

use super::ts::{Analyser, places};
use crate::hell::clip::Clip;
use std::collections::HashMap;

/// One stretch of media that is continuous in the clip: how far its timestamps are from the clip's.
#[derive(Debug, Clone, PartialEq)]
pub struct Sync {
    /// Units of picture and of sound that were recognised.
    pub matched: (usize, usize),
    /// For each recognised sound: its shift minus the shift of the picture last seen, seconds.
    pub worst: f64,
    /// Of all.
    pub median: f64,
}

/// Compares a received stream with the clip it was made of. `None` when too little was recognised.
pub fn measure(analyser: &Analyser, clip: &Clip) -> Option<Sync> {
    let places: HashMap<u64, (usize, i64)> = places(clip);
    // Times in the clip are known up to whole turns.
    let near = |ticks: i64| {
        let turn = clip.duration;
        let within = ticks.rem_euclid(turn);
        if within > turn / 2 { within - turn } else { within }
    };
    let mut picture: Option<i64> = None;
    let mut matched = (0, 0);
    let mut errors = Vec::new();
    for unit in &analyser.units {
        let Some(&(stream, pts)) = places.get(&unit.mark) else { continue };
        let shift = unit.pts - pts;
        if clip.streams.get(stream).is_some_and(|s| s.video.is_some()) {
            matched.0 += 1;
            picture = Some(shift);
        } else if let Some(picture) = picture {
            matched.1 += 1;
            errors.push(near(shift - picture) as f64 / 90_000.0);
        }
    }
    if matched.0 < 10 || matched.1 < 10 {
        return None;
    }
    errors.sort_by(f64::total_cmp);
    let worst = errors.iter().map(|e| e.abs()).fold(0.0, f64::max);
    Some(Sync { matched, worst, median: errors[errors.len() / 2] })
}
