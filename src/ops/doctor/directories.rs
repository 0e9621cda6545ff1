//! Directories: there and writable, or such that they can be made.

use super::{Check, existing};
use crate::config::Config;
use crate::ops::directories::try_write;
use std::path::Path;

pub(super) fn check(config: &Config) -> Vec<Check> {
    let mut checks = vec![
        one("data directory", &config.data_dir, "data_dir"),
        one("run directory", &config.run_dir, "run_dir"),
    ];
    if config.log.files > 0 {
        checks.push(one("log directory", &config.log.dir, "log.dir"));
    }
    checks
}

fn one(name: &str, path: &Path, key: &str) -> Check {
    let shown = path.display();
    let remedy = format!("run doctor as the user that runs relais, or set {key} to another place");
    let nearest = existing(path);
    match try_write(&nearest) {
        Ok(()) if nearest == path => Check::ok(name, format!("{shown} is writable")),
        Ok(()) => Check::ok(name, format!("{shown} will be made at the first start")),
        Err(error) if nearest == path => {
            Check::fail(name, format!("{shown} is not writable: {error}"), remedy)
        }
        Err(error) => {
            let words = format!("{shown} can't be made: {} is not writable: {error}", nearest.display());
            Check::fail(name, words, remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn nothing_is_made_by_looking() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("a/b");
        assert_eq!(one("data directory", &path, "data_dir").verdict, Verdict::Ok);
        assert!(!path.exists());
        assert_eq!(one("data directory", Path::new("/proc/relais"), "data_dir").verdict, Verdict::Fail);
    }
}
