//! Parsers and clients of others read what is generated, and agree with it: the generator makes what real software
//! understands, and where it does not, that is a quirk of the list and known.

use anyhow::{Context, Result, ensure};
use harness::accounts::m3u::{Entry, List, Quirk};
use harness::accounts::pieces::{M3u, bytes};
use harness::accounts::xtream::{Panel, Section};
use harness::accounts::{Item, Server, Spec};
use harness::catalogue::Channel;
use harness::judge::lists;
use serde_json::Value;

/// Whether that parser understands an entry as it is meant.
fn understood(quirk: Quirk) -> bool {
    !matches!(
        quirk,
        // It knows double quotes only, and no quotes within quotes.
        Quirk::SingleQuotes | Quirk::Unquoted | Quirk::InnerQuotes | Quirk::EmptyAttributes
        // It takes all text for UTF-8.
        | Quirk::Latin1
        // It does not trim names.
        | Quirk::Padded
        // It takes any line for an address, as it stands.
        | Quirk::BadAddress | Quirk::Slip
        // It looks for `tvg-name` only where it is asked for that.
        | Quirk::NameInAttribute | Quirk::NoName
        | Quirk::OtherNumber | Quirk::NoNumber
    )
}

fn agree(entry: &Entry, read: &lists::Entry) -> Result<()> {
    let item = entry.outcome.item();
    let same = |what: &str, wanted: Option<&str>, found: &str| {
        ensure!(
            wanted.unwrap_or("") == found,
            "{what}: {found:?} instead of {wanted:?}: {read:?}\n{entry:?}"
        );
        Ok(())
    };
    same("name", item.name.as_deref(), &read.name)?;
    same("id", item.tvg_id.as_deref(), &read.id)?;
    // `#EXTGRP` holds for one entry there.
    if !entry.sticky {
        same("group", item.group.as_deref(), &read.group)?;
    }
    if let Some(number) = item.number {
        ensure!(read.number.parse() == Ok(number), "number: {read:?}\n{entry:?}");
    }
    if let harness::accounts::Logo::Url(url) = &item.logo {
        same("logo", Some(url), &read.logo)?;
    }
    match entry.quirk {
        Quirk::VlcOptions => {
            let agent = item.source.user_agent.as_deref().map(|agent| agent.replace('"', ""));
            same("user agent", agent.as_deref(), &read.user_agent)?;
        }
        // It reads headers after a bar, but leaves them where they are.
        Quirk::PipeHeaders => {
            let url = read.url.as_deref().and_then(|url| url.split('|').next()).unwrap_or("");
            return same("address", Some(&item.source.url), url);
        }
        Quirk::CatchUp => {
            let catch_up = item.catch_up.as_ref().context("no catch-up")?;
            if let Some(source) = &catch_up.source {
                same("catch-up source", Some(source), &read.catchup.source)?;
            }
        }
        _ => {}
    }
    same("address", Some(&item.source.url), read.url.as_deref().unwrap_or(""))
}

#[tokio::test]
async fn an_m3u_parser_reads_generated_lists() -> Result<()> {
    for spec in [
        Spec { seed: 801, ..Spec::of(3000) },
        Spec { seed: 802, crlf: true, ..Spec::of(1000) },
        Spec::of(500).plain(),
    ] {
        let read = lists::m3u(&bytes(Box::new(M3u::new(spec.clone())))).await?;
        ensure!(
            read.header["url-tvg"].starts_with("http://tv.example.org:8080/xmltv.php?"),
            "{:?}",
            read.header
        );
        // It takes the next entry's address for one that has none.
        let entries: Vec<Entry> = List::new(&spec)
            .entries_from(0)
            .map(|(_, entry)| entry)
            .filter(|entry| entry.quirk != Quirk::NoAddress)
            .collect();
        ensure!(read.entries.len() == entries.len(), "{} read, {} there", read.entries.len(), entries.len());
        let mut compared = 0;
        for (entry, read) in entries.iter().zip(&read.entries).filter(|(entry, _)| understood(entry.quirk)) {
            agree(entry, read)?;
            compared += 1;
        }
        ensure!(compared > entries.len() * 9 / 10, "{compared} of {}", entries.len());
    }
    Ok(())
}

