//! What values must be, beyond their type: ranges, and what depends on each other.

use super::Config;
use super::error::{Place, Problem};
use std::path::Path;
use std::time::Duration;

/// Where a value was written, its name there, and the value as written.
pub(super) type Written = (Place, String, Option<String>);

/// Collects problems; `place` tells where a key's value was written.
pub(super) struct Checker<'a> {
    pub(super) problems: Vec<Problem>,
    pub(super) place: &'a dyn Fn(&str) -> Written,
}

impl Checker<'_> {
    pub(super) fn refuse(&mut self, key: &str, why: impl Into<String>) {
        let (place, key, value) = (self.place)(key);
        self.problems.push(Problem { place, key, value, why: why.into() });
    }

    fn demand(&mut self, key: &str, holds: bool, why: impl Into<String>) {
        if !holds {
            self.refuse(key, why);
        }
    }

    fn seconds(&mut self, key: &str, value: Duration, from: u64, to: u64) {
        let holds = (Duration::from_secs(from)..=Duration::from_secs(to)).contains(&value);
        self.demand(key, holds, format!("must be {from} to {to} seconds"));
    }

    fn number(&mut self, key: &str, value: u32, from: u32, to: u32) {
        self.demand(key, (from..=to).contains(&value), format!("must be {from} to {to}"));
    }

    fn size(&mut self, key: &str, value: u64, from: u64, to: u64) {
        let words =
            format!("must be {} to {}", super::units::format_size(from), super::units::format_size(to));
        self.demand(key, (from..=to).contains(&value), words);
    }

    /// Checks everything that its type does not.
    pub(super) fn config(&mut self, config: &Config) {
        self.paths(config);
        self.hls(config);
        self.feed(config);
        self.rest(config);
    }

    fn paths(&mut self, config: &Config) {
        for (key, path) in [("data_dir", &config.data_dir), ("run_dir", &config.run_dir)] {
            self.demand(key, path.is_absolute(), "must be an absolute path");
        }
        let relative = |path: &Path| !path.as_os_str().is_empty() && path.is_relative();
        // One that follows from a relative data directory was complained about already.
        let logs = config.log.dir.starts_with(&config.data_dir) || !relative(&config.log.dir);
        self.demand("log.dir", logs, "must be an absolute path, or empty");
        let named = config.ffmpeg.path.components().count() == 1;
        self.demand(
            "ffmpeg.path",
            named || !relative(&config.ffmpeg.path),
            "must be an absolute path, a name, or empty",
        );
        if let Some(socket) = &config.listen.admin_socket {
            self.demand("listen.admin_socket", socket.is_absolute(), "must be an absolute path, or empty");
            // sockaddr_un.sun_path has 108 bytes, the last of them 0.
            let fits = socket.as_os_str().len() < 108;
            self.demand("listen.admin_socket", fits, "a socket's path has at most 107 bytes");
        }
        let listen = &config.listen;
        let named =
            [("listen.api", listen.api), ("listen.public", listen.public), ("listen.rtmp", listen.rtmp)];
        for (index, (key, address)) in named.iter().enumerate() {
            let twin = named[..index]
                .iter()
                .find(|(_, other)| address.is_some_and(|address| address.port() != 0) && other == address);
            if let Some((other, _)) = twin {
                self.refuse(key, format!("is the same as {other}"));
            }
        }
    }

    fn hls(&mut self, config: &Config) {
        let hls = &config.hls;
        self.number("hls.target_duration", hls.target_duration, 1, 30);
        let target = u64::from(hls.target_duration);
        let min = hls.segment_min;
        self.demand(
            "hls.segment_min",
            !min.is_zero() && min.as_secs_f64() <= target as f64,
            format!("must be more than 0 and at most hls.target_duration ({target} s)"),
        );
        let window = hls.window;
        self.demand(
            "hls.window",
            window >= Duration::from_secs(3 * target),
            format!("must be at least three target durations ({} s)", 3 * target),
        );
        self.demand("hls.window", window <= Duration::from_secs(3600), "must be at most 3600 seconds");
        // Segments hold their media themselves; the ring is for those who come.
        let needed = Duration::from_secs(3 * target);
        let words = format!("must be at least three target durations ({} s)", 3 * target);
        self.demand("feed.ring_seconds", config.feed.ring_seconds >= needed, words);
    }

    fn feed(&mut self, config: &Config) {
        const MIB: u64 = 1 << 20;
        let feed = &config.feed;
        self.seconds("feed.idle_timeout", feed.idle_timeout, 0, 86_400);
        self.seconds("feed.hold", feed.hold, 1, 60);
        self.seconds("feed.stall", feed.stall, 2, 120);
        self.seconds("feed.ring_seconds", feed.ring_seconds, 1, 7200);
        self.size("feed.ring_bytes", feed.ring_bytes, MIB, 64 << 30);
        self.size("feed.max_access_unit", feed.max_access_unit, 64 << 10, 256 * MIB);
        self.size("feed.max_without_keyframe", feed.max_without_keyframe, MIB, 4096 * MIB);
        let fits = feed.max_access_unit <= feed.ring_bytes;
        self.demand("feed.max_access_unit", fits, "must be at most feed.ring_bytes");
        if let Some(budget) = feed.memory_budget {
            self.demand(
                "feed.memory_budget",
                budget >= feed.ring_bytes.min(16 * MIB),
                "must be at least 16MiB",
            );
        }
    }

    fn rest(&mut self, config: &Config) {
        self.seconds("provider.connect_timeout", config.provider.connect_timeout, 1, 120);
        self.seconds("provider.header_timeout", config.provider.header_timeout, 1, 120);
        let refresh = config.provider.refresh;
        let sane = refresh.is_zero() || refresh >= Duration::from_secs(60);
        self.demand("provider.refresh", sane, "must be at least 60 seconds, or 0 for never");
        let printable = config.provider.user_agent.bytes().all(|c| (0x20..0x7f).contains(&c));
        self.demand("provider.user_agent", printable, "must be plain printable text");
        let refresh = config.guide.refresh;
        let sane = refresh.is_zero() || refresh >= Duration::from_secs(60);
        self.demand("guide.refresh", sane, "must be at least 60 seconds, or 0 for never");
        self.number("guide.days_back", config.guide.days_back, 0, 60);
        self.number("guide.days_ahead", config.guide.days_ahead, 1, 60);
        let code = |c: char| c.is_ascii_alphabetic() || c == '-';
        let language = &config.guide.language;
        let fits = language.len() <= 16 && language.chars().all(code);
        self.demand("guide.language", fits, "must be a code such as \"fr\", or empty");
        let delay = config.player.delay.as_secs_f64();
        self.demand("player.delay", (0.5..=30.0).contains(&delay), "must be 0.5 to 30 seconds");
        self.size("log.max_size", config.log.max_size, 64 << 10, 4 << 30);
        self.number("log.files", config.log.files, 0, 1000);
        if let Err(why) = log_filter(&config.log.level) {
            self.refuse("log.level", why);
        }
        self.number("limits.connections", config.limits.connections, 16, 1_000_000);
        self.number("limits.held_requests", config.limits.held_requests, 1, 100_000);
        self.size("limits.body", config.limits.body, 4 << 10, 1 << 30);
        self.number("access.link_hours", config.access.link_hours, 1, 8760);
        self.seconds("access.sign_in", config.access.sign_in, 60, 30 * 86_400);
        let codes = &config.web.audio_languages;
        let code =
            |text: &String| (2..=3).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_lowercase());
        self.demand(
            "web.audio_languages",
            codes.iter().all(code),
            "must be codes such as \"fra\" or \"eng\"",
        );
    }
}

/// A level, or directives such as `info,relais::feed=debug`. A lone word that is no level would silently be
/// taken as a target's name, so it is refused.
fn log_filter(text: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    for part in text.split(',').map(str::trim) {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if !LEVELS.contains(&level.to_ascii_lowercase().as_str()) {
            return Err(format!(
                "must be one of {}, or a filter such as \"info,relais::feed=debug\"",
                LEVELS.join(", ")
            ));
        }
    }
    let parsed = tracing_subscriber::EnvFilter::try_new(text);
    parsed.map(|_| ()).map_err(|error| format!("is not a log filter: {error}"))
}

#[cfg(test)]
mod tests {
    use super::log_filter;

    #[test]
    fn filters_that_would_be_misread_are_refused() {
        for good in ["info", "WARN", "info,relais::feed=debug", "relais=trace,off"] {
            assert_eq!(log_filter(good), Ok(()), "{good}");
        }
        for bad in ["", "verbose", "relais", "info,", "relais=loud"] {
            assert!(log_filter(bad).is_err(), "{bad}");
        }
    }
}
