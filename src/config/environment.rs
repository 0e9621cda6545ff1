//! The process's environment with the `.env` file under it: what is set outside wins.

use super::dotenv;
use super::error::{ConfigError, Place};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Variables by name, and where each stands.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, (String, Place)>,
}

impl Environment {
    /// The process's own. Values that are not UTF-8 are taken lossily.
    pub fn process() -> Self {
        std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }

    /// Adds the variables of a `.env` file that are not set already; a missing file adds none.
    pub(super) fn add_dotenv(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => {
                let place = Place::File(path.to_owned(), None);
                return Err(ConfigError::one(place, "", None, format!("can't be read: {error}")));
            }
        };
        let lines = dotenv::parse(&text).map_err(|bad| {
            ConfigError::one(Place::File(path.to_owned(), Some(bad.number)), "", None, bad.why)
        })?;
        for line in lines.into_iter().rev() {
            let place = Place::File(path.to_owned(), Some(line.number));
            self.variables.entry(line.name).or_insert((line.value, place));
        }
        Ok(())
    }

    /// The value, also where it is empty.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|(value, _)| value.as_str())
    }

    /// The value, where there is one that is not blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Where the variable stands.
    pub(super) fn place(&self, name: &str) -> Place {
        self.variables.get(name).map_or(Place::Environment, |(_, place)| place.clone())
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name, (value, Place::Environment))).collect();
        Self { variables }
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_wins_over_the_file_and_the_last_line_of_the_file_over_earlier_ones() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join(".env");
        std::fs::write(&path, "A=file\nB=first\nB=last\n").expect("write");
        let mut environment: Environment = [("A".to_owned(), "process".to_owned())].into_iter().collect();
        environment.add_dotenv(&path).expect("read");
        assert_eq!((environment.get("A"), environment.get("B")), (Some("process"), Some("last")));
        assert_eq!(environment.place("B"), Place::File(path, Some(3)));
        assert!(!format!("{environment:?}").contains("process"));
    }
}
