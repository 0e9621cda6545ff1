//! The gate: who is who, from memory. The database is read once, at start; every change goes through here.

use super::identity::{Identity, IdentityKind};
use super::keys::{Known, PREFIX};
use super::links::DEFAULT_HOURS;
use super::passwords::{self, Passwords};
use super::throttle::Throttle;
use super::tokens::Tokens;
use super::{AccessError, SecretKey};
use crate::store::links::Link;
use crate::store::users::{self, Role, User};
use crate::store::{Store, StoreError, keys, links, now, revocations, settings};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// The first administrator's name.
pub const ADMINISTRATOR: &str = "admin";
/// Remembers which `ADMIN_PASSWORD_HASH` was taken over, so that a later change of password stays.
const HASH_SEEN: &str = "admin_password_hash_seen";

/// What configuration and environment say.
#[derive(Clone, Default)]
pub struct Options {
    /// `ADMIN_PASSWORD_HASH`: taken over whenever it is another one than before.
    pub admin_password_hash: Option<String>,
    /// `JWT_SECRET_KEY`; without it the key is derived from `secret.key`.
    pub jwt_secret: Option<String>,
    /// `RELAIS_PANEL_TOKEN`, or its alternative.
    pub panel_token: Option<String>,
    /// The longest life of a link, in hours; 0: 720.
    pub max_link_hours: u32,
    /// How long a sign-in lasts; zero: an hour.
    pub sign_in: Duration,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access::Options(max_link_hours: {})", self.max_link_hours)
    }
}

/// The gate, opened.
pub struct Opened {
    /// The gate.
    pub access: Arc<Access>,
    /// The administrator's password where it was just made: to be shown once.
    pub first_password: Option<String>,
}

/// A sign-in that succeeded.
pub struct SignedIn {
    /// The JWT.
    pub access_token: String,
    /// Seconds.
    pub expires_in: i64,
}

/// Passwords, tokens, keys and links.
pub struct Access {
    pub(super) store: Store,
    pub(super) index: RwLock<Index>,
    pub(super) max_link_hours: u32,
    passwords: Passwords,
    throttle: Throttle,
    tokens: Tokens,
    panel: Option<[u8; 32]>,
}

#[derive(Default)]
pub(super) struct Index {
    pub(super) users: HashMap<i64, Person>,
    pub(super) keys: HashMap<[u8; 32], Known>,
    pub(super) links: HashMap<String, Link>,
    revoked: HashMap<String, i64>,
}

/// What the gate needs to know of a user.
pub(super) struct Person {
    username: String,
    role: Role,
    is_active: bool,
    expires_at: Option<i64>,
    version: i64,
}

impl Person {
    pub(super) fn check(&self, now: i64) -> Result<(), AccessError> {
        let expired = self.expires_at.is_some_and(|at| at <= now);
        if self.is_active && !expired { Ok(()) } else { Err(AccessError::Disabled) }
    }
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            username: user.username.clone(),
            role: user.role,
            is_active: user.is_active,
            expires_at: user.expires_at,
            version: user.sign_in_version,
        }
    }
}

impl Access {
    /// Reads all of it into memory; at the very first start makes the administrator.
    pub async fn open(store: Store, key: &SecretKey, options: Options) -> Result<Opened, AccessError> {
        if options.admin_password_hash.as_deref().is_some_and(|hash| !passwords::is_hash(hash)) {
            return Err(AccessError::PasswordHash);
        }
        let passwords = Passwords::default();
        let first_password = administrator(&store, &passwords, options.admin_password_hash).await?;
        let index = store.read(|db| Index::load(db, now())).await?;
        let secret = match options.jwt_secret {
            Some(text) if !text.is_empty() => text.into_bytes(),
            _ => key.derive("jwt").to_vec(),
        };
        let access = Self {
            store,
            index: RwLock::new(index),
            max_link_hours: if options.max_link_hours == 0 {
                30 * DEFAULT_HOURS
            } else {
                options.max_link_hours
            },
            passwords,
            throttle: Throttle::default(),
            tokens: Tokens::new(&secret, options.sign_in),
            panel: options.panel_token.filter(|token| !token.is_empty()).map(digest),
        };
        Ok(Opened { access: Arc::new(access), first_password })
    }

    /// Who shows this: the text after `Bearer `, or of `X-API-Key`. From memory.
    pub fn authenticate(&self, shown: &str) -> Result<Identity, AccessError> {
        if let Some(panel) = &self.panel {
            // Digests: of one length, so that the comparison tells nothing about the token's.
            if bool::from(panel.ct_eq(&digest(shown))) {
                return Ok(Identity::panel());
            }
        }
        if shown.starts_with(PREFIX) {
            return self.key_identity(shown);
        }
        let token = self.tokens.open(shown)?;
        let index = self.index.read();
        let id: i64 = token.sub.parse().map_err(|_| AccessError::Invalid)?;
        let person = index.users.get(&id).ok_or(AccessError::Invalid)?;
        if index.revoked.contains_key(&token.jti) || person.version != token.ver {
            return Err(AccessError::Invalid);
        }
        person.check(now())?;
        Ok(Identity {
            kind: IdentityKind::SignIn,
            user_id: Some(id),
            key_id: None,
            name: person.username.clone(),
            role: person.role.into(),
        })
    }

