//! Which service is meant.

use crate::config::Config;
use std::path::{Path, PathBuf};

const SYSTEM: &str = "/run/relais/admin.sock";

/// The given socket, else the configured one; where a user has no service, the system's, which members of
/// the group `relais` may use.
pub(super) fn find(given: Option<&Path>, config: &Config) -> PathBuf {
    choose(given, config.listen.admin_socket.as_deref(), Path::new(SYSTEM), |path| path.exists())
}

fn choose(
    given: Option<&Path>,
    configured: Option<&Path>,
    system: &Path,
    exists: impl Fn(&Path) -> bool,
) -> PathBuf {
    let own = given.or(configured);
    match own {
        Some(own) if given.is_some() || exists(own) || !exists(system) => own.to_owned(),
        _ => system.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_service_comes_first() {
        let (own, system) = (Path::new("/own"), Path::new("/system"));
        let there =
            |paths: &'static [&'static str]| move |path: &Path| paths.iter().any(|&p| Path::new(p) == path);
        assert_eq!(choose(None, Some(own), system, there(&["/own", "/system"])), own);
        assert_eq!(choose(None, Some(own), system, there(&["/system"])), system);
        assert_eq!(choose(None, Some(own), system, there(&[])), own);
        assert_eq!(choose(None, None, system, there(&[])), system);
        assert_eq!(choose(Some(own), None, system, there(&["/system"])), own);
    }
}
