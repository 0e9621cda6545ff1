//! TOML and environment, validated into one `Config`.
//!
//! `relais.toml` holds what is no secret; a `.env` file beside it and the environment hold the rest, and the
//! environment wins. A `Config` that exists is valid: whoever gets one need not check again. Every bad value
//! is one line that names its place, key, value and what would be right.

mod check;
mod dotenv;
mod environment;
mod error;
mod file;
mod load;
mod paths;
mod secret;
mod secrets;
mod sections;
mod units;
mod values;

pub use environment::Environment;
pub use error::{ConfigError, Place, Problem};
pub use load::Request;
pub use secret::Secret;
pub use secrets::{ProviderLogin, Secrets, StreamingApi};
pub use sections::{
    Access, Engine, Feed, Ffmpeg, Guide, Hls, Limits, Listen, Log, LogFormat, OnAir, Player, Provider, Proxy,
    Web,
};

use std::path::PathBuf;

/// Everything that is configured, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the configuration is, or would be.
    pub file: PathBuf,
    /// Whether there is a file; without one the defaults hold.
    pub file_found: bool,
    /// The base of URLs handed out, without a slash at the end; `None`: taken from the request.
    pub public_url: Option<String>,
    /// What must survive: database, keys, logs.
    pub data_dir: PathBuf,
    /// What lives as long as the service: the admin socket.
    pub run_dir: PathBuf,
    /// `[listen]`
    pub listen: Listen,
    /// `[proxy]`
    pub proxy: Proxy,
    /// `[provider]`
    pub provider: Provider,
    /// `[guide]`
    pub guide: Guide,
    /// `[hls]`
    pub hls: Hls,
    /// `[feed]`
    pub feed: Feed,
    /// `[player]`
    pub player: Player,
    /// `[on_air]`
    pub on_air: OnAir,
    /// `[ffmpeg]`
    pub ffmpeg: Ffmpeg,
    /// `[log]`, its directory filled in.
    pub log: Log,
    /// `[limits]`
    pub limits: Limits,
    /// `[access]`
    pub access: Access,
    /// `[web]`
    pub web: Web,
    /// What only the environment gives.
    pub secrets: Secrets,
    /// What is odd but no error, for the log and `doctor`.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and checks everything that `request` names.
    pub fn load(request: Request) -> Result<Self, ConfigError> {
        load::load(request)
    }

    /// The effective configuration as `relais.toml` would say it, without secrets.
    pub fn to_toml(&self) -> Result<toml::Table, toml::ser::Error> {
        let address =
            |address: Option<std::net::SocketAddr>| Some(address.map_or_else(String::new, |a| a.to_string()));
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        toml::Table::try_from(file::File {
            public_url: Some(self.public_url.clone().unwrap_or_default()),
            data_dir: Some(self.data_dir.clone()),
            run_dir: Some(self.run_dir.clone()),
            listen: file::Listen {
                api: address(self.listen.api),
                public: address(self.listen.public),
                rtmp: address(self.listen.rtmp),
                admin_socket: Some(self.listen.admin_socket.as_ref().map_or_else(String::new, path)),
                admin_group: Some(self.listen.admin_group.clone()),
            },
            proxy: file::Proxy {
                trusted: Some(self.proxy.trusted.iter().map(ToString::to_string).collect()),
            },
            provider: self.provider.clone(),
            guide: self.guide.clone(),
            hls: self.hls.clone(),
            feed: self.feed.clone(),
            player: self.player.clone(),
            on_air: self.on_air.clone(),
            ffmpeg: self.ffmpeg.clone(),
            log: self.log.clone(),
            limits: self.limits.clone(),
            access: self.access.clone(),
            web: self.web.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
