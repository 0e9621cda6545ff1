//! Playlists, read strictly (RFC 8216), by a parser of the harness's own.

use anyhow::{Context, Result, bail, ensure};

/// A listed segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub sequence: u64,
    pub uri: String,
    /// Seconds, as written.
    pub duration: f64,
    /// `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
    /// Discontinuity sequence number of its own.
    pub discontinuity_sequence: u64,
    /// `EXT-X-PROGRAM-DATE-TIME`, seconds since 1970.
    pub date: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    pub version: u32,
    pub target: u64,
    pub sequence: u64,
    pub discontinuity_sequence: u64,
    pub segments: Vec<Segment>,
    pub ended: bool,
    pub independent: bool,
}

impl Media {
    /// Seconds listed.
    pub fn listed(&self) -> f64 {
        self.segments.iter().map(|s| s.duration).sum()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Playlist {
    /// URIs of the variants, in order.
    Multivariant(Vec<String>),
    Media(Media),
}

pub fn parse(text: &str) -> Result<Playlist> {
    ensure!(!text.starts_with('\u{FEFF}'), "a byte order mark");
    let mut lines = text.lines().map(str::trim_end).filter(|l| !l.is_empty());
    ensure!(lines.next() == Some("#EXTM3U"), "does not begin with #EXTM3U");
    if text.contains("#EXT-X-STREAM-INF") {
        return multivariant(lines);
    }
    let mut media = Media {
        version: 1,
        target: 0,
        sequence: 0,
        discontinuity_sequence: 0,
        segments: Vec::new(),
        ended: false,
        independent: false,
    };
    let mut duration: Option<f64> = None;
    let mut discontinuity = false;
    let mut date = None;
    let mut breaks = 0;
    for line in lines {
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        let early = media.segments.is_empty();
        match tag {
            "#EXT-X-VERSION" => media.version = value.parse().context("EXT-X-VERSION")?,
            "#EXT-X-TARGETDURATION" => media.target = value.parse().context("EXT-X-TARGETDURATION")?,
            "#EXT-X-MEDIA-SEQUENCE" => {
                ensure!(early, "EXT-X-MEDIA-SEQUENCE after a segment");
                media.sequence = value.parse().context("EXT-X-MEDIA-SEQUENCE")?;
            }
            "#EXT-X-DISCONTINUITY-SEQUENCE" => {
                ensure!(early && !discontinuity, "EXT-X-DISCONTINUITY-SEQUENCE too late");
                media.discontinuity_sequence = value.parse().context("EXT-X-DISCONTINUITY-SEQUENCE")?;
            }
            "#EXT-X-DISCONTINUITY" => discontinuity = true,
            "#EXT-X-ENDLIST" => media.ended = true,
            "#EXT-X-INDEPENDENT-SEGMENTS" => media.independent = true,
            "#EXT-X-PROGRAM-DATE-TIME" => date = Some(date_time(value)?),
            "#EXTINF" => {
                let number = value.split(',').next().unwrap_or_default();
                ensure!(value.contains(','), "EXTINF without comma");
                ensure!(
                    media.version >= 3 || !number.contains('.'),
                    "decimal EXTINF in version {}",
                    media.version
                );
                duration = Some(number.parse().context("EXTINF")?);
            }
            _ if line.starts_with('#') => {}
            _ => {
                let duration = duration.take().with_context(|| format!("{line} without EXTINF"))?;
                breaks += u64::from(std::mem::take(&mut discontinuity));
                media.segments.push(Segment {
                    sequence: media.sequence + media.segments.len() as u64,
                    uri: line.to_owned(),
                    duration,
                    discontinuity: false,
                    discontinuity_sequence: media.discontinuity_sequence + breaks,
                    date: date.take(),
                });
            }
        }
    }
    ensure!(media.target > 0, "no EXT-X-TARGETDURATION");
    let mut before = media.discontinuity_sequence;
    for segment in &mut media.segments {
        segment.discontinuity = segment.discontinuity_sequence > before;
        before = segment.discontinuity_sequence;
    }
    Ok(Playlist::Media(media))
}

fn multivariant<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Playlist> {
    let mut uris = Vec::new();
    let mut announced = false;
    for line in lines {
        if let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            ensure!(attributes.contains("BANDWIDTH="), "EXT-X-STREAM-INF without BANDWIDTH");
            announced = true;
        } else if !line.starts_with('#') {
            ensure!(std::mem::take(&mut announced), "{line} without EXT-X-STREAM-INF");
            uris.push(line.to_owned());
        }
    }
    ensure!(!uris.is_empty(), "no variant");
    Ok(Playlist::Multivariant(uris))
}

/// RFC 3339 to seconds since 1970.
fn date_time(text: &str) -> Result<f64> {
    let digits = |range: std::ops::Range<usize>| -> Result<i64> {
        text.get(range).and_then(|t| t.parse().ok()).with_context(|| format!("not a date: {text}"))
    };
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute) = (digits(11..13)?, digits(14..16)?);
    let rest = &text[17..];
    let zone_at = rest.find(['Z', '+', '-']).with_context(|| format!("no zone: {text}"))?;
    let seconds: f64 = rest[..zone_at].parse().with_context(|| format!("not a date: {text}"))?;
    let zone = &rest[zone_at..];
    let offset = if zone == "Z" {
        0
    } else {
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let clean: String = zone[1..].chars().filter(|c| *c != ':').collect();
        if clean.len() != 4 {
            bail!("not a zone: {zone}");
        }
        sign * (clean[..2].parse::<i64>()? * 3600 + clean[2..].parse::<i64>()? * 60)
    };
    // Days since 1970 (Hinnant's civil calendar).
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Ok((days * 86_400 + hour * 3600 + minute * 60 - offset) as f64 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_understood() {
        assert_eq!(date_time("1970-01-01T00:00:00Z").unwrap(), 0.0);
        assert_eq!(date_time("2025-12-24T10:30:00.250Z").unwrap(), 1_766_572_200.25);
        assert_eq!(date_time("2025-12-24T11:30:00.250+01:00").unwrap(), 1_766_572_200.25);
        assert!(date_time("yesterday").is_err());
    }

    #[test]
    fn sequences_are_counted() {
        let text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n\
                    #EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXTINF:4.000,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\nb.ts\n";
        let Playlist::Media(media) = parse(text).unwrap() else { panic!("not media") };
        let seen: Vec<_> =
            media.segments.iter().map(|s| (s.sequence, s.discontinuity_sequence, s.discontinuity)).collect();
        assert_eq!(seen, [(7, 2, false), (8, 3, true)]);
        assert!(parse(&text.replace("#EXTINF:2,\n", "")).is_err());
    }
}
