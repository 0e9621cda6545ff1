use super::super::Revision;
use super::super::pieces::bytes;
use super::*;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

fn list(spec: &Spec, section: Section, form: Form) -> Value {
    let text = bytes(Box::new(Streams::new(spec.clone(), section, form)));
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    serde_json::from_slice(text).expect("JSON")
}

#[test]
fn every_quirk_is_there() {
    let spec = Spec::of(5000);
    let mut seen: BTreeMap<Quirk, usize> = BTreeMap::new();
    for section in Section::ALL {
        for (_, entry) in Panel::new(&spec).entries_from(section, 0) {
            *seen.entry(entry.quirk).or_default() += 1;
        }
    }
    for (quirk, _) in quirk::RATES {
        assert!(seen.contains_key(&quirk), "no {quirk:?}");
    }
}

#[test]
fn lists_are_json_in_every_form_and_have_what_the_truth_says() {
    let spec = Spec::of(5000);
    let panel = Panel::new(&spec);
    let truth = panel.truth();
    assert!(truth.odd > 20 && truth.repeated > 5, "{truth:?}");
    assert_eq!(truth.total + truth.odd + truth.repeated, 5000);
    for section in Section::ALL {
        let plain = list(&spec, section, Form::List);
        let elements = plain.as_array().expect("a list");
        assert_eq!(elements.len() as u64, panel.size(section));
        assert_eq!(&list(&spec, section, Form::Spaced), &plain);
        let object = list(&spec, section, Form::Object);
        assert!(elements.iter().enumerate().all(|(n, element)| object[n.to_string()] == *element));

        let names: HashMap<u64, String> = categories_of(&spec, section);
        for ((_, entry), element) in panel.entries_from(section, 0).zip(elements) {
            let Outcome::Channel(item) = &entry.outcome else { continue };
            assert_eq!(element["name"].as_str(), item.name.as_deref(), "{entry:?}");
            let id = &element[if section == Section::Series { "series_id" } else { "stream_id" }];
            let id = id.as_u64().or_else(|| id.as_str()?.trim().parse().ok());
            assert_eq!(id, Some(item.stream_id), "{entry:?}");
            if item.group.is_some() {
                assert_eq!(names.get(&entry.category), item.group.as_ref(), "{entry:?}");
            }
        }
    }
}

fn categories_of(spec: &Spec, section: Section) -> HashMap<u64, String> {
    let all: Value = serde_json::from_slice(&categories(spec, section)).expect("JSON");
    let of = |value: &Value| {
        let id = &value["category_id"];
        let id = id.as_u64().or_else(|| id.as_str()?.parse().ok())?;
        Some((id, value["category_name"].as_str()?.to_owned()))
    };
    all.as_array().expect("a list").iter().filter_map(of).collect()
}

#[test]
fn ids_are_those_of_a_panel() {
    let spec = Spec::of(10_000);
    let ids = |section| -> Vec<u64> {
        let entries = Panel::new(&spec).entries_from(section, 0);
        entries.filter_map(|(_, entry)| entry.outcome.channel()).map(|item| item.stream_id).collect()
    };
    let streams: Vec<u64> = [ids(Section::Live), ids(Section::Vod)].concat();
    assert_eq!(streams.iter().collect::<HashSet<_>>().len(), streams.len());
    // Shows are numbered in a row of their own.
    assert!(ids(Section::Series).iter().any(|id| streams.contains(id)));
}

#[test]
fn details_are_as_odd_as_they_are() {
    let spec = Spec::of(1000);
    let shows: Vec<Value> = (1..20).map(|id| series_info(&spec, id)).collect();
    assert!(shows.iter().any(|show| show["episodes"].is_array()));
    assert!(shows.iter().any(|show| show["episodes"].is_object()));
    assert!(shows.iter().any(|show| show["info"].is_array()));
    assert_eq!(series_info(&spec, 999_999), serde_json::json!([]));
    assert_eq!(vod_info(&spec, FIRST_MOVIE)["movie_data"]["stream_id"], FIRST_MOVIE);
    assert_eq!(short_guide(&spec, 1000, 4)["epg_listings"].as_array().map(Vec::len), Some(4));
    assert_eq!(short_guide(&spec, 1004, 4), serde_json::json!([]));
}

#[test]
fn a_revision_keeps_the_ids() {
    let before = Spec::of(3000);
    let revision = Revision { rename: 300, regroup: 300, tokens: true, shuffle: true, ..Revision::number(3) };
    let after = Spec { revision, ..before.clone() };
    let ids = |spec: &Spec| -> HashMap<(Kind, u64), Item> {
        Panel::new(spec).items().map(|item| ((item.kind, item.stream_id), item)).collect()
    };
    let (old, new) = (ids(&before), ids(&after));
    let both: Vec<_> = new.iter().filter_map(|(id, item)| Some((old.get(id)?, item))).collect();
    assert!(both.len() > 2950, "{}", both.len());
    let renamed = both.iter().filter(|(a, b)| a.name != b.name).count() as f64 / both.len() as f64;
    assert!((0.25..0.35).contains(&renamed), "{renamed}");
}
