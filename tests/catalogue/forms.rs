//! Every form that a list comes in is imported item for item.

use super::{Form, PATIENCE, holds, panel, relais, remove, truth};
use anyhow::{Result, ensure};
use harness::accounts::pieces::{M3u, write};
use harness::accounts::xtream::{self, Section};
use harness::accounts::{Fault, Framing, Pack, Part, Spec};
use harness::catalogue::Catalogue;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn m3u_lists_of_every_dress() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let dresses = [
        ("plain", Spec { seed: 11, ..Spec::of(1000) }),
        ("bom-crlf", Spec { seed: 12, bom: true, crlf: true, ..Spec::of(1000) }),
        ("headless", Spec { seed: 13, header: false, ..Spec::of(1000) }),
        ("bom-headless", Spec { seed: 14, bom: true, header: false, ..Spec::of(1000) }),
        // One line of nearly 16 MiB.
        ("giant", Spec { seed: 15, giant: (16 << 20) - 4096, ..Spec::of(1000) }),
    ];
    for (name, spec) in dresses {
        let server = panel(spec).await?;
        let done = catalogue.add_m3u(name, &server.m3u_url()).await?;
        ensure!(done.error().is_none(), "{name}: {:?}", done.error());
        holds(&mut catalogue, &server.spec(), Form::M3u).await.map_err(|why| why.context(name))?;
        ensure!(done.channels() == truth(&server.spec(), Form::M3u).total, "{name}: {}", done.provider);
        remove(&relais, name).await?;
    }
    ensure!(catalogue.all("").await?.is_empty(), "removed providers leave channels");
    Ok(())
}

#[tokio::test]
async fn m3u_lists_over_every_line_and_in_every_pack() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 21, ..Spec::of(1000) }).await?;
    for framing in [Framing::Length, Framing::Chunked, Framing::UntilClose] {
        for (gzip, pack) in
            [(false, Pack::Plain), (true, Pack::Plain), (false, Pack::Gzip), (false, Pack::Xz)]
        {
            let name = format!("{framing:?}-{gzip}-{pack:?}");
            server.set(Part::List, |conduct| (conduct.framing, conduct.gzip) = (framing, gzip));
            let done = catalogue.add_m3u(&name, &server.list_url(pack)).await?;
            ensure!(done.error().is_none(), "{name}: {:?}", done.error());
            holds(&mut catalogue, &server.spec(), Form::M3u)
                .await
                .map_err(|why| why.context(name.clone()))?;
            remove(&relais, &name).await?;
        }
    }
    // Late and slow.
    server.set(Part::List, |conduct| {
        conduct.first_byte = Duration::from_secs(2);
        conduct.fault = Fault::Trickle(700, Duration::from_millis(1));
    });
    ensure!(catalogue.add_m3u("slow", &server.m3u_url()).await?.error().is_none());
    holds(&mut catalogue, &server.spec(), Form::M3u).await
}

#[tokio::test]
async fn m3u_lists_from_files() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let folder = tempfile::tempdir()?;
    let spec = Spec { seed: 31, ..Spec::of(1000) };
    for (pack, file) in [(Pack::Plain, "list.m3u"), (Pack::Gzip, "list.m3u.gz"), (Pack::Xz, "list.xz")] {
        let path = folder.path().join(file);
        write(pack.wrap(Box::new(M3u::new(spec.clone()))), &mut std::fs::File::create(&path)?)?;
        let done = catalogue.add_m3u(file, &path.display().to_string()).await?;
        ensure!(done.error().is_none(), "{file}: {:?}", done.error());
        holds(&mut catalogue, &spec, Form::M3u).await.map_err(|why| why.context(file))?;
        remove(&relais, file).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_hundred_thousand_m3u_entries() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 41, ..Spec::of(100_000) }).await?;
    let done = catalogue.add_m3u("large", &server.m3u_url()).await?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    holds(&mut catalogue, &server.spec(), Form::M3u).await?;
    // The order of the pages is the provider's.
    let names: Vec<_> =
        super::items(&server.spec(), Form::M3u).into_iter().filter_map(|item| item.name).collect();
    let pages = catalogue.all("").await?;
    let mut rest = pages.iter().map(|channel| channel.name.as_str());
    ensure!(names.iter().all(|name| rest.any(|other| other == name)), "the list's order is not kept");
    Ok(())
}

#[tokio::test]
async fn xtream_lists_of_every_dress() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 51, ..Spec::of(2000) }).await?;
    for (name, form) in
        [("lists", xtream::Form::List), ("objects", xtream::Form::Object), ("spaced", xtream::Form::Spaced)]
    {
        server.set_form(form);
        for (framing, gzip) in
            [(Framing::Length, false), (Framing::Chunked, true), (Framing::UntilClose, false)]
        {
            for part in [Part::Login, Part::Categories, Part::Live, Part::Vod, Part::Series] {
                server.set(part, |conduct| (conduct.framing, conduct.gzip) = (framing, gzip));
            }
            let done = catalogue.add_xtream(name, &server).await?;
            ensure!(done.error().is_none(), "{name} {framing:?}: {:?}", done.error());
            holds(&mut catalogue, &server.spec(), Form::Xtream).await.map_err(|why| why.context(name))?;
            remove(&relais, name).await?;
        }
    }
    // The JSON lists are preferred to the playlist.
    ensure!(server.asked(Part::List) == 0);
    Ok(())
}

