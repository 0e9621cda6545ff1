//! Whom viewer tokens belong to.

use crate::http::ApiError;
use crate::http::services::{BoxFuture, Viewer, Viewers};
use crate::store::{Store, now, users};
use crate::wire::Secret;
use sha2::{Digest, Sha256};

pub(super) struct Tokens(pub(super) Store);

impl Viewers for Tokens {
    fn by_token<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Viewer> {
        Box::pin(async move {
            let hash: [u8; 32] = Sha256::digest(token.expose().as_bytes()).into();
            let found = self.0.read(move |db| users::by_token(db, &hash)).await;
            let found = found.map_err(|error| ApiError::internal(error.to_string()))?;
            let user = found.ok_or_else(|| ApiError::unauthorized("This token is not known"))?;
            if !user.is_active || user.expires_at.is_some_and(|at| at <= now()) {
                return Err(ApiError::forbidden("This account is disabled, or has expired"));
            }
            Ok(Viewer { id: user.id, name: user.username })
        })
    }
}
