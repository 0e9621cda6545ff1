//! API keys.

use super::{access_error, page_of, time};
use crate::access::Access;
use crate::http::ApiError;
use crate::http::services::{BoxFuture, Keys};
use crate::store::keys::Key;
use crate::store::users;
use crate::wire::Role;
use crate::wire::paging::Paging;
use crate::wire::sign_in::{KeyCreated, KeyRequest, KeyView};
use std::sync::Arc;

pub(super) struct ApiKeys(pub(super) Arc<Access>);

impl Keys for ApiKeys {
    fn list(&self, paging: Paging) -> BoxFuture<'_, (Vec<KeyView>, u64)> {
        let all = self.0.keys().iter().map(view).collect();
        Box::pin(std::future::ready(Ok(page_of(all, paging))))
    }

    fn create(&self, request: KeyRequest) -> BoxFuture<'_, KeyCreated> {
        Box::pin(async move {
            if self.0.keys().iter().any(|key| key.name == request.name) {
                return Err(ApiError::already_exists("there is a key of that name"));
            }
            let role = match request.role {
                Role::Admin => users::Role::Administrator,
                Role::Moderator => users::Role::Moderator,
                Role::User => users::Role::User,
            };
            let expires_at = request.expires_at.map(|at| at.as_second());
            let made =
                self.0.create_key(&request.name, role, expires_at, None).await.map_err(access_error)?;
            Ok(KeyCreated { key: made.secret.into(), view: view(&made.key) })
        })
    }

    fn delete(&self, id: i64) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.0.remove_key(id).await.map_err(access_error) })
    }
}

fn view(key: &Key) -> KeyView {
    KeyView {
        id: key.id,
        name: key.name.clone(),
        role: super::sign_in::role_of(key.role.into()),
        created_at: time(key.created_at),
        expires_at: key.expires_at.and_then(time),
        last_used: key.last_used.and_then(time),
    }
}
