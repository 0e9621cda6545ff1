//! `secret.key` in the data directory: 32 random bytes, mode 0600, from which every other key is derived.
//!
//! Derivation is HMAC-SHA256(secret, label): one label per use, so no key serves two purposes. Without the file
//! the sealed secrets in the database are lost, so it belongs into backups, beside the database but not in it.

use crate::store::Vault;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The key file's name in the data directory.
const FILE: &str = "secret.key";

/// The secret of this installation. Shows nothing.
pub struct SecretKey([u8; 32]);

/// The key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// Others may read it.
    #[error("{} may be read by others (mode {mode:03o}): run chmod 600 on it, and consider its secrets known", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not 32 bytes.
    #[error("{} is not a key of relais (32 bytes): restore it from a backup; without it stored passwords must be given again", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The system's refusal.
    #[error("{} can't be used: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

impl SecretKey {
    /// Reads `dir/secret.key`, or makes it where there is none.
    pub fn open(dir: &Path) -> Result<Self, SecretKeyError> {
        let path = dir.join(FILE);
        let io = |error| SecretKeyError::Io { path: path.clone(), error };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                let key: [u8; 32] = rand::random();
                // Durable before first use: what is sealed under a key that is lost in a crash is lost too.
                file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
                File::open(dir).and_then(|dir| dir.sync_all()).map_err(io)?;
                Ok(Self(key))
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Self::read(&path),
            Err(e) => Err(io(e)),
        }
    }

    fn read(path: &Path) -> Result<Self, SecretKeyError> {
        let io = |error| SecretKeyError::Io { path: path.into(), error };
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretKeyError::Readable { path: path.into(), mode });
        }
        let mut bytes = Vec::with_capacity(33);
        file.take(33).read_to_end(&mut bytes).map_err(io)?;
        match bytes.try_into() {
            Ok(key) => Ok(Self(key)),
            Err(_) => Err(SecretKeyError::NotAKey { path: path.into() }),
        }
    }

    /// The key for one purpose.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        hmac(&self.0).chain_update(label.as_bytes()).finalize().into_bytes().into()
    }

    /// Secrets at rest.
    pub fn vault(&self) -> Vault {
        Vault::new(&self.derive("at rest"))
    }

    /// Sessions and tickets.
    pub fn signer(&self) -> super::Signer {
        super::Signer::new(&self.derive("sessions"))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// HMAC-SHA256 under a key of its block size, which it takes without fail.
pub(super) fn hmac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn is_made_once_private_and_read_again() {
        let dir = tempfile::tempdir().expect("directory");
        let first = SecretKey::open(dir.path()).expect("made");
        let mode = std::fs::metadata(dir.path().join(FILE)).expect("file").mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = SecretKey::open(dir.path()).expect("read");
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        assert_eq!(format!("{first:?}"), "SecretKey");
    }

    #[test]
    fn refuses_what_others_may_read_and_what_is_no_key() {
        let dir = tempfile::tempdir().expect("directory");
        SecretKey::open(dir.path()).expect("made");
        let path = dir.path().join(FILE);
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("chmod");
        let refusal = SecretKey::open(dir.path()).expect_err("readable").to_string();
        assert!(refusal.contains("640") && refusal.contains("chmod 600"), "{refusal}");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("chmod");
        for bad in [&[0u8; 31][..], &[0; 33], &[]] {
            std::fs::write(&path, bad).expect("write");
            assert!(matches!(SecretKey::open(dir.path()), Err(SecretKeyError::NotAKey { .. })));
        }
    }

    #[test]
    fn hmac_is_the_standard_one() {
        // HMAC-SHA256 of nothing under the empty key, which pads to the same block as 32 zero bytes.
        let mac = hmac(&[0; 32]).finalize().into_bytes();
        let expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        assert_eq!(mac.iter().map(|b| format!("{b:02x}")).collect::<String>(), expected);
    }
}