#[tokio::test]
async fn an_xtream_client_reads_a_generated_panel() -> Result<()> {
    let server = Server::start(Spec { seed: 803, ..Spec::of(600).plain() }).await?;
    let spec = server.spec();
    let found = lists::xtream(&server.url(), &spec.username, &spec.password).await?;
    ensure!(
        found["profile"]["status"] == "Active" && found["profile"]["username"] == *spec.username,
        "{}",
        found["profile"]
    );
    let panel = Panel::new(&spec);
    for (section, key, id) in [
        (Section::Live, "channels", "stream_id"),
        (Section::Vod, "movies", "stream_id"),
        (Section::Series, "shows", "series_id"),
    ] {
        let items: Vec<Item> =
            panel.entries_from(section, 0).filter_map(|(_, entry)| entry.outcome.channel()).collect();
        let read = found[key].as_array().with_context(|| format!("no {key}"))?;
        ensure!(read.len() == items.len(), "{key}: {} instead of {}", read.len(), items.len());
        let typed = found["typed"][key].as_array().with_context(|| format!("no typed {key}"))?;
        ensure!(typed.len() == items.len(), "typed {key}: {}", typed.len());
        let categories = &found["categories"][match section {
            Section::Live => "live",
            Section::Vod => "vod",
            Section::Series => "series",
        }];
        for ((item, read), typed) in items.iter().zip(read).zip(typed) {
            ensure!(
                read[id] == item.stream_id && read["name"] == *item.name.as_deref().unwrap_or(""),
                "{read} {item:?}"
            );
            ensure!(group_of(categories, &read["category_id"]) == item.group, "{read} {item:?}");
            if section != Section::Series {
                ensure!(read["url"] == *item.source.url, "{read} {item:?}");
            }
            ensure!(typed["name"] == read["name"], "{typed}");
        }
    }
    ensure!(
        found["page"] == Value::from(found["channels"].as_array().context("no channels")?[5..10].to_vec())
    );
    let category = &found["channels"][0]["category_id"];
    let of_it = found["category"].as_array().context("no category")?;
    ensure!(!of_it.is_empty() && of_it.iter().all(|channel| channel["category_id"] == *category));
    ensure!(found["movie"]["movie_data"]["name"] == found["movies"][0]["name"], "{}", found["movie"]);
    let episodes = &found["show"]["episodes"]["1"];
    ensure!(episodes.as_array().is_some_and(|all| !all.is_empty()), "{}", found["show"]);
    let title = found["typed"]["guide"][0]["title"].as_str().context("no title")?;
    ensure!(!title.is_empty() && title.contains(' '), "not decoded: {title}");
    Ok(())
}

/// The name of a category; ids are passed on as they came, numbers or text.
fn group_of(categories: &Value, id: &Value) -> Option<String> {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let same = |category: &&Value| number(&category["category_id"]) == number(id);
    Some(categories.as_array()?.iter().find(same)?["category_name"].as_str()?.to_owned())
}

/// A playlist as relais is to write it, made of the truth.
fn written(channels: &[Channel]) -> String {
    let mut list = String::from("#EXTM3U url-tvg=\"http://h/epg.xml\"\n");
    for (number, channel) in channels.iter().enumerate() {
        let group = channel.group.as_deref().unwrap_or("");
        let chno = channel.number.map_or_else(String::new, |number| format!(" tvg-chno=\"{number}\""));
        let logo = channel.logo_url.as_ref().map_or_else(String::new, |url| format!(" tvg-logo=\"{url}\""));
        list.push_str(&format!(
            "#EXTINF:-1 tvg-id=\"{}\"{chno}{logo} group-title=\"{group}\",{}\nhttp://h/live/{number}.ts\n",
            channel.id, channel.name
        ));
    }
    list
}

#[tokio::test]
async fn a_playlist_is_held_against_the_catalogue() -> Result<()> {
    let spec = Spec { seed: 804, ..Spec::of(600) };
    let of = |item: Item| Channel {
        id: item.index.to_string(),
        name: item.name.unwrap_or_else(|| "Nameless".into()),
        group: item.group,
        category: item.kind.name().into(),
        logo_url: Some("http://h/logo.png".into()),
        number: item.number,
        tvg_id: item.tvg_id,
    };
    let mut channels: Vec<Channel> = List::new(&spec).items().map(of).collect();
    let list = written(&channels);
    lists::hold(&lists::m3u(list.as_bytes()).await?, &channels)?;
    // What is wrong is seen.
    let wrong = [
        list.replacen("group-title=\"", "group-title=\"x", 1),
        list.replacen("tvg-id=\"5\"", "tvg-id=\"6\"", 1),
        list.replacen("http://h/live/7.ts", "http://h/live/8.ts", 1),
        list.replacen("http://h/live/7.ts\n", "", 1),
        list.replacen("tvg-logo=\"http://h/logo.png\"", "", 1),
    ];
    for list in wrong {
        ensure!(lists::hold(&lists::m3u(list.as_bytes()).await?, &channels).is_err());
    }
    channels.swap(3, 4);
    ensure!(lists::hold(&lists::m3u(list.as_bytes()).await?, &channels).is_err());
    Ok(())
}
