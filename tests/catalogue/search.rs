//! What is searched is found: the same as by looking at every name.

use super::{Form, holds, panel, relais};
use anyhow::{Context, Result, ensure};
use harness::accounts::{Kind, Spec};
use harness::catalogue::{Catalogue, Channel, fold, naive, queries};
use std::collections::BTreeMap;

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Ids, sorted.
fn ids(channels: &[&Channel]) -> Vec<String> {
    let mut ids: Vec<String> = channels.iter().map(|channel| channel.id.clone()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn two_hundred_queries_find_what_a_scan_finds() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 301, ..Spec::of(5000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    holds(&mut catalogue, &server.spec(), Form::M3u).await?;
    let all = catalogue.all("").await?;
    let folded: Vec<String> = all.iter().map(|channel| fold(&channel.name)).collect();
    let names: Vec<&str> = all.iter().map(|channel| channel.name.as_str()).collect();
    let mut hits = 0;
    for query in queries(301, &names, 200) {
        let expected: Vec<&Channel> =
            all.iter().zip(&folded).filter(|(_, name)| naive(name, &query)).map(|(c, _)| c).collect();
        let found = catalogue.all(&format!("&search={}", encoded(&query))).await?;
        let (found, expected) = (ids(&found.iter().collect::<Vec<_>>()), ids(&expected));
        ensure!(found == expected, "{query:?}: {} instead of {}", found.len(), expected.len());
        hits += usize::from(!expected.is_empty());
    }
    ensure!((150..200).contains(&hits), "{hits} queries find something");
    Ok(())
}

#[tokio::test]
async fn words_are_found_as_people_type_them() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 302, ..Spec::of(2000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    let all = catalogue.all("").await?;
    let with = |part: &str| all.iter().filter(|channel| channel.name.contains(part)).collect::<Vec<_>>();
    let with_word =
        |word: &str| all.iter().filter(|channel| naive(&fold(&channel.name), word)).count() as u64;
    let mut find = async |query: &str| catalogue.all(&format!("&search={}", encoded(query))).await;
    // Accents and case.
    for (part, typed) in [("Étoile", "etoile"), ("Straße", "strasse"), ("Księżyc", "KSIEZYC"), ("Été", "ÉTÉ")]
    {
        let (expected, found) = (with(part), find(typed).await?);
        ensure!(!expected.is_empty(), "no name has {part}");
        let missing = expected.iter().find(|channel| !found.iter().any(|other| other.id == channel.id));
        ensure!(missing.is_none(), "{typed:?} does not find {missing:?}");
    }
    // Any order, blanks that are too many.
    let one =
        all.iter().find(|c| c.category == "movies" && c.name.split(' ').count() >= 4).context("no film")?;
    let mut words: Vec<&str> = one.name.split(' ').collect();
    words.reverse();
    let found = find(&format!("  {}  ", words.join("   "))).await?;
    ensure!(found.iter().any(|channel| channel.id == one.id), "{words:?} does not find {one:?}");
    // One letter, two letters, letters of other scripts.
    for query in ["x", "hd", "é", "الجزيرة", "ערוץ", "4k"] {
        let expected = all.iter().filter(|channel| naive(&fold(&channel.name), query)).count();
        ensure!(find(query).await?.len() == expected, "{query:?}: not {expected}");
    }
    ensure!(find("").await?.len() == all.len() && find("   ").await?.len() == all.len());
    ensure!(find("nosuchname qqzx").await?.is_empty());
    let list = relais.cli_json(&["channel", "list", "--search", "etoile", "--limit", "500"]).await?;
    ensure!(list["total"].as_u64() == Some(with_word("etoile")), "{}", list["total"]);
    // What a query language would trip over.
    for odd in ["\"", "'", "%", "_", "*", "\\", "a OR b", "NOT", "(", "^a", "a*", "\u{0}", "💥", "-", "|"] {
        let expected = all.iter().filter(|channel| naive(&fold(&channel.name), odd)).count();
        if odd != "\u{0}" {
            ensure!(find(odd).await?.len() == expected, "{odd:?}: not {expected}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn kinds_groups_and_words_hold_together() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 303, ..Spec::of(3000) }).await?;
    catalogue.add_xtream("home", &server).await?;
    let all = catalogue.all("").await?;
    for kind in Kind::ALL {
        for word in ["", "the", "e"] {
            let query = format!("&category={}&search={word}", kind.name());
            let expected: Vec<&Channel> = all
                .iter()
                .filter(|c| c.category == kind.name() && (word.is_empty() || naive(&fold(&c.name), word)))
                .collect();
            let found = catalogue.all(&query).await?;
            ensure!(ids(&found.iter().collect::<Vec<_>>()) == ids(&expected), "{query}");
        }
    }
    let groups = catalogue.get("/groups").await?;
    let groups = groups["groups"].as_array().context("no groups")?;
    let mut sizes: BTreeMap<&str, Vec<&Channel>> = BTreeMap::new();
    all.iter()
        .filter_map(|c| Some((c.group.as_deref()?, c)))
        .for_each(|(g, c)| sizes.entry(g).or_default().push(c));
    for group in groups.iter().step_by(groups.len() / 12 + 1) {
        let name = group["name"].as_str().context("no name")?;
        let id = group["id"]
            .as_u64()
            .map_or_else(|| group["id"].as_str().unwrap_or("").to_owned(), |id| id.to_string());
        let expected = ids(sizes.get(name).context("an unknown group")?);
        for query in [
            format!("&group={}", encoded(name)),
            format!("&group={id}"),
            format!("&category={}", encoded(name)),
        ] {
            let found = catalogue.all(&query).await?;
            ensure!(ids(&found.iter().collect::<Vec<_>>()) == expected, "{name:?} by {query}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn pages_have_every_channel_once() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 304, ..Spec::of(1000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    let all = catalogue.all("").await?;
    for size in [1, 7, 50, 499] {
        let pages = (all.len() as u64).div_ceil(size);
        for number in [1, 2, pages / 2, pages, pages + 1, 1_000_000] {
            let page = catalogue.page(number, size, "").await?;
            let from = ((number - 1).saturating_mul(size) as usize).min(all.len());
            let expected = &all[from..(from + size as usize).min(all.len())];
            ensure!(page.items == expected, "page {number} of {size}");
            ensure!((page.total, page.pages) == (all.len() as u64, pages), "page {number} of {size}");
        }
    }
    // More than is allowed is taken as the most; the page says so.
    let page = catalogue.get("/channels?page=1&page_size=5000").await?;
    ensure!(
        page["page_size"] == 500 && page["items"].as_array().map(Vec::len) == Some(500),
        "{}",
        page["page_size"]
    );
    Ok(())
}
