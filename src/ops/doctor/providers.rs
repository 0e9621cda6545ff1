//! Providers: reachable, and what they say.

use super::Check;
use std::time::SystemTime;

/// One provider, asked just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderFound {
    /// Its name here.
    pub name: String,
    /// The time of its answer's `Date` header, where it sent one; or why it can't be used, in words without secrets.
    pub answer: Result<Option<SystemTime>, String>,
    /// Schemes of its channels' sources that FFmpeg opens with their credentials in its command line: `rtsp`, `rtmp`, `srt`.
    pub exposed_schemes: Vec<String>,
}

pub(super) fn check(found: &Result<Vec<ProviderFound>, String>) -> Vec<Check> {
    let found = match found {
        Ok(found) => found,
        Err(why) => return vec![Check::fail("providers", why.clone(), "see `relais provider list`")],
    };
    if found.is_empty() {
        return vec![Check::warn("providers", "there are none", "add one with `relais provider add`")];
    }
    let one = |provider: &ProviderFound| {
        let name = format!("provider {}", provider.name);
        match &provider.answer {
            Ok(_) => Check::ok(name, "reachable"),
            Err(why) => {
                Check::fail(name, why.clone(), "check its address and account, and this machine's network")
            }
        }
    };
    found.iter().map(one).collect()
}
