//! Signing in and one's own profile.

use super::{access_error, time};
use crate::access::{ADMINISTRATOR, Access, IdentityKind};
use crate::http::services::{BoxFuture, SignIn};
use crate::http::{ApiError, Identity, Principal};
use crate::store::{Store, users};
use crate::wire::sign_in::{LoginAnswer, Me, MeChange};
use crate::wire::system::AdminPasswordAnswer;
use crate::wire::{Role, Secret};
use std::net::IpAddr;
use std::sync::Arc;

pub(super) struct SignIns(pub(super) Arc<Access>, pub(super) Store);

impl SignIn for SignIns {
    fn login<'a>(
        &'a self,
        username: &'a str,
        password: &'a Secret,
        from: IpAddr,
    ) -> BoxFuture<'a, LoginAnswer> {
        Box::pin(async move {
            let signed_in = self.0.sign_in(username, password.expose(), from).await.map_err(access_error)?;
            Ok(LoginAnswer {
                access_token: signed_in.access_token.into(),
                token_type: "Bearer".into(),
                expires_in: signed_in.expires_in.unsigned_abs(),
            })
        })
    }

    fn logout<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, ()> {
        Box::pin(async move { self.0.sign_out(token.expose()).await.map_err(access_error) })
    }

    fn identify<'a>(&'a self, credential: &'a Secret) -> BoxFuture<'a, Option<Principal>> {
        let known = self.0.authenticate(credential.expose()).ok();
        let principal = known.map(|who| Principal {
            role: role_of(who.role),
            name: who.name,
            identity: match (who.kind, who.user_id, who.key_id) {
                (IdentityKind::SignIn, Some(id), _) => Identity::User(id),
                (IdentityKind::ApiKey, _, Some(id)) => Identity::Key(id),
                (IdentityKind::Local, ..) => Identity::Local,
                _ => Identity::Panel,
            },
        });
        Box::pin(std::future::ready(Ok(principal)))
    }

    fn me<'a>(&'a self, who: &'a Principal, _base_url: &'a str) -> BoxFuture<'a, Me> {
        Box::pin(async move {
            let nobody = Me {
                id: None,
                username: who.name.clone(),
                email: None,
                role: who.role,
                is_active: true,
                max_connections: None,
                expires_at: None,
                token: None,
                playlist_url: None,
                epg_url: None,
            };
            let Some(id) = who.user() else { return Ok(nobody) };
            let user = self.1.read(move |db| users::by_id(db, id)).await;
            let user = user.map_err(|error| ApiError::internal(error.to_string()))?;
            let user = user.ok_or_else(|| ApiError::not_found("this user was deleted"))?;
            Ok(Me {
                id: Some(id),
                username: user.username,
                email: user.email,
                is_active: user.is_active,
                max_connections: Some(user.max_connections),
                expires_at: user.expires_at.and_then(time),
                ..nobody
            })
        })
    }

    fn change_me<'a>(&'a self, who: &'a Principal, change: MeChange) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(id) = who.user() else {
                return Err(ApiError::forbidden("only a user has a profile: sign in with a password"));
            };
            if let Some(password) = change.password {
                self.0.set_password(&who.name, password.expose()).await.map_err(access_error)?;
            }
            if let Some(email) = change.email {
                let written = self.1.write(move |tx| users::set_email(tx, id, email.as_deref())).await;
                written.map_err(|error| ApiError::internal(error.to_string()))?;
            }
            Ok(())
        })
    }

    fn set_admin_password<'a>(&'a self, password: Option<Secret>) -> BoxFuture<'a, AdminPasswordAnswer> {
        Box::pin(async move {
            let made = match password {
                Some(password) => self.0.set_password(ADMINISTRATOR, password.expose()).await.map(|()| None),
                None => self.0.reset_password(ADMINISTRATOR).await.map(|made| Some(Secret::from(made))),
            };
            Ok(AdminPasswordAnswer {
                status: "success".into(),
                username: ADMINISTRATOR.into(),
                password: made.map_err(access_error)?,
            })
        })
    }
}

pub(super) fn role_of(role: crate::access::Role) -> Role {
    match role {
        crate::access::Role::Administrator => Role::Admin,
        crate::access::Role::Moderator => Role::Moderator,
        crate::access::Role::User | crate::access::Role::Panel => Role::User,
    }
}
