//! One finding.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, with a drawback.
    Warn,
    /// Does not work.
    Fail,
}

/// One finding: what was looked at, how it is, in words, and what to do where something should be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at: `ffmpeg`, `port api`.
    pub name: String,
    /// How it is.
    pub verdict: Verdict,
    /// The finding.
    pub words: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn ok(name: impl Into<String>, words: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, words: words.into(), remedy: None }
    }

    /// Works, with a drawback.
    pub fn warn(name: impl Into<String>, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { name: name.into(), verdict: Verdict::Warn, words: words.into(), remedy }
    }

    /// Does not work.
    pub fn fail(name: impl Into<String>, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(name, words, remedy) }
    }
}
