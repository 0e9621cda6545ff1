//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file, and the line in it (from 1) where it is known.
    File(PathBuf, Option<usize>),
    /// The environment.
    Environment,
    /// Neither: it follows from the machine or the user.
    Default,
}

/// One bad value: one line for people. Secrets are never among the shown values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The key (`hls.target_duration`) or the variable (`RELAIS_API_LISTEN`); empty where the text as a whole is at fault.
    pub key: String,
    /// The value as written, where it may be shown.
    pub value: Option<String>,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File(path, Some(line)) => write!(f, "{}:{line}: ", path.display())?,
            Place::File(path, None) => write!(f, "{}: ", path.display())?,
            Place::Environment if self.key.is_empty() => f.write_str("environment: ")?,
            Place::Environment => f.write_str("environment variable ")?,
            Place::Default => {}
        }
        match (self.key.as_str(), &self.value) {
            ("", _) => {}
            (key, Some(value)) => write!(f, "{key} = {value}: ")?,
            (key, None) => write!(f, "{key}: ")?,
        }
        f.write_str(&self.why)
    }
}

/// A configuration that can't be used, with everything that is wrong with it; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn one(place: Place, key: &str, value: Option<String>, why: impl Into<String>) -> Self {
        Self { problems: vec![Problem { place, key: key.to_owned(), value, why: why.into() }] }
    }

    /// `Ok` where there is no problem.
    pub(super) fn from_problems(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }

    /// All that is wrong.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    /// The first problem, and how many more there are: one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [] => f.write_str("the configuration can't be used"),
            [only] => write!(f, "{only}"),
            [first, rest @ ..] => {
                write!(f, "{first} (and {} more: see `relais config check`)", rest.len())
            }
        }
    }
}
