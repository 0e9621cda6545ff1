//! What is kept on disk: the database, the keys, and the gate that is built from them.

use crate::access::{self, Access, SecretKey, Signer};
use crate::config::Config;
use crate::store::Store;
use crate::wire::links::LinkRequest;
use std::sync::Arc;

/// Opened. Cheap to clone.
#[derive(Clone)]
pub(super) struct State {
    pub(super) store: Store,
    pub(super) access: Arc<Access>,
    pub(super) signer: Arc<Signer>,
    pub(super) vault: Arc<access::Vault>,
    /// Of the administrator that was just made.
    pub(super) first_password: Option<String>,
}

impl State {
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let store = Store::open(&config.data_dir)?;
        let key = SecretKey::open(&config.data_dir)?;
        let secrets = &config.secrets;
        let text = |secret: &Option<crate::config::Secret>| secret.as_ref().map(|s| s.expose().to_owned());
        let options = access::Options {
            admin_password_hash: text(&secrets.admin_password_hash),
            jwt_secret: text(&secrets.jwt_key),
            panel_token: text(&secrets.panel_token),
            max_link_hours: LinkRequest::MOST_HOURS,
            sign_in: config.access.sign_in,
        };
        let opened = Access::open(store.clone(), &key, options).await?;
        Ok(Self {
            store,
            access: opened.access,
            signer: Arc::new(key.signer()),
            vault: Arc::new(key.vault()),
            first_password: opened.first_password,
        })
    }
}
