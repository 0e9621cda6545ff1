//! Text that must not be shown: passwords, tokens, keys.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret on its way in or out. `Debug` masks it, and there is no `Display`; serde carries it as plain text,
/// so it belongs only in a request body, or in the one answer that shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_masks() {
        assert!(!format!("{:?}", Secret::from("hunter2")).contains("hunter2"));
    }
}
