//! What a list says of a source is what the provider sees when the channel is opened.

use super::{PATIENCE, panel, relais, with_quirk};
use anyhow::{Context, Result, ensure};
use harness::accounts::m3u::Quirk;
use harness::accounts::{Item, Part, Seen, Server, Spec};
use harness::catalogue::Catalogue;
use harness::http1;
use harness::relais::Relais;
use serde_json::json;

/// Opens the item's channel; the first request that the provider then sees.
async fn opened(
    relais: &Relais,
    catalogue: &mut Catalogue<'_>,
    server: &Server,
    item: &Item,
) -> Result<Seen> {
    let name = item.name.as_deref().context("no name")?;
    let channels = catalogue.all("").await?;
    let channel =
        channels.iter().find(|channel| channel.name == name).with_context(|| format!("no channel {name}"))?;
    let link = relais.api("POST", "/generate_link", Some(json!({"channel_id": channel.id}))).await?;
    let path = link["restream_url"].as_str().context("no restream_url")?.to_owned();
    let before = server.asked(Part::Media);
    let url = format!("{}{path}", relais.public_url());
    let viewer = tokio::spawn(async move { http1::open(&url, &[]).await.map(drop) });
    let asked =
        |n: u64| move |p: &harness::accounts::Progress| p.asked.get(&Part::Media).is_some_and(|a| *a > n);
    server.wait(PATIENCE, "asked for the stream", asked(before)).await?;
    viewer.abort();
    let wanted = item.source.url.strip_prefix(&server.url()).context("another address")?;
    let wanted = wanted.split('?').next().unwrap_or(wanted);
    let seen = server.seen().into_iter().rev().find(|seen| seen.part == Part::Media && seen.path == wanted);
    seen.with_context(|| format!("{wanted} was not asked for"))
}

#[tokio::test]
async fn headers_of_a_list_reach_the_provider() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 601, ..Spec::of(2000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    let spec = server.spec();
    for quirk in [Quirk::VlcOptions, Quirk::VlcDash, Quirk::KodiProperty, Quirk::PipeHeaders] {
        for item in with_quirk(&spec, quirk).take(2) {
            let seen = opened(&relais, &mut catalogue, &server, &item).await?;
            ensure!(seen.header("user-agent") == item.source.user_agent.as_deref(), "{quirk:?}: {seen:?}");
            for (name, value) in &item.source.headers {
                ensure!(seen.header(name) == Some(value), "{quirk:?}: {name}: {seen:?}");
            }
        }
    }
    // A typing error is mended, and a channel without headers has those of nobody else.
    for item in with_quirk(&spec, Quirk::Slip).take(1).chain(with_quirk(&spec, Quirk::Plain).take(1)) {
        let seen = opened(&relais, &mut catalogue, &server, &item).await?;
        ensure!(!seen.header("user-agent").is_some_and(|agent| agent.starts_with("Agent")), "{seen:?}");
        ensure!(seen.header("referer").is_none() && seen.header("origin").is_none(), "{seen:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_sees_the_agent_and_headers_that_were_set_for_it() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 602, ..Spec::of(500) }).await?;
    let spec = server.spec();
    let body = json!({"kind": "xtream", "url": server.url(), "username": spec.username, "password": spec.password,
        "user_agent": "SetTopBox/7", "headers": [["X-Box", "42"]]});
    let done = catalogue.add("panel", body).await?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    let mut parts = 0;
    for seen in server.seen() {
        ensure!(
            seen.header("user-agent") == Some("SetTopBox/7") && seen.header("x-box") == Some("42"),
            "{seen:?}"
        );
        parts += u32::from(matches!(seen.part, Part::Login | Part::Live | Part::Vod | Part::Series));
    }
    ensure!(parts >= 4, "{parts}");
    let item = super::items(&spec, super::Form::Xtream).into_iter().find(|item| item.name.is_some());
    let seen = opened(&relais, &mut catalogue, &server, &item.context("no item")?).await?;
    ensure!(seen.header("user-agent") == Some("SetTopBox/7"), "{seen:?}");
    Ok(())
}
