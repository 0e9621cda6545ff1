//! What is taken back ends: a revoked link, a removed provider.

use anyhow::{Context, Result, ensure};
use harness::hell::{ChannelSpec, Hell, HellOptions};
use harness::relais::{Relais, RelaisOptions};
use std::time::Duration;

/// What is ended is ended within 2 s; the machine may be busy.
const SOON: Duration = Duration::from_secs(6);

#[tokio::test]
async fn who_watches_by_a_revoked_link_is_ended() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    let made = relais
        .api(
            "POST",
            "/generate_link",
            Some(serde_json::json!({"channel_id": relais.channel_id(&hell, "1").await?})),
        )
        .await?;
    let id = made["id"].as_str().context("no id")?;
    let (head, mut endless) = relais.open(&format!("/restream/{id}.ts")).await?;
    ensure!(head.status == 200, "{head:?}");
    let list = relais.public(&format!("/restream/{id}.m3u8")).await?.ok()?.text();
    let session = list.lines().find(|line| !line.starts_with('#')).context("no session in the list")?;
    let session = session.strip_prefix("..").context("the list's address")?;
    relais.public(session).await?.ok()?;

    relais.api("DELETE", &format!("/api/links/{id}"), None).await?;

    let ended = async {
        while endless.chunk().await?.is_some() {}
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, ended).await.context("the endless stream goes on")?.ok();
    for path in [session, &format!("/restream/{id}.ts"), &format!("/restream/{id}.m3u8")] {
        let status = relais.public(path).await?.status();
        ensure!(status == 410, "{status} for {path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_removed_provider_is_let_go_at_once() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    hell.channel("1").connected(1, SOON).await?;
    let providers = relais.api("GET", "/api/providers", None).await?;
    let id = providers["providers"][0]["id"].as_i64().context("no provider")?;
    relais.api("DELETE", &format!("/api/providers/{id}"), None).await?;
    hell.channel("1").connected(0, SOON).await?;
    Ok(())
}

#[tokio::test]
async fn adding_a_provider_tells_of_a_wrong_password() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let relais =
        Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais")).env("XTREAM_PASSWORD", "wrong"))
            .await?;
    let host = hell.url();
    let out =
        relais.cli(&["provider", "add", "xtream", "home", "--host", &host, "--username", "user"]).await?;
    let text = String::from_utf8_lossy(&out.stdout);
    ensure!(text.contains("refuses the account"), "{text}{}", String::from_utf8_lossy(&out.stderr));
    Ok(())
}
