//! The command line: one file per subcommand.
//!
//! Every command but `serve`, `config` and `doctor` speaks to the running service over its admin socket and
//! does nothing without it. Exit codes: 0 done, 1 failed, 2 the command line was wrong.

mod admin;
mod channel;
mod config;
mod doctor;
mod link;
mod output;
mod password;
mod pick;
mod provider;
mod report;
mod serve;
mod socket;
mod start;
mod status;
mod stop;

pub use report::report;

use crate::client::Client;
use crate::config::{Config, ConfigError, Request};
use clap::{Args, Parser, Subcommand};
use output::Output;
use std::path::PathBuf;

/// A television headend for one small box.
#[derive(Debug, Parser)]
#[command(
    name = "relais",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// The configuration [default: RELAIS_CONFIG, else /etc/relais/relais.toml or ~/.config/relais/relais.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The service's admin socket [default: as configured]
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service in the foreground
    Serve(serve::Serve),
    /// Put a channel on air
    Start(start::Start),
    /// Take what is on air off air
    Stop,
    /// Show what is on air and which channels run
    Status,
    /// Look at channels
    #[command(subcommand)]
    Channel(channel::Command),
    /// Manage where channels come from
    #[command(subcommand)]
    Provider(provider::Command),
    /// Make a temporary link to a channel, for VLC or any player
    Link(link::Link),
    /// Manage the administrator's account
    #[command(subcommand)]
    Admin(admin::Command),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Check everything that the service needs
    Doctor,
}

impl Cli {
    /// Whether this runs the service itself, which wants every processor.
    pub fn is_service(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    /// Does it.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { global, command } = self;
        let out = Output::new(global.json);
        match command {
            Command::Serve(serve) => serve.run(global.load()?).await,
            Command::Start(start) => start.run(&global.client()?, &out).await,
            Command::Stop => stop::run(&global.client()?, &out).await,
            Command::Status => status::run(&global.client()?, &out).await,
            Command::Channel(command) => command.run(&global.client()?, &out).await,
            Command::Provider(command) => command.run(&global.client()?, &out).await,
            Command::Link(link) => link.run(&global.client()?, &out).await,
            Command::Admin(command) => command.run(&global.client()?, &out).await,
            Command::Config(command) => command.run(global.load(), &out),
            Command::Doctor => {
                let config = global.load()?;
                let client = Client::new(socket::find(global.socket.as_deref(), &config));
                doctor::run(&config, &client, &out).await
            }
        }
    }
}

impl Global {
    fn load(&self) -> Result<Config, ConfigError> {
        Config::load(Request::of_this_process(self.config.clone()))
    }

    /// The client of the service that is meant; with `--socket` the configuration is not read.
    fn client(&self) -> Result<Client, ConfigError> {
        match &self.socket {
            Some(socket) => Ok(Client::new(socket)),
            None => Ok(Client::new(socket::find(None, &self.load()?))),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
