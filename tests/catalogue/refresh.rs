//! Refreshes: one at a time, told truly, and none where nothing changed.

use super::{Form, PATIENCE, holds, panel, relais};
use anyhow::{Result, ensure};
use harness::accounts::{Fault, Framing, Part, Revision, Spec};
use harness::catalogue::Catalogue;
use serde_json::json;
use std::time::{Duration, Instant};

/// Between looks at the status: the API tells it to who asks.
const LOOK: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_second_refresh_while_one_runs_starts_nothing() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 401, ..Spec::of(12_000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    let before = server.spec();
    ensure!(server.asked(Part::List) == 1);
    server.revise(Revision { rename: 500, ..Revision::number(1) });
    server.fail(Part::List, Fault::Stall(0.6));
    let first = relais.call("POST", "/api/providers/home/refresh", None).await?;
    ensure!(first.status() == 202 && first.json()?["already_running"] == json!(false), "{}", first.text());
    server.held(PATIENCE).await?;
    for path in ["/api/providers/home/refresh", "/refresh", "/api/providers/home/refresh"] {
        let again = relais.call("POST", path, None).await?;
        ensure!(
            again.status() == 202 && again.json()?["already_running"] == json!(true),
            "{path}: {}",
            again.text()
        );
    }
    // True progress, and the old list meanwhile.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = catalogue.get("/status").await?;
        let progress = status["progress"].as_f64().unwrap_or(-1.0);
        ensure!(status["refreshing"] == true && (0.0..0.9).contains(&progress), "{status}");
        if progress > 0.4 {
            break;
        }
        ensure!(Instant::now() < deadline, "three fifths came: {status}");
        tokio::time::sleep(LOOK).await;
    }
    let provider = catalogue.provider("home").await?;
    ensure!(provider["refreshing"] == true, "{provider}");
    holds(&mut catalogue, &before, Form::M3u).await?;
    ensure!(server.asked(Part::List) == 2, "the provider was asked {} times", server.asked(Part::List));
    Ok(())
}

#[tokio::test]
async fn a_refresh_of_all_refreshes_each_provider_once() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let one = panel(Spec { seed: 402, ..Spec::of(500) }).await?;
    let two = panel(Spec { seed: 403, ..Spec::of(500) }).await?;
    catalogue.add_m3u("one", &one.m3u_url()).await?;
    catalogue.add_xtream("two", &two).await?;
    let (lists, lives) = (one.asked(Part::List), two.asked(Part::Live));
    let answer = relais.call("POST", "/refresh", None).await?;
    ensure!(answer.status() == 202 && answer.json()?["already_running"] == json!(false), "{}", answer.text());
    one.wait(PATIENCE, "read", |p| p.whole.get(&Part::List).is_some_and(|n| *n > lists)).await?;
    two.wait(PATIENCE, "read", |p| p.whole.get(&Part::Live).is_some_and(|n| *n > lives)).await?;
    loop {
        let status = catalogue.get("/status").await?;
        if status["refreshing"] == false {
            ensure!(status["progress"] == 1.0 && status["error"].is_null(), "{status}");
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    ensure!((one.asked(Part::List), two.asked(Part::Live)) == (lists + 1, lives + 1));
    Ok(())
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again() -> Result<()> {
    for framing in [Framing::Length, Framing::Chunked] {
        let relais = relais().await?;
        let mut catalogue = Catalogue::of(&relais);
        let server = panel(Spec { seed: 404, ..Spec::of(1000) }).await?;
        server.set(Part::List, |conduct| (conduct.validators, conduct.framing) = (true, framing));
        catalogue.add_m3u("home", &server.m3u_url()).await?;
        let before = catalogue.all("").await?;
        let done = catalogue.refresh("home").await?;
        ensure!(done.error().is_none(), "{:?}", done.error());
        ensure!(server.unchanged(Part::List) == 1, "the list was sent again");
        ensure!(catalogue.all("").await? == before);
        ensure!(catalogue.get("/status").await?["stale"] == false);
        // What changed is read.
        server.revise(Revision { rename: 300, ..Revision::number(1) });
        catalogue.refresh("home").await?;
        holds(&mut catalogue, &server.spec(), Form::M3u).await?;
        // What was refused is not taken for what one has.
        server.fail(Part::List, Fault::Cut(0.5));
        server.revise(Revision { rename: 300, ..Revision::number(2) });
        ensure!(catalogue.refresh("home").await?.error().is_some());
        server.fail(Part::List, Fault::None);
        ensure!(catalogue.refresh("home").await?.error().is_none());
        holds(&mut catalogue, &server.spec(), Form::M3u).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_removed_midway_is_gone() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 405, ..Spec::of(4000) }).await?;
    server.fail(Part::List, Fault::Stall(0.5));
    let body = json!({"name": "home", "kind": "m3u", "url": server.m3u_url(), "refresh_interval": 0});
    relais.api("POST", "/api/providers", Some(body)).await?;
    server.held(PATIENCE).await?;
    super::remove(&relais, "home").await?;
    server.wait(PATIENCE, "let go", |progress| progress.held == 0).await?;
    ensure!(catalogue.all("").await?.is_empty());
    server.fail(Part::List, Fault::None);
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    holds(&mut catalogue, &server.spec(), Form::M3u).await
}
