//! Passwords: argon2id for our own, bcrypt accepted where older deployments hand one over.
//!
//! A check takes some 20 MiB and tens of milliseconds, so few run at a time, off the async threads, and few wait.

use super::AccessError;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

pub(super) const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 1024;
const AT_ONCE: usize = 2;
const WAITING: usize = 32;
/// A bcrypt hash with a higher cost would hold a thread for minutes.
const BCRYPT_MAX_COST: u32 = 16;

/// Letters and digits that can't be taken for each other.
const ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// Checks and makes hashes, a few at a time.
pub(super) struct Passwords {
    turns: Semaphore,
    here: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), here: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// Whether the password has this hash. Without a hash the answer is no, after as long as a check takes, so that
    /// the time does not tell which names exist.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, AccessError> {
        self.turn(move || verify(&password, hash.as_deref())).await
    }

    /// The argon2id hash of a new password.
    pub(super) async fn hash(&self, password: String) -> Result<String, AccessError> {
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&password.chars().count()) {
            return Err(AccessError::Password);
        }
        self.turn(move || hash(&password)).await?
    }

    async fn turn<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let _here = Here::enter(&self.here)?;
        let _turn = self.turns.acquire().await.map_err(|_| AccessError::Busy)?;
        tokio::task::spawn_blocking(f).await.map_err(|e| AccessError::Internal(e.to_string()))
    }
}

/// Counts one who checks or waits, until dropped.
struct Here<'a>(&'a AtomicUsize);

impl<'a> Here<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, AccessError> {
        let here = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= AT_ONCE + WAITING {
            Err(AccessError::Busy)
        } else {
            Ok(here)
        }
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A password nobody has chosen: 20 letters and digits in fours, 99 bits.
pub(super) fn random() -> String {
    let letters: Vec<u8> = (0..20).map(|_| ALPHABET[rand::random_range(0..ALPHABET.len())]).collect();
    let fours: Vec<_> = letters.chunks(4).map(String::from_utf8_lossy).collect();
    fours.join("-")
}

/// Whether a hash is one that [`verify`] understands.
pub(super) fn is_hash(text: &str) -> bool {
    bcrypt_cost(text).is_some_and(|cost| cost <= BCRYPT_MAX_COST)
        || PasswordHash::new(text)
            .is_ok_and(|hash| Algorithm::try_from(hash.algorithm).is_ok() && hash.hash.is_some())
}

fn argon2() -> Argon2<'static> {
    // OWASP's choice, and the crate's default: 19 MiB, two passes.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &str) -> Result<String, AccessError> {
    let failed = |e: argon2::password_hash::Error| AccessError::Internal(e.to_string());
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(failed)?;
    Ok(argon2().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

fn verify(password: &str, hash_text: Option<&str>) -> bool {
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this").ok());
    if password.len() > 4 * MAX_LENGTH {
        return false;
    }
    match hash_text {
        Some(text) if bcrypt_cost(text).is_some() => {
            is_hash(text) && bcrypt::verify(password, text).unwrap_or(false)
        }
        Some(text) => matches(password, text),
        None => {
            let _ = NOBODY.as_deref().is_some_and(|text| matches(password, text));
            false
        }
    }
}

fn matches(password: &str, text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The cost in `$2b$12$…`; `None`: not bcrypt.
fn bcrypt_cost(text: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2x$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    (text.len() == 60).then(|| rest.get(..2)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn argon2_and_bcrypt_are_verified_and_nothing_else() {
        let passwords = Passwords::default();
        let own = passwords.hash("correct horse".into()).await.expect("hash");
        assert!(own.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && is_hash(&own));
        let old = bcrypt::hash("correct horse", 4).expect("bcrypt");
        let php = old.replacen("$2b$", "$2y$", 1);
        for hash in [own, old, php] {
            assert!(is_hash(&hash));
            assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.expect("verify"));
            assert!(!passwords.verify("wrong horse".into(), Some(hash)).await.expect("verify"));
        }
        assert!(!passwords.verify("nobody has this".into(), None).await.expect("verify"));
        for bad in ["", "correct horse", "$2b$99$", "$argon2id$x", &format!("$2b$31${}", "a".repeat(53))] {
            assert!(!is_hash(bad), "{bad}");
            assert!(!passwords.verify("correct horse".into(), Some(bad.into())).await.expect("verify"));
        }
    }

    #[tokio::test]
    async fn lengths_are_checked() {
        let passwords = Passwords::default();
        for bad in [String::new(), "1234567".into(), "x".repeat(1025)] {
            assert!(matches!(passwords.hash(bad).await, Err(AccessError::Password)));
        }
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_rather_than_queued_without_end() {
        let passwords = std::sync::Arc::new(Passwords::default());
        let tasks: Vec<_> = (0..AT_ONCE + WAITING + 10)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.turn(|| ()).await })
            })
            .collect();
        let mut busy = 0;
        for task in tasks {
            busy += usize::from(matches!(task.await.expect("task"), Err(AccessError::Busy)));
        }
        assert_eq!(busy, 10);
        assert_eq!(passwords.here.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn random_passwords_differ() {
        let one = random();
        assert_eq!(one.len(), 24);
        assert_ne!(one, random());
    }
}
