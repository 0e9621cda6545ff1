//! The doctor: looks at everything the service needs and says what is wrong, and what to do.
//!
//! Each check is one noun and gives one or more [`Check`]s; what other rooms know (FFmpeg, providers)
//! comes in through [`Probes`].

mod check;
mod clock;
mod directories;
mod ffmpeg;
mod machine;
mod ports;
mod privacy;
mod providers;

pub use check::{Check, Verdict};
pub use ffmpeg::FfmpegFound;
pub use providers::ProviderFound;

use crate::config::Config;
use std::path::{Path, PathBuf};
use std::pin::Pin;

/// Something that is found out when it is asked for.
pub type Probe<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What other rooms find out for the doctor. Words in errors are for people and hold no secret.
pub struct Probes {
    /// FFmpeg as configured.
    pub ffmpeg: Probe<Result<FfmpegFound, String>>,
    /// Each provider, asked now.
    pub providers: Probe<Result<Vec<ProviderFound>, String>>,
    /// Whether a relais answers on the admin socket: then ports that are taken are its own.
    pub running: bool,
}

/// Looks at everything, in the order in which it should be read.
pub async fn examine(config: &Config, probes: Probes) -> Vec<Check> {
    let mut checks = configuration(config);
    checks.push(ffmpeg::check(&probes.ffmpeg.await));
    checks.extend(directories::check(config));
    checks.extend(ports::check(&config.listen, probes.running));
    let providers = probes.providers.await;
    checks.extend(providers::check(&providers));
    let known = providers.as_deref().unwrap_or_default();
    checks.push(clock::check(&clock::Clock::read(Path::new("/"), known)));
    checks.extend(machine::check(config));
    checks.extend(privacy::check(known, Path::new("/proc/mounts")));
    checks
}

fn configuration(config: &Config) -> Vec<Check> {
    let words = match config.file_found {
        true => format!("{} is valid", config.file.display()),
        false => format!("no file at {}; the defaults hold", config.file.display()),
    };
    let mut checks = vec![Check::ok("configuration", words)];
    let warnings = config.warnings.iter();
    checks.extend(
        warnings.map(|warning| Check::warn("configuration", warning.clone(), "correct the environment")),
    );
    checks
}

/// The nearest directory at or above `path` that exists.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/")).to_owned()
}
