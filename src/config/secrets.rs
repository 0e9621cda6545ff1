//! What comes from the environment alone: secrets and the names that earlier deployments use
//! (contract, sections 0 and 5). None of it may stand in `relais.toml`.

use super::environment::Environment;
use super::error::Problem;
use super::secret::Secret;
use super::values;

/// The environment's secrets and partners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// `JWT_SECRET_KEY`: signs sign-ins; otherwise one is made and kept.
    pub jwt_key: Option<Secret>,
    /// `ADMIN_PASSWORD_HASH`: argon2, or bcrypt from older deployments.
    pub admin_password_hash: Option<Secret>,
    /// What a panel signs in with: `RELAIS_PANEL_TOKEN`, or `STREAMING_API_TOKEN` where no base URL makes it an outgoing one.
    pub panel_token: Option<Secret>,
    /// `STREAMING_API_BASE_URL` and `STREAMING_API_TOKEN`: a server that users and channels are pushed to.
    pub streaming_api: Option<StreamingApi>,
    /// `PANEL_AUTH_URL`: the panel that is asked about tokens unknown here.
    pub panel_auth_url: Option<String>,
    /// Xtream accounts, of `IPTV_*` and `XTREAM_*`; one where both name the same.
    pub logins: Vec<ProviderLogin>,
}

/// Another streaming server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamingApi {
    /// Its base, without a slash at the end.
    pub base_url: String,
    /// Its panel token.
    pub token: Secret,
}

/// An Xtream account from the environment; in memory only, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLogin {
    /// The provider's name here: `iptv` or `xtream`, after the variables.
    pub name: &'static str,
    /// `http://host:port`, without a slash at the end.
    pub host: String,
    /// The account's name: credentials too.
    pub username: Secret,
    /// Its password.
    pub password: Secret,
}

impl Secrets {
    pub(super) fn read(
        environment: &Environment,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let secret = |name: &str| environment.get(name).map(Secret::new);
        let mut refuse = |variable: &str, why: String| {
            let place = environment.place(variable);
            problems.push(Problem { place, key: variable.to_owned(), value: None, why });
        };
        let mut url = |variable: &str| {
            let text = environment.get(variable)?;
            values::base_url(text).map_err(|why| refuse(variable, why)).ok()
        };
        let panel_auth_url = url("PANEL_AUTH_URL");
        let base_url = url("STREAMING_API_BASE_URL");
        let outgoing = environment.get("STREAMING_API_BASE_URL").is_some();
        let token = secret("STREAMING_API_TOKEN");
        if outgoing && token.is_none() {
            warnings.push(
                "STREAMING_API_BASE_URL is set without STREAMING_API_TOKEN: nothing is pushed to it".into(),
            );
        }
        let panel_token = secret("RELAIS_PANEL_TOKEN").or_else(|| token.clone().filter(|_| !outgoing));
        let streaming_api = base_url.zip(token).map(|(base_url, token)| StreamingApi { base_url, token });

        let admin_password_hash = secret("ADMIN_PASSWORD_HASH");
        let known = ["$argon2", "$2a$", "$2b$", "$2x$", "$2y$"];
        if admin_password_hash
            .as_ref()
            .is_some_and(|hash| !known.iter().any(|start| hash.expose().starts_with(start)))
        {
            refuse("ADMIN_PASSWORD_HASH", "must be an argon2 or bcrypt hash, not a password".to_owned());
        }
        let jwt_key = secret("JWT_SECRET_KEY");
        if jwt_key.as_ref().is_some_and(|key| key.expose().len() < 32) {
            warnings.push(
                "JWT_SECRET_KEY is shorter than 32 bytes and can be guessed: give a longer one, or none"
                    .into(),
            );
        }
        let mut logins: Vec<ProviderLogin> = Vec::new();
        for (name, variables) in [
            ("iptv", ["IPTV_HOST", "IPTV_USERNAME", "IPTV_PASSWORD"]),
            ("xtream", ["XTREAM_API_URL", "XTREAM_USERNAME", "XTREAM_PASSWORD"]),
        ] {
            let [host, username, password] = variables.map(|variable| environment.get(variable));
            match (host, username, password) {
                (Some(host), Some(username), Some(password)) => {
                    let host = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
                    match values::base_url(&host) {
                        Ok(host) => {
                            let login = ProviderLogin {
                                name,
                                host,
                                username: Secret::new(username),
                                password: Secret::new(password),
                            };
                            let same = |other: &ProviderLogin| {
                                other.host == login.host && other.username == login.username
                            };
                            if !logins.iter().any(same) {
                                logins.push(login);
                            }
                        }
                        Err(why) => refuse(variables[0], why),
                    }
                }
                (None, None, None) => {}
                _ => warnings
                    .push(format!("{} are not all set: no provider is made of them", variables.join(", "))),
            }
        }
        Self { jwt_key, admin_password_hash, panel_token, streaming_api, panel_auth_url, logins }
    }
}
