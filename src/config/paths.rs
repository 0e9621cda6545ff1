//! Where files are by default: the system's directories for root, the XDG directories for others.

use super::environment::Environment;
use super::error::{ConfigError, Place};
use std::path::{Path, PathBuf};

/// The configuration, data and runtime directories that hold where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paths {
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
    /// `None`: `run` in the data directory that is configured.
    pub(super) run: Option<PathBuf>,
}

impl Paths {
    /// Root: `/etc/relais`, `/var/lib/relais`, `/run/relais`. Others: XDG Base Directory Specification, with
    /// its fall-backs under `HOME`.
    pub(super) fn of(environment: &Environment, root: bool) -> Result<Self, ConfigError> {
        if root {
            return Ok(Self {
                config: "/etc/relais/relais.toml".into(),
                data: "/var/lib/relais".into(),
                run: Some("/run/relais".into()),
            });
        }
        let config = base(environment, "XDG_CONFIG_HOME", ".config")?;
        let data = base(environment, "XDG_DATA_HOME", ".local/share")?.join("relais");
        // "All paths must be absolute. If a relative path is encountered, consider it invalid and ignore it."
        let run = match environment.get("XDG_RUNTIME_DIR").map(Path::new) {
            Some(dir) if dir.is_absolute() => Some(dir.join("relais")),
            _ => None,
        };
        Ok(Self { config: config.join("relais/relais.toml"), data, run })
    }
}

fn base(environment: &Environment, variable: &str, under_home: &str) -> Result<PathBuf, ConfigError> {
    if let Some(dir) = environment.get(variable).map(Path::new).filter(|dir| dir.is_absolute()) {
        return Ok(dir.to_owned());
    }
    let home = environment.get("HOME").map(Path::new).filter(|dir| dir.is_absolute());
    home.map(|home| home.join(under_home)).ok_or_else(|| {
        let why = format!("neither it nor {variable} is set to an absolute path: relais does not know where its files belong");
        ConfigError::one(Place::Environment, "HOME", None, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn xdg_with_its_fall_backs() {
        let paths = Paths::of(&environment(&[("HOME", "/home/a")]), false).expect("paths");
        assert_eq!(paths.config, Path::new("/home/a/.config/relais/relais.toml"));
        assert_eq!(paths.data, Path::new("/home/a/.local/share/relais"));
        assert_eq!(paths.run, None);
        let set = environment(&[
            ("HOME", "/home/a"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_DATA_HOME", "relative"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
        ]);
        let paths = Paths::of(&set, false).expect("paths");
        assert_eq!(paths.config, Path::new("/c/relais/relais.toml"));
        assert_eq!(paths.data, Path::new("/home/a/.local/share/relais"));
        assert_eq!(paths.run.as_deref(), Some(Path::new("/run/user/1000/relais")));
    }

    #[test]
    fn without_a_home_it_says_so() {
        let error = Paths::of(&environment(&[]), false).expect_err("no home");
        assert!(error.to_string().starts_with("environment variable HOME: "), "{error}");
        assert!(Paths::of(&environment(&[]), true).is_ok());
    }
}
