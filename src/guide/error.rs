//! What goes wrong with guides. No credentials, no URLs beyond scheme and host.

use super::lineup::LineupError;
use super::xmltv::NotXmltv;
use crate::net::FetchError;
use crate::store::{StoreError, Unsealable};
use std::time::Duration;

/// A refused or failed call.
#[derive(Debug, thiserror::Error)]
pub enum GuideError {
    /// No such source.
    #[error("there is no guide source {0:?}: see relais guide sources")]
    UnknownSource(String),
    /// What was given can't be.
    #[error("{field}: {why}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A provider's guide can't be removed.
    #[error("guide source {0:?} goes with its provider: switch it off instead")]
    OfProvider(String),
    /// Its refresh runs already.
    #[error("guide source {0:?} is being read already")]
    AlreadyRunning(String),
    /// It could not be taken over; the old one stays.
    #[error("guide source {source_name:?}: {why}")]
    Refresh {
        /// Its name.
        source_name: String,
        /// Why.
        why: ImportError,
    },
    /// The channels.
    #[error(transparent)]
    Lineup(#[from] LineupError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
    /// A fault in relais.
    #[error("a task of the guide failed inside relais")]
    Panicked,
}

/// Why a guide was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It could not be fetched.
    #[error("{0}")]
    Fetch(#[from] FetchError),
    /// The provider can't be asked where it is.
    #[error("{0}")]
    Provider(#[from] LineupError),
    /// The provider has none, or its credentials are gone.
    #[error(
        "the provider names no guide, or its credentials are not known: add it anew, or switch its guide off"
    )]
    NoAddress,
    /// What came is something else.
    #[error("{0}")]
    NotXmltv(#[from] NotXmltv),
    /// A packed document that is damaged or cut.
    #[error("the guide is a damaged or cut archive")]
    Archive,
    /// No programme in it that is of use.
    #[error(
        "the guide has no programme of these days ({odd} were odd or too old); the old guide stays (refresh with force if that is right)"
    )]
    Empty {
        /// What was left out.
        odd: u64,
    },
    /// It ends in the middle.
    #[error(
        "the guide ends in the middle ({0} programmes came); the old guide stays (refresh with force to take it)"
    )]
    Cut(u64),
    /// Over half of it is gone.
    #[error(
        "only {new} of {old} programmes are left; the old guide stays (refresh with force if that is right)"
    )]
    Shrunk {
        /// Before.
        old: u64,
        /// Now.
        new: u64,
    },
    /// More than can be meant.
    #[error("the guide has more than {0} {1}")]
    TooMany(u64, &'static str),
    /// More than can be meant.
    #[error("the guide is larger than {} GiB", .0 >> 30)]
    TooLarge(u64),
    /// It came, but so slowly that it never ends.
    #[error("the guide did not arrive within {} min", .0.as_secs() / 60)]
    TooSlow(Duration),
    /// A local file.
    #[error("the guide's file can't be read: {0}")]
    File(std::io::Error),
    /// It was removed or changed meanwhile.
    #[error("the source was removed or changed meanwhile")]
    Gone,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
}
