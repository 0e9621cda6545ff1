//! No credential of a provider is in an answer, a log, a command's output or a file.

use super::{PATIENCE, panel, relais};
use anyhow::{Result, ensure};
use harness::accounts::{Fault, Part, Revision, Spec};
use harness::catalogue::Catalogue;
use harness::http1;
use serde_json::json;
use std::path::Path;

const USER: &str = "planted-user-4f1c";
const PASSWORD: &str = "planted-pass-9b7e";
const HEADER: &str = "planted-header-2d6a";

/// Everything that must not be found.
fn planted(tokens: &[String]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> =
        [USER, PASSWORD, HEADER].iter().map(|text| text.as_bytes().to_vec()).collect();
    all.extend(tokens.iter().map(|token| token.as_bytes().to_vec()));
    all
}

fn clean(planted: &[Vec<u8>], bytes: &[u8], place: &str) -> Result<()> {
    for secret in planted {
        let at = bytes.windows(secret.len()).position(|window| window == secret);
        if let Some(at) = at {
            let around = &bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())];
            anyhow::bail!(
                "{place} has {}: …{}…",
                String::from_utf8_lossy(secret),
                String::from_utf8_lossy(around)
            );
        }
    }
    Ok(())
}

fn files(planted: &[Vec<u8>], folder: &Path) -> Result<u64> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            count += files(planted, &path)?;
        } else if path.is_file() {
            clean(planted, &std::fs::read(&path)?, &path.display().to_string())?;
            count += 1;
        }
    }
    Ok(count)
}

#[tokio::test]
async fn credentials_are_nowhere() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let spec = Spec { seed: 701, username: USER.into(), password: PASSWORD.into(), ..Spec::of(2000) };
    let server = panel(spec).await?;
    let spec = server.spec();
    // Tokens in the addresses of a list are credentials, too.
    let urls = super::items(&spec, super::Form::M3u).into_iter().map(|item| item.source.url);
    let tokens: Vec<String> =
        urls.filter_map(|url| Some(url.split_once("?token=")?.1.to_owned())).take(5).collect();
    ensure!(tokens.len() == 5);
    let planted = planted(&tokens);

    let headers = json!([["X-Account", HEADER]]);
    let m3u = json!({"kind": "m3u", "url": server.m3u_url(), "headers": headers});
    ensure!(catalogue.add("list", m3u).await?.error().is_none());
    let xtream = json!({"kind": "xtream", "url": server.url(), "username": USER, "password": PASSWORD, "headers": headers});
    ensure!(catalogue.add("panel", xtream).await?.error().is_none());
    let login = json!({"host": server.url(), "username": USER, "password": PASSWORD});
    let answer = relais.call("POST", "/login", Some(login)).await?;
    ensure!(answer.status() == 200);
    clean(&planted, &answer.body, "POST /login")?;

    // Things go wrong, and are told.
    for fault in [Fault::Status(403), Fault::Status(500), Fault::page(), Fault::Cut(0.5), Fault::words()] {
        for part in [Part::List, Part::Login, Part::Live] {
            server.fail(part, fault.clone());
        }
        for name in ["list", "panel"] {
            ensure!(catalogue.refresh(name).await?.error().is_some());
        }
        for path in ["/status", "/api/providers", "/api/providers/list", "/api/providers/panel"] {
            clean(&planted, &relais.call("GET", path, None).await?.body, path)?;
        }
    }
    for part in [Part::List, Part::Login, Part::Live] {
        server.fail(part, Fault::None);
    }
    server.revise(Revision { keep: 300, ..Revision::number(1) });
    ensure!(catalogue.refresh("list").await?.error().is_some());

    // A channel of each is opened, which fails.
    for item in super::items(&spec, super::Form::M3u)
        .into_iter()
        .filter(|item| item.source.url.contains(PASSWORD))
        .take(2)
    {
        let name = item.name.unwrap_or_default();
        let Some(channel) = catalogue.all("").await?.into_iter().find(|channel| channel.name == name) else {
            continue;
        };
        let link = relais.api("POST", "/generate_link", Some(json!({"channel_id": channel.id}))).await?;
        let path = link["restream_url"].as_str().unwrap_or_default().to_owned();
        let before = server.asked(Part::Media);
        let url = format!("{}{path}", relais.public_url());
        let viewer = tokio::spawn(async move { http1::get(&url).await });
        server.wait(PATIENCE, "asked", |p| p.asked.get(&Part::Media).is_some_and(|n| *n > before)).await?;
        if let Ok(answer) = viewer.await? {
            clean(&planted, &answer.body, "the channel's answer")?;
            for (name, value) in &answer.head.headers {
                clean(&planted, value.as_bytes(), name)?;
            }
        }
        clean(&planted, &relais.call("GET", "/api/feeds?per_page=500", None).await?.body, "/api/feeds")?;
    }

    for path in [
        "/groups",
        "/stats",
        "/status",
        "/api/providers?per_page=500",
        "/api/links",
        "/stream_status",
        "/api/openapi.json",
    ] {
        clean(&planted, &relais.call("GET", path, None).await?.body, path)?;
    }
    for page in 1..=9 {
        let path = format!("/channels?page={page}&page_size=500");
        clean(&planted, &relais.call("GET", &path, None).await?.body, &path)?;
    }
    for arguments in [
        &["provider", "list"][..],
        &["provider", "show", "panel"],
        &["provider", "show", "list"],
        &["status"],
        &["channel", "list"],
        &["doctor"],
    ] {
        let output = relais.cli(arguments).await?;
        clean(&planted, &output.stdout, &arguments.join(" "))?;
        clean(&planted, &output.stderr, &arguments.join(" "))?;
    }
    clean(&planted, relais.log().as_bytes(), "the log")?;
    let count = files(&planted, &relais.data_dir())?;
    ensure!(count >= 2, "{count} files in the data directory");
    Ok(())
}
