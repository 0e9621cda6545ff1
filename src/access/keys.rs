//! API keys: `rk_` and 256 random bits, shown once, stored as SHA-256.

use super::{Access, AccessError, Identity, IdentityKind};
use crate::store::keys::{self, Key};
use crate::store::now;
use crate::store::users::Role;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use subtle::ConstantTimeEq;

pub(super) const PREFIX: &str = "rk_";
/// Characters that are kept in clear, for recognising a key.
const SHOWN: usize = 10;

/// A key just made.
pub struct NewKey {
    /// As it is stored.
    pub key: Key,
    /// The key itself; it can't be had again.
    pub secret: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({})", self.key.prefix)
    }
}

/// A key in memory; when it was last used is written down now and then.
pub(super) struct Known {
    pub(super) key: Key,
    used: AtomicI64,
}

impl Known {
    pub(super) fn new(key: Key) -> Self {
        Self { key, used: AtomicI64::new(0) }
    }
}

impl Access {
    /// Makes a key.
    pub async fn create_key(
        &self,
        name: &str,
        role: Role,
        expires_at: Option<i64>,
        created_by: Option<i64>,
    ) -> Result<NewKey, AccessError> {
        if name.trim().is_empty() || name.chars().count() > 100 {
            return Err(AccessError::KeyName);
        }
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let mut key = Key {
            id: 0,
            hash: Sha256::digest(secret.as_bytes()).into(),
            prefix: secret[..SHOWN].to_owned(),
            name: name.to_owned(),
            role,
            created_by,
            created_at: now(),
            expires_at,
            last_used: None,
        };
        let stored = key.clone();
        key.id = self.store.write(move |tx| keys::insert(tx, &stored)).await?;
        self.index.write().keys.insert(key.hash, Known::new(key.clone()));
        Ok(NewKey { key, secret })
    }

    /// Every key, the oldest first.
    pub fn keys(&self) -> Vec<Key> {
        let index = self.index.read();
        let mut keys: Vec<Key> = index.keys.values().map(|known| known.key.clone()).collect();
        for (key, used) in
            keys.iter_mut().zip(index.keys.values().map(|known| known.used.load(Ordering::Relaxed)))
        {
            key.last_used = key.last_used.max((used > 0).then_some(used));
        }
        keys.sort_unstable_by_key(|key| key.id);
        keys
    }

    /// Deletes a key; whether there was one.
    pub async fn remove_key(&self, id: i64) -> Result<bool, AccessError> {
        let found = self.store.write(move |tx| keys::remove(tx, id)).await?;
        self.index.write().keys.retain(|_, known| known.key.id != id);
        Ok(found)
    }

    pub(super) fn key_identity(&self, text: &str) -> Result<Identity, AccessError> {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        let (index, now) = (self.index.read(), now());
        let known = index.keys.get(&hash).ok_or(AccessError::Invalid)?;
        if !bool::from(known.key.hash.ct_eq(&hash)) {
            return Err(AccessError::Invalid);
        }
        if known.key.expires_at.is_some_and(|at| at <= now) {
            return Err(AccessError::Expired);
        }
        // A key does not outlive its maker's right to be here.
        if let Some(maker) = known.key.created_by {
            index.users.get(&maker).ok_or(AccessError::Invalid)?.check(now)?;
        }
        known.used.store(now, Ordering::Relaxed);
        Ok(Identity {
            kind: IdentityKind::ApiKey,
            user_id: known.key.created_by,
            key_id: Some(known.key.id),
            name: known.key.name.clone(),
            role: known.key.role.into(),
        })
    }

    /// Writes down when keys were last used.
    pub(super) async fn flush_keys(&self) -> Result<(), AccessError> {
        let mut used = Vec::new();
        for known in self.index.write().keys.values_mut() {
            let at = known.used.load(Ordering::Relaxed);
            if at > 0 && known.key.last_used != Some(at) {
                known.key.last_used = Some(at);
                used.push((known.key.id, at));
            }
        }
        if used.is_empty() {
            return Ok(());
        }
        Ok(self.store.write(move |tx| keys::touch(tx, &used)).await?)
    }
}
