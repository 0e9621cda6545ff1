//! Secrets at rest: provider passwords, tokens, stream keys. XChaCha20-Poly1305 under one key.
//!
//! A sealed value is bound to its purpose, so a row can't be made to open as another kind of secret.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;
use std::sync::Arc;

/// First byte of each sealed value: the layout `1 | nonce (24) | ciphertext and tag`.
const LAYOUT: u8 = 1;
const NONCE: usize = 24;

/// Seals and opens secrets. Cheap to clone; shows nothing.
#[derive(Clone)]
pub struct Vault(Arc<XChaCha20Poly1305>);

/// A sealed value is damaged, or was sealed with another key or for another purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret can't be opened: was secret.key replaced? Give the secret again")]
pub struct Unsealable;

impl Vault {
    /// A vault under this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Arc::new(XChaCha20Poly1305::new(key.into())))
    }

    /// Encrypts `plain` for `purpose`. Random 24-byte nonces: no count of messages to keep.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let body = self.0.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| Unsealable)?;
        let mut sealed = Vec::with_capacity(1 + NONCE + body.len());
        sealed.push(LAYOUT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Decrypts what [`Vault::seal`] made for the same purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (&layout, rest) = sealed.split_first().ok_or(Unsealable)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or(Unsealable)?;
        if layout != LAYOUT {
            return Err(Unsealable);
        }
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Unsealable)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_and_purpose_and_unchanged() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal("provider", b"hunter2").expect("seal");
        assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
        assert_eq!(vault.open("provider", &sealed).expect("open"), b"hunter2");
        assert_eq!(vault.open("token", &sealed), Err(Unsealable));
        assert_eq!(Vault::new(&[8; 32]).open("provider", &sealed), Err(Unsealable));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(vault.open("provider", &changed), Err(Unsealable), "byte {at}");
            assert_eq!(vault.open("provider", &sealed[..at]), Err(Unsealable), "cut at {at}");
        }
        assert_ne!(sealed, vault.seal("provider", b"hunter2").expect("seal"), "nonces differ");
    }
}
