//! What goes wrong with providers and their lists. No credentials, no URLs beyond scheme and host.

use super::fetch::FetchFailed;
use crate::store::{StoreError, Unsealable};
use crate::wire::Reason;

/// A refused or failed call.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// No such provider.
    #[error("there is no provider {0:?}: see relais provider list")]
    UnknownProvider(String),
    /// What was given can't be a provider.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Its refresh runs already.
    #[error("provider {0:?} is being refreshed already")]
    AlreadyRunning(String),
    /// Its list could not be taken over; the old one stays.
    #[error("provider {provider:?}: {why}")]
    Refresh {
        /// Its name.
        provider: String,
        /// Why.
        why: ImportError,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
}

/// Why a list was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(#[from] FetchFailed),
    /// The login was refused.
    #[error("the provider refuses the account: {0}")]
    Login(String),
    /// What came is something else.
    #[error("the provider sends {0} where its channel list should be")]
    NotAList(&'static str),
    /// No channel in it.
    #[error("the list is empty; the old one stays")]
    Empty,
    /// It ends in the middle.
    #[error("the list ends in the middle ({0} channels came); the old one stays")]
    Truncated(u64),
    /// Over half of it is gone.
    #[error(
        "only {new} of {old} channels are left; the old list stays (refresh with force if that is right)"
    )]
    Shrunk {
        /// Before.
        old: u64,
        /// Now.
        new: u64,
    },
    /// More than can be meant.
    #[error("the list has more than {0} entries")]
    TooLong(u64),
    /// More than can be meant.
    #[error("the list is larger than {} GiB", .0 >> 30)]
    TooLarge(u64),
    /// It came, but so slowly that it never ends.
    #[error("the list did not arrive within {} min", .0.as_secs() / 60)]
    TooSlow(std::time::Duration),
    /// A local file.
    #[error("the list's file can't be read: {0}")]
    File(std::io::Error),
    /// It was removed, or imported elsewhere, meanwhile.
    #[error("the provider was removed or changed meanwhile")]
    Gone,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
}

impl ImportError {
    /// The reason, where it is one that trying again soon makes worse or better.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Fetch(failed) => failed.reason,
            Self::Login(_) => Reason::Auth,
            Self::NotAList(_) => Reason::NotMedia,
            _ => Reason::Internal,
        }
    }
}
