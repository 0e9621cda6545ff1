//! `relais provider …`

use super::output::{Output, Table, clean, time};
use super::password;
use crate::client::{Client, Provider};
use crate::wire::catalogue::{NewProvider, ProviderAccess};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::time::{Duration, Instant};

/// How long `add` waits to see whether the list can be read.
const FIRST_READING: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add a provider and read its channels
    #[command(subcommand)]
    Add(Add),
    /// List providers
    List,
    /// Show one provider
    Show(Named),
    /// Read a provider's channels anew
    Refresh(Refresh),
    /// Remove a provider and its channels
    Remove(Named),
}

#[derive(Debug, Subcommand)]
pub(super) enum Add {
    /// An Xtream codes account
    Xtream(Xtream),
    /// An M3U list
    M3u(M3u),
}

#[derive(Debug, Args)]
pub(super) struct Xtream {
    /// What to call it here
    name: String,
    /// Its address, such as http://tv.example.org:8080
    #[arg(long, value_name = "URL")]
    host: String,
    /// The account's name
    #[arg(long)]
    username: String,
    /// Read the password from the first line of standard input; otherwise it is taken from XTREAM_PASSWORD, or asked for
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct M3u {
    /// What to call it here
    name: String,
    /// Its URL, a file on this machine, or - to read the URL from standard input
    #[arg(value_name = "URL_OR_FILE")]
    location: String,
}

#[derive(Debug, Args)]
pub(super) struct Refresh {
    #[command(flatten)]
    named: Named,
    /// Take the list over also where more than half of the channels are gone
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The provider's name or number
    provider: String,
}

impl Command {
    pub(super) async fn run(self, client: &Client, out: &Output) -> anyhow::Result<()> {
        match self {
            Self::Add(add) => {
                // Nobody should be asked for a password to learn then that the service does not run.
                client.version().await?;
                let answer = client.add_provider(&add.request()?).await?;
                // A wrong password shows only when the list is asked for.
                let read = first_reading(client, answer.value.provider).await;
                out.show(&answer.json, || details(&read))?;
                if let Some(error) = read.error {
                    bail!("{} was added, but its channels could not be read: {}", read.name, clean(&error));
                }
            }
            Self::List => {
                let answer = client.providers().await?;
                out.show(&answer.json, || list(&answer.value.providers))?;
            }
            Self::Show(named) => {
                let answer = client.provider(named.find(client).await?.id).await?;
                out.show(&answer.json, || details(&answer.value))?;
            }
            Self::Refresh(Refresh { named, force }) => {
                let provider = named.find(client).await?;
                let answer = client.refresh_provider(provider.id, force).await?;
                let words =
                    if answer.value.already_running { "is being read already" } else { "is being read" };
                out.show(&answer.json, || format!("{} {words}", clean(&provider.name)))?;
            }
            Self::Remove(named) => {
                let provider = named.find(client).await?;
                let answer = client.remove_provider(provider.id).await?;
                out.show(&answer.json, || format!("Removed {}", clean(&provider.name)))?;
            }
        }
        Ok(())
    }
}

/// The provider once its list was read, or could not be; as it is by then where that takes long.
async fn first_reading(client: &Client, mut provider: Provider) -> Provider {
    let until = Instant::now() + FIRST_READING;
    while provider.last_refresh.is_none() && provider.error.is_none() && Instant::now() < until {
        tokio::time::sleep(LOOK_AGAIN).await;
        // It was added: what can't be learnt now is no failure of that.
        match client.provider(provider.id).await {
            Ok(answer) => provider = answer.value,
            Err(_) => break,
        }
    }
    provider
}

impl Add {
    fn request(self) -> anyhow::Result<NewProvider> {
        match self {
            Self::Xtream(Xtream { name, host, username, password_stdin }) => {
                let from_environment =
                    std::env::var("XTREAM_PASSWORD").ok().filter(|value| !value.is_empty());
                let password = match (password_stdin, from_environment) {
                    (true, _) => password::from_stdin()?,
                    (false, Some(password)) => password,
                    _ if password::can_ask() => password::ask(&format!("Password of {username}"))?,
                    _ => bail!(
                        "there is no terminal to ask for the password: use --password-stdin, or set XTREAM_PASSWORD"
                    ),
                };
                Ok(new(name, ProviderAccess::Xtream { host, username, password }))
            }
            Self::M3u(M3u { name, location }) => {
                let url = match location.as_str() {
                    "-" => password::from_stdin()?,
                    url if url.contains("://") => location,
                    // The service has another working directory.
                    file => {
                        let path =
                            std::fs::canonicalize(file).with_context(|| format!("can't find {file}"))?;
                        path.into_os_string().into_string().ok().context("the file's path is not UTF-8")?
                    }
                };
                Ok(new(name, ProviderAccess::M3u { location: url }))
            }
        }
    }
}

/// With the service's own defaults for all that is not asked here.
fn new(name: String, access: ProviderAccess) -> NewProvider {
    NewProvider {
        name,
        access,
        user_agent: None,
        headers: Vec::new(),
        verify_tls: true,
        max_connections: None,
        refresh_interval: None,
        enabled: true,
    }
}

impl Named {
    async fn find(&self, client: &Client) -> anyhow::Result<Provider> {
        let providers = client.providers().await?.value.providers;
        choose(&self.provider, providers)
    }
}

/// By name, else by number.
fn choose(text: &str, mut providers: Vec<Provider>) -> anyhow::Result<Provider> {
    let by_name = providers.iter().position(|provider| provider.name == text);
    let by_number = || providers.iter().position(|provider| text.parse() == Ok(provider.id));
    match by_name.or_else(by_number) {
        Some(index) => Ok(providers.swap_remove(index)),
        None if providers.is_empty() => bail!("there are no providers. Add one with `relais provider add`"),
        None => {
            let names: Vec<_> = providers.iter().map(|provider| provider.name.as_str()).collect();
            bail!("no provider is called {text:?}; there are: {}", names.join(", "))
        }
    }
}

fn state(provider: &Provider) -> String {
    match (&provider.error, provider.refreshing) {
        (_, Some(true)) => "being read".to_owned(),
        (Some(error), _) => error.clone(),
        _ if provider.last_refresh.is_none() => "not read yet".to_owned(),
        _ => "ok".to_owned(),
    }
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn list(providers: &[Provider]) -> String {
    if providers.is_empty() {
        return "No providers. Add one with `relais provider add`".to_owned();
    }
    let mut table = Table::new(&["id", "name", "kind", "channels", "last read", "state"]);
    for provider in providers {
        table.row(vec![
            provider.id.to_string(),
            provider.name.clone(),
            provider.kind.clone(),
            number(provider.channel_count),
            provider.last_refresh.as_deref().map_or_else(|| "never".to_owned(), time),
            state(provider),
        ]);
    }
    table.to_string()
}

fn details(provider: &Provider) -> String {
    let connections = match (provider.open_connections, provider.max_connections) {
        (open, Some(0)) => format!("{} open, no limit", open.unwrap_or(0)),
        (open, Some(most)) => format!("{} open of {most}", open.unwrap_or(0)),
        (open, None) => format!("{} open", open.unwrap_or(0)),
    };
    let lines = [
        ("Provider", format!("{} ({})", provider.name, provider.id)),
        ("Kind", provider.kind.clone()),
        ("Host", provider.host.clone().unwrap_or_default()),
        ("Channels", number(provider.channel_count)),
        ("Connections", connections),
        ("Last read", provider.last_refresh.as_deref().map_or_else(|| "never".to_owned(), time)),
        ("State", state(provider)),
    ];
    lines.iter().map(|(title, value)| format!("{:<13}{}\n", format!("{title}:"), clean(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn providers() -> Vec<Provider> {
        let list = json!([
            {"id": 1, "name": "2", "kind": "m3u", "address": "/list.m3u", "last_error": "the list is empty"},
            {"id": 2, "name": "home", "kind": "xtream", "host": "http://h", "max_connections": 2, "open_connections": 1,
             "channel_count": 10, "refreshing": false, "last_refresh": "2025-12-24T10:30:00Z", "error": null}]);
        serde_json::from_value(list).expect("providers")
    }

    #[test]
    fn names_win_over_numbers() {
        assert_eq!(choose("2", providers()).expect("by name").id, 1);
        assert_eq!(choose("1", providers()).expect("by number").id, 1);
        assert_eq!(choose("home", providers()).expect("by name").id, 2);
        let error = choose("office", providers()).expect_err("unknown").to_string();
        assert_eq!(error, "no provider is called \"office\"; there are: 2, home");
    }

    #[test]
    fn lists_and_details() {
        let text = list(&providers());
        let expected = "ID  NAME  KIND    CHANNELS  LAST READ             STATE\n\
            1   2     m3u               never                 the list is empty\n\
            2   home  xtream  10        2025-12-24 10:30 UTC  ok\n";
        assert_eq!(text, expected);
        assert!(details(&providers()[1]).contains("Connections: 1 open of 2\n"));
        let unread = Provider { last_refresh: None, max_connections: Some(0), ..providers().remove(1) };
        let unread = details(&Provider { open_connections: None, ..unread });
        assert!(unread.contains("State:       not read yet\n"), "{unread}");
        assert!(unread.contains("Connections: 0 open, no limit\n"), "{unread}");
    }

    #[test]
    fn a_file_is_named_by_its_absolute_path_and_must_exist() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let location = file.path().to_string_lossy().into_owned();
        let add = |location: String| Add::M3u(M3u { name: "n".to_owned(), location }).request();
        let place = |new: NewProvider| match new.access {
            ProviderAccess::M3u { location } => location,
            ProviderAccess::Xtream { host, .. } => host,
        };
        assert!(std::path::Path::new(&place(add(location).expect("file"))).is_absolute());
        assert!(add("/nonexistent.m3u".to_owned()).is_err());
        assert_eq!(place(add("http://h/x".to_owned()).expect("url")), "http://h/x");
    }
}
