//! A temporary link opens one channel, and nothing of it goes on once it is revoked.

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
