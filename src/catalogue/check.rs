//! Asks a provider whether it accepts an account, before anything is kept of it.

use super::error::{CatalogueError, ImportError};
use super::fetch::Ask;
use super::provider::{Place, Secret};
use super::xtream::Login;
use super::{Catalogue, body};
use crate::wire::Reason;
use crate::wire::catalogue::NewProvider;
use std::time::Duration;

/// Somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Catalogue {
    /// `true`: it accepts the account; `false`: it can't be asked now. Refused: [`ImportError::Login`].
    pub async fn check(&self, new: &NewProvider) -> Result<bool, CatalogueError> {
        let (secret, ..) = Secret::new(new)?;
        let Ok(Place::Xtream(account)) = secret.place() else { return Ok(false) };
        let ask = Ask {
            validators: None,
            url: account.api(None),
            user_agent: new.user_agent.clone(),
            headers: secret.headers.clone(),
            verify_tls: new.verify_tls,
            header_timeout: PATIENCE,
            idle_timeout: PATIENCE,
        };
        let asked = async {
            let answer = self.fetch.get(ask).await?;
            Login::read(&body::whole(answer.bytes, 1 << 20).await?)
        };
        let why = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(_)) => return Ok(true),
            Ok(Err(ImportError::Login(words))) => ImportError::Login(words),
            Ok(Err(ImportError::Fetch(failed))) if failed.reason == Reason::Auth => {
                ImportError::Login(failed.detail)
            }
            Ok(Err(why)) => {
                tracing::info!(provider = %new.name, %why, "account not checked");
                return Ok(false);
            }
            Err(_) => return Ok(false),
        };
        Err(CatalogueError::Refresh { provider: new.name.clone(), why })
    }
}
