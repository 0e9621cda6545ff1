//! A channel stays who it is: its id and its number survive whatever the provider does to its list.

use super::{Form, holds, items, panel, relais};
use anyhow::{Result, ensure};
use harness::accounts::{Revision, Server, Spec};
use harness::catalogue::{Catalogue, Channel};
use std::collections::{HashMap, HashSet};

/// Channels by what they are in the account, where their name tells that for sure.
fn known(spec: &Spec, form: Form, channels: &[Channel]) -> HashMap<(&'static str, u64), Channel> {
    let mut by_name: HashMap<&str, Vec<&Channel>> = HashMap::new();
    channels.iter().for_each(|channel| by_name.entry(&channel.name).or_default().push(channel));
    let mut known = HashMap::new();
    for item in items(spec, form) {
        let name = item.name.as_deref().unwrap_or("");
        if let Some([channel]) = by_name.get(name).map(Vec::as_slice) {
            // Where the section matters: a panel counts each of its lists from nought.
            let section = if form == Form::Xtream { item.kind.name() } else { "" };
            known.insert((section, item.index), (*channel).clone());
        }
    }
    known
}

fn revisions() -> Vec<(&'static str, Revision)> {
    let number = Revision::number;
    vec![
        ("the same again", number(1)),
        ("renamed", Revision { rename: 300, ..number(2) }),
        ("moved", Revision { regroup: 300, ..number(3) }),
        ("other credentials and tokens", Revision { tokens: true, ..number(4) }),
        ("another order", Revision { shuffle: true, ..number(5) }),
        ("numbered anew", Revision { renumber: true, ..number(6) }),
        (
            "all at once",
            Revision { rename: 300, regroup: 300, tokens: true, shuffle: true, renumber: true, ..number(7) },
        ),
        ("some gone, some new", Revision { keep: 800, add: 200, ..number(8) }),
        ("as it was", Revision::default()),
    ]
}

async fn stays(form: Form, seed: u64) -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed, ..Spec::of(2000) }).await?;
    let done = match form {
        Form::M3u => catalogue.add_m3u("home", &server.m3u_url()).await?,
        Form::Xtream => catalogue.add_xtream("home", &server).await?,
    };
    ensure!(done.error().is_none(), "{:?}", done.error());
    let first = known(&server.spec(), form, &catalogue.all("").await?);
    ensure!(first.len() > 1800, "{}", first.len());
    for (what, revision) in revisions() {
        server.revise(revision);
        let done = catalogue.refresh("home").await?;
        ensure!(done.error().is_none(), "{what}: {:?}", done.error());
        let channels = catalogue.all("").await?;
        let ids: HashSet<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
        ensure!(ids.len() == channels.len(), "{what}: an id is there twice");
        let now = known(&server.spec(), form, &channels);
        let mut compared = 0;
        let mut others = Vec::new();
        for (index, channel) in &now {
            let Some(before) = first.get(index) else { continue };
            compared += 1;
            if (&before.id, before.number) != (&channel.id, channel.number) {
                others.push(format!("{before:?}\n  now {channel:?}"));
            }
        }
        ensure!(compared > 1400, "{what}: {compared}");
        ensure!(
            others.is_empty(),
            "{what}: {} of {compared} changed:\n{}",
            others.len(),
            others[..others.len().min(5)].join("\n")
        );
        // No newcomer has the id of one that left.
        let former: HashMap<&str, _> =
            first.iter().map(|(index, channel)| (channel.id.as_str(), index)).collect();
        for (index, channel) in &now {
            ensure!(
                former.get(channel.id.as_str()).is_none_or(|was| *was == index),
                "{what}: {channel:?} was another"
            );
        }
    }
    holds_but_for_numbers(&mut catalogue, &server, form).await
}

/// In the end the list is the first one again.
async fn holds_but_for_numbers(catalogue: &mut Catalogue<'_>, server: &Server, form: Form) -> Result<()> {
    ensure!(server.spec().revision == Revision::default());
    holds(catalogue, &server.spec(), form).await
}

#[tokio::test]
async fn m3u_channels_stay_who_they_are() -> Result<()> {
    stays(Form::M3u, 201).await
}

#[tokio::test]
async fn xtream_channels_stay_who_they_are() -> Result<()> {
    stays(Form::Xtream, 202).await
}

#[tokio::test]
async fn two_providers_do_not_take_each_others_ids() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    // The same panel software: the same stream ids.
    let one = panel(Spec { seed: 203, ..Spec::of(500) }).await?;
    let two = panel(Spec { seed: 204, ..Spec::of(500) }).await?;
    catalogue.add_xtream("one", &one).await?;
    catalogue.add_xtream("two", &two).await?;
    let ids = |channels: &[Channel]| -> HashMap<String, String> {
        channels.iter().map(|channel| (channel.id.clone(), channel.name.clone())).collect()
    };
    let before = catalogue.all("").await?;
    ensure!(ids(&before).len() == before.len(), "an id is there twice");
    let own = before.iter().filter(|channel| channel.id.starts_with("two-")).count();
    ensure!(own > 50, "{own} channels have an id with their provider's name");
    for name in ["two", "one", "two"] {
        ensure!(catalogue.refresh(name).await?.error().is_none());
        ensure!(ids(&catalogue.all("").await?) == ids(&before), "ids moved between providers at {name}");
    }
    Ok(())
}
