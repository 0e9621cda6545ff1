//! Catalogues of generated accounts, through the real service: what is imported, kept, found, and never lost.

mod forms;
mod guard;
mod headers;
mod hostile;
mod identity;
mod killed;
mod refresh;
mod search;
mod secrets;

use anyhow::{Result, bail};
use harness::accounts::m3u::{List, quirk::Quirk};
use harness::accounts::xtream::Panel;
use harness::accounts::{Item, Server, Spec, Truth};
use harness::catalogue::{Catalogue, compare_groups, compare_stats, differences};
use harness::relais::{Relais, RelaisOptions};
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

async fn relais() -> Result<Relais> {
    Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await
}

/// Which of an account's two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    M3u,
    Xtream,
}

fn items(spec: &Spec, form: Form) -> Vec<Item> {
    match form {
        Form::M3u => List::new(spec).items().collect(),
        Form::Xtream => Panel::new(spec).items().collect(),
    }
}

fn truth(spec: &Spec, form: Form) -> Truth {
    match form {
        Form::M3u => List::new(spec).truth(),
        Form::Xtream => Panel::new(spec).truth(),
    }
}

/// The whole catalogue is that account's, item for item, and the counts say so.
async fn holds(catalogue: &mut Catalogue<'_>, spec: &Spec, form: Form) -> Result<()> {
    let channels = catalogue.all("").await?;
    let found = differences(items(spec, form).into_iter(), &channels);
    if !found.is_none() {
        bail!(
            "{found}\nmissing or wrong by quirk: {:?}",
            by_quirk(spec, form, found.missing.iter().chain(found.wrong.iter().map(|(item, _)| item)))
        );
    }
    let truth = truth(spec, form);
    compare_stats(&truth, &catalogue.get("/stats").await?)?;
    compare_groups(&truth, &catalogue.get("/groups").await?)?;
    compare_groups(&truth, &catalogue.get("/categories").await?)?;
    let status = catalogue.get("/status").await?;
    anyhow::ensure!(status["channel_count"] == truth.total, "{status} instead of {}", truth.total);
    Ok(())
}

/// What the items' entries have in common tells what went wrong.
fn by_quirk<'a>(spec: &Spec, form: Form, items: impl Iterator<Item = &'a Item>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        let quirk = match form {
            Form::M3u => format!("{:?}", List::new(spec).entry(item.index).quirk),
            Form::Xtream => format!("{:?}", item.kind),
        };
        *counts.entry(quirk).or_default() += 1;
    }
    counts
}

/// Takes the provider away again, with its channels.
async fn remove(relais: &Relais, name: &str) -> Result<()> {
    relais.api("DELETE", &format!("/api/providers/{name}"), None).await.map(drop)
}

/// The first items whose M3U entries have that quirk.
fn with_quirk(spec: &Spec, quirk: Quirk) -> impl Iterator<Item = Item> + use<'_> {
    let entries = List::new(spec).entries_from(0).filter(move |(_, entry)| entry.quirk == quirk);
    entries.filter_map(|(_, entry)| entry.outcome.channel())
}

async fn panel(spec: Spec) -> Result<Server> {
    Server::start(spec).await
}
