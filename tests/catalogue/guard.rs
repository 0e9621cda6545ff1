//! A bad list never replaces a good one, and what was refused can be accepted.

use super::{Form, holds, panel, relais};
use anyhow::{Result, ensure};
use harness::accounts::{Fault, Framing, Part, Revision, Server, Spec};
use harness::catalogue::{Catalogue, Refreshed};
use harness::relais::Relais;

async fn good(catalogue: &mut Catalogue<'_>, server: &Server, form: Form) -> Result<()> {
    let done = match form {
        Form::M3u => catalogue.add_m3u("home", &server.m3u_url()).await?,
        Form::Xtream => catalogue.add_xtream("home", server).await?,
    };
    ensure!(done.error().is_none(), "{:?}", done.error());
    holds(catalogue, &server.spec(), form).await
}

/// A refresh failed: it says so everywhere, and the old list is there.
async fn refused(
    relais: &Relais,
    catalogue: &mut Catalogue<'_>,
    done: &Refreshed,
    (before, form): (&Spec, Form),
    what: &str,
) -> Result<()> {
    let error = done.error().unwrap_or("");
    ensure!(!error.is_empty(), "{what}: taken over: {}", done.provider);
    holds(catalogue, before, form).await.map_err(|why| why.context(what.to_owned()))?;
    let status = catalogue.get("/status").await?;
    ensure!(status["error"].as_str().is_some_and(|text| text.contains("home")), "{what}: {status}");
    ensure!(status["stale"] == true && status["refreshing"] == false, "{what}: {status}");
    let list = relais.cli_json(&["provider", "list"]).await?;
    ensure!(list.to_string().contains(error), "{what}: {list} does not say {error:?}");
    Ok(())
}

#[tokio::test]
async fn m3u_lists_that_are_empty_or_cut_leave_the_old_one() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 101, ..Spec::of(2000) }).await?;
    good(&mut catalogue, &server, Form::M3u).await?;
    let before = server.spec();
    server.revise(Revision { rename: 500, ..Revision::number(1) });
    let mut faults = vec![
        (Framing::Length, Fault::Instead("audio/x-mpegurl", b"#EXTM3U\n".to_vec())),
        (Framing::Length, Fault::Instead("audio/x-mpegurl", Vec::new())),
        (Framing::Length, Fault::page()),
        (Framing::Length, Fault::Status(503)),
        (Framing::Length, Fault::Status(403)),
    ];
    for framing in [Framing::Length, Framing::Chunked, Framing::UntilClose] {
        // Also where nearly all came.
        faults.extend([0.2, 0.6, 0.97].map(|share| (framing, Fault::Cut(share))));
    }
    for (framing, fault) in faults {
        server.set(Part::List, |conduct| (conduct.framing, conduct.fault) = (framing, fault.clone()));
        let done = catalogue.refresh("home").await?;
        let what = format!("{framing:?} {fault:.40?}");
        refused(&relais, &mut catalogue, &done, (&before, Form::M3u), &what).await?;
    }
    server.fail(Part::List, Fault::None);
    ensure!(catalogue.refresh("home").await?.error().is_none());
    holds(&mut catalogue, &server.spec(), Form::M3u).await?;
    let status = catalogue.get("/status").await?;
    ensure!(status["error"].is_null() && status["stale"] == false, "{status}");
    Ok(())
}

#[tokio::test]
async fn xtream_lists_that_are_empty_or_cut_leave_the_old_ones() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 102, ..Spec::of(2000) }).await?;
    good(&mut catalogue, &server, Form::Xtream).await?;
    let before = server.spec();
    server.revise(Revision { rename: 500, ..Revision::number(1) });
    for part in [Part::Live, Part::Vod, Part::Series] {
        let mut faults = vec![(Framing::Length, Fault::page()), (Framing::Length, Fault::Status(502))];
        for framing in [Framing::Length, Framing::Chunked, Framing::UntilClose] {
            faults.push((framing, Fault::Cut(0.9)));
        }
        for (framing, fault) in faults {
            server.set(part, |conduct| (conduct.framing, conduct.fault) = (framing, fault.clone()));
            let done = catalogue.refresh("home").await?;
            let what = format!("{part:?} {framing:?} {fault:.40?}");
            refused(&relais, &mut catalogue, &done, (&before, Form::Xtream), &what).await?;
        }
        server.set(part, |conduct| (conduct.framing, conduct.fault) = Default::default());
    }
    for part in [Part::Live, Part::Vod, Part::Series] {
        server.fail(part, Fault::json("[]"));
    }
    let done = catalogue.refresh("home").await?;
    refused(&relais, &mut catalogue, &done, (&before, Form::Xtream), "three empty lists").await?;
    server.set_login(|login| login.accepted = false);
    let done = catalogue.refresh("home").await?;
    refused(&relais, &mut catalogue, &done, (&before, Form::Xtream), "a refused account").await
}

#[tokio::test]
async fn a_loss_of_more_than_half_must_be_accepted() -> Result<()> {
    for form in [Form::M3u, Form::Xtream] {
        let relais = relais().await?;
        let mut catalogue = Catalogue::of(&relais);
        let server = panel(Spec { seed: 103, ..Spec::of(2000) }).await?;
        good(&mut catalogue, &server, form).await?;
        // Less than half: that happens.
        server.revise(Revision { keep: 700, ..Revision::number(1) });
        ensure!(catalogue.refresh("home").await?.error().is_none());
        holds(&mut catalogue, &server.spec(), form).await?;
        let before = server.spec();
        server.revise(Revision { keep: 200, ..Revision::number(2) });
        let done = catalogue.refresh("home").await?;
        refused(&relais, &mut catalogue, &done, (&before, form), "a fifth").await?;
        // It stays refused until somebody accepts it.
        let done = catalogue.refresh("home").await?;
        refused(&relais, &mut catalogue, &done, (&before, form), "a fifth, again").await?;
        let done = catalogue.accept("home").await?;
        ensure!(done.error().is_none(), "{:?}", done.error());
        holds(&mut catalogue, &server.spec(), form).await?;
        // A list that is cut is never accepted.
        let before = server.spec();
        let parts = if form == Form::M3u { [Part::List; 3] } else { [Part::Live, Part::Vod, Part::Series] };
        parts.iter().for_each(|part| server.fail(*part, Fault::Cut(0.1)));
        let done = catalogue.accept("home").await?;
        refused(&relais, &mut catalogue, &done, (&before, form), "cut, accepted").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_list_survives_restarts_as_little_as_it_did_before() -> Result<()> {
    let mut relais = relais().await?;
    let server = panel(Spec { seed: 104, ..Spec::of(1000) }).await?;
    good(&mut Catalogue::of(&relais), &server, Form::M3u).await?;
    let before = server.spec();
    server.fail(Part::List, Fault::Cut(0.8));
    let done = Catalogue::of(&relais).refresh("home").await?;
    ensure!(done.error().is_some());
    relais.restart().await?;
    let mut catalogue = Catalogue::of(&relais);
    holds(&mut catalogue, &before, Form::M3u).await?;
    let status = catalogue.get("/status").await?;
    ensure!(status["error"].is_string(), "the failure is forgotten: {status}");
    Ok(())
}
