//! `relais admin …`

use super::output::{Output, clean};
use super::password;
use crate::client::Client;
use anyhow::bail;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Set the administrator's password
    Passwd(Passwd),
}

#[derive(Debug, Args)]
pub(super) struct Passwd {
    /// Read the new password from the first line of standard input
    #[arg(long)]
    stdin: bool,
    /// Let relais make one, and print it once
    #[arg(long, conflicts_with = "stdin")]
    generate: bool,
}

impl Command {
    pub(super) async fn run(self, client: &Client, out: &Output) -> anyhow::Result<()> {
        let Self::Passwd(Passwd { stdin, generate }) = self;
        // Nobody should type a password twice to learn then that the service does not run.
        client.version().await?;
        let chosen = match (stdin, generate) {
            (_, true) => None,
            (true, _) => Some(password::from_stdin()?),
            _ if password::can_ask() => Some(ask_twice()?),
            _ => bail!("there is no terminal to ask for the password: use --stdin or --generate"),
        };
        let answer = client.set_password(chosen.as_deref()).await?;
        let name = clean(answer.value.username.as_deref().unwrap_or("admin"));
        out.show(&answer.json, || match &answer.value.password {
            Some(made) => format!("The new password of {name}, shown this once: {made}"),
            None => format!("The password of {name} is set"),
        })?;
        Ok(())
    }
}

fn ask_twice() -> anyhow::Result<String> {
    let first = password::ask("New password")?;
    if password::ask("Once more")? != first {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(first)
}
