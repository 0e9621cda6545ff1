//! Refusals, in words for people; never with what was refused.

use super::passwords::MIN_LENGTH;
use crate::store::{StoreError, Unsealable};
use std::time::Duration;

/// Why something about access was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Wrong name or password, or no sign-in for that user; which of these is not told.
    #[error("wrong username or password")]
    BadCredentials,
    /// Not a token or key of this server, or revoked.
    #[error("the token or key is not valid here: sign in again")]
    Invalid,
    /// Its time is over.
    #[error("the token or key has expired: sign in again")]
    Expired,
    /// Its user was disabled or has expired.
    #[error("this account is disabled")]
    Disabled,
    /// Too many failed sign-ins.
    #[error("too many failed sign-ins: try again in {} s", retry_after.as_secs().max(1))]
    Throttled {
        /// When the next try is heard.
        retry_after: Duration,
    },
    /// Too many passwords are being checked at this moment.
    #[error("too many sign-ins at once: try again")]
    Busy,
    /// No such user.
    #[error("there is no user {0:?}")]
    UnknownUser(String),
    /// The new password is too short or too long.
    #[error("a password has {MIN_LENGTH} to 1024 characters")]
    Password,
    /// `ADMIN_PASSWORD_HASH` is none.
    #[error(
        "ADMIN_PASSWORD_HASH is neither an argon2 nor a bcrypt hash: make one, or remove it and run relais admin passwd"
    )]
    PasswordHash,
    /// A link's time to live.
    #[error("a link lives for 1 to {0} hours")]
    LinkHours(u32),
    /// Too many links.
    #[error("there are {0} links already: revoke some, or wait until they expire")]
    TooManyLinks(usize),
    /// A name of a key.
    #[error("an API key's name has 1 to 100 characters")]
    KeyName,
    /// The hashing or signing itself failed.
    #[error("a fault while checking credentials: {0}")]
    Internal(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret.
    #[error(transparent)]
    Unsealable(#[from] Unsealable),
}