    /// Signs in with a password.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<SignedIn, AccessError> {
        self.throttle
            .attempt(from, username, Instant::now())
            .map_err(|retry_after| AccessError::Throttled { retry_after })?;
        let name = username.to_owned();
        let user = self.store.read(move |db| users::by_name(db, &name)).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let right = self.passwords.verify(password.to_owned(), hash).await?;
        let Some(user) = user.filter(|_| right) else {
            let user: String = username.chars().take(64).flat_map(char::escape_debug).collect();
            tracing::warn!(address = %from, %user, "sign-in refused");
            return Err(AccessError::BadCredentials);
        };
        self.throttle.succeeded(from, username);
        let at = now();
        Person::from(&user).check(at)?;
        let access_token = self.tokens.issue(&user, at)?;
        self.store.write(move |tx| users::signed_in(tx, user.id, at)).await?;
        Ok(SignedIn { access_token, expires_in: self.tokens.life() })
    }

    /// Revokes a sign-in token; one that is none or has ended needs no revocation.
    pub async fn sign_out(&self, shown: &str) -> Result<(), AccessError> {
        let Ok(token) = self.tokens.open(shown) else { return Ok(()) };
        let (jti, exp) = (token.jti.clone(), token.exp);
        // In memory first: from here on it is refused, whatever the disk does.
        self.index.write().revoked.insert(token.jti, token.exp);
        Ok(self.store.write(move |tx| revocations::add(tx, &jti, exp)).await?)
    }

    /// Sets a user's password and ends its sign-ins.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<(), AccessError> {
        let hash = self.passwords.hash(password.to_owned()).await?;
        let name = username.to_owned();
        let changed = self
            .store
            .write(move |tx| {
                let Some(user) = users::by_name(tx, &name)? else { return Ok(None) };
                users::set_password(tx, user.id, Some(&hash))?;
                users::by_id(tx, user.id)
            })
            .await?;
        let user = changed.ok_or_else(|| AccessError::UnknownUser(username.to_owned()))?;
        self.index.write().users.insert(user.id, Person::from(&user));
        Ok(())
    }

    /// Sets a random password and returns it.
    pub async fn reset_password(&self, username: &str) -> Result<String, AccessError> {
        let password = passwords::random();
        self.set_password(username, &password).await?;
        Ok(password)
    }

    /// Housekeeping, for one task to call every minute or so.
    pub async fn maintain(&self) -> Result<(), AccessError> {
        let at = now();
        self.index.write().revoked.retain(|_, expires| *expires > at);
        self.store.write(move |tx| revocations::prune(tx, at)).await?;
        self.flush_keys().await?;
        self.prune_links().await
    }
}

impl Index {
    fn load(db: &rusqlite::Connection, now: i64) -> Result<Self, StoreError> {
        Ok(Self {
            users: users::all(db)?.iter().map(|user| (user.id, Person::from(user))).collect(),
            keys: keys::all(db)?.into_iter().map(|key| (key.hash, Known::new(key))).collect(),
            links: links::all(db)?.into_iter().map(|link| (link.id.clone(), link)).collect(),
            revoked: revocations::all(db, now)?.into_iter().collect(),
        })
    }
}

/// Makes the administrator where there is no user at all, or takes over a new `ADMIN_PASSWORD_HASH`.
async fn administrator(
    store: &Store,
    passwords: &Passwords,
    given: Option<String>,
) -> Result<Option<String>, AccessError> {
    if let Some(hash) = given {
        store
            .write(move |tx| {
                let seen: String = digest(&hash).iter().map(|byte| format!("{byte:02x}")).collect();
                if settings::get(tx, HASH_SEEN)?.as_deref() == Some(&seen) {
                    return Ok(());
                }
                let id = match users::by_name(tx, ADMINISTRATOR)? {
                    Some(user) => user.id,
                    None => users::insert(tx, &User::new(ADMINISTRATOR, Role::Administrator))?,
                };
                users::set_password(tx, id, Some(&hash))?;
                settings::set(tx, HASH_SEEN, &seen)
            })
            .await?;
        return Ok(None);
    }
    if !store.read(users::all).await?.is_empty() {
        return Ok(None);
    }
    let password = passwords::random();
    let hash = passwords.hash(password.clone()).await?;
    store
        .write(move |tx| {
            let user = User { password_hash: Some(hash), ..User::new(ADMINISTRATOR, Role::Administrator) };
            users::insert(tx, &user)
        })
        .await?;
    Ok(Some(password))
}

fn digest(text: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(text.as_ref()).into()
}

#[cfg(test)]
mod tests;