#[tokio::test]
async fn a_hundred_thousand_xtream_items() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 61, ..Spec::of(100_000) }).await?;
    let done = catalogue.add_xtream("large", &server).await?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    holds(&mut catalogue, &server.spec(), Form::Xtream).await
}

#[tokio::test]
async fn a_live_channel_of_a_panel_has_its_stream_id() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 71, ..Spec::of(1000) }).await?;
    catalogue.add_xtream("panel", &server).await?;
    let live = super::items(&server.spec(), Form::Xtream).into_iter().filter(|item| item.number.is_some());
    let channels = catalogue.all("").await?;
    for item in live.filter(|item| item.name.is_some()) {
        let channel = channels.iter().find(|channel| Some(&channel.name) == item.name.as_ref());
        ensure!(channel.is_some_and(|c| c.id == item.stream_id.to_string()), "{item:?}: {channel:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_panel_does_not_have_is_no_failure() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 81, ..Spec::of(1000) }).await?;
    let all = super::items(&server.spec(), Form::Xtream);
    // Nothing, in every word that panels have for it.
    for (number, nothing) in ["[]", "{}", "null", "false", " [ ] "].into_iter().enumerate() {
        let name = format!("empty{number}");
        server.fail(Part::Vod, Fault::json(nothing));
        let done = catalogue.add_xtream(&name, &server).await?;
        ensure!(done.error().is_none(), "{nothing}: {:?}", done.error());
        let wanted = all.iter().filter(|item| !item.source.url.contains("/movie/")).cloned();
        harness::catalogue::compare(wanted, &catalogue.all("").await?).map_err(|why| why.context(nothing))?;
        remove(&relais, &name).await?;
    }
    server.fail(Part::Vod, Fault::None);
    // A panel that does not know an action answers with the login document.
    server.forget(&[Section::Series]);
    let done = catalogue.add_xtream("no-series", &server).await?;
    ensure!(done.error().is_none(), "{:?}", done.error());
    let wanted = all.iter().filter(|item| item.kind != harness::accounts::Kind::Series).cloned();
    harness::catalogue::compare(wanted, &catalogue.all("").await?)
}

#[tokio::test]
async fn refused_accounts_and_other_pages_are_told_apart() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 91, ..Spec::of(500) }).await?;
    let spec = server.spec();
    let mut number = 0;
    let mut failing = async |server: &harness::accounts::Server, words: &[&str]| -> Result<()> {
        number += 1;
        let name = format!("refused{number}");
        let done = catalogue.add_xtream(&name, server).await?;
        let error = done.error().unwrap_or("").to_lowercase();
        ensure!(words.iter().any(|word| error.contains(word)), "{words:?}: {error:?}");
        ensure!(!error.contains(&spec.password) && !error.contains(&spec.username), "{error}");
        ensure!(done.channels() == 0);
        remove(&relais, &name).await
    };
    server.set_login(|login| login.accepted = false);
    failing(&server, &["refuse", "password"]).await?;
    server.set_login(|login| login.accepted = true);
    for status in ["Expired", "Banned", "Disabled"] {
        server.set_login(|login| login.status = status);
        failing(&server, &[&status.to_lowercase()]).await?;
    }
    server.set_login(|login| login.status = "Active");
    for part in [Part::Login, Part::Live] {
        server.fail(part, Fault::page());
        failing(&server, &["web page", "html"]).await?;
        server.fail(part, Fault::words());
        failing(&server, &["not json", "list"]).await?;
        for status in [401, 403, 404, 429, 454, 458, 500, 502, 884] {
            server.fail(part, Fault::Status(status));
            failing(&server, &["refuse", "credential", "limit", "not", "status", "http", "answer"]).await?;
        }
        server.fail(part, Fault::None);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_m3u_list_is_not_taken_for_one() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 95, ..Spec::of(500) }).await?;
    let hls = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n".to_vec();
    let others = [
        Fault::page(),
        Fault::words(),
        Fault::json("{\"user_info\":{\"auth\":0}}"),
        Fault::json("[]"),
        Fault::Instead("audio/x-mpegurl", b"#EXTM3U\n".to_vec()),
        Fault::Instead("audio/x-mpegurl", Vec::new()),
        Fault::Instead("audio/x-mpegurl", hls),
        Fault::Instead("application/gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03garbage".to_vec()),
    ];
    for (number, fault) in others.into_iter().enumerate() {
        server.fail(Part::List, fault.clone());
        let name = format!("other{number}");
        let done = catalogue.add_m3u(&name, &server.m3u_url()).await?;
        ensure!(done.error().is_some() && done.channels() == 0, "{fault:?}: {}", done.provider);
        remove(&relais, &name).await?;
    }
    ensure!(catalogue.all("").await?.is_empty());
    let bad = json!({"name": "bad", "kind": "m3u", "url": "/nonexistent/list.m3u", "refresh_interval": 0});
    let done = catalogue.add("bad", bad).await?;
    ensure!(done.error().is_some());
    server.wait(PATIENCE, "idle", |progress| progress.held == 0).await
}
