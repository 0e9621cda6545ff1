//! What panels tell of one film, one show, one channel's programmes.

use super::super::Spec;
use super::super::naming;
use super::{Panel, Section};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// `get_series_info`: episodes by season, as an object or a list; `info` may be a list too.
pub fn series_info(spec: &Spec, series: u64) -> Value {
    let panel = Panel::new(spec);
    let index = series.wrapping_sub(1);
    if index >= panel.size(Section::Series) {
        return json!([]);
    }
    let entry = panel.entry(Section::Series, index);
    let item = entry.outcome.item();
    let mut seasons: Vec<Vec<Value>> = Vec::new();
    for number in 0..4 + index % 36 {
        let episode = index * 40 + number;
        if number % 10 == 0 {
            seasons.push(Vec::new());
        }
        if let Some(season) = seasons.last_mut() {
            let id = 20_000_000 + episode;
            let id = if number % 2 == 0 { json!(id.to_string()) } else { json!(id) };
            season.push(json!({
                "id": id, "episode_num": number % 10 + 1, "title": naming::episode(spec.seed, episode),
                "container_extension": naming::container(spec.seed, episode), "custom_sid": "", "added": "",
                "season": number / 10 + 1, "direct_source": "",
                "info": if spec.quirks && number % 3 == 0 { json!([]) } else { json!({"duration_secs": 2700, "duration": "00:45:00", "air_date": null}) },
            }));
        }
    }
    let heads: Vec<Value> = (1..=seasons.len())
        .map(|n| {
            json!({"id": 300 + n, "season_number": n, "name": format!("Season {n}"), "air_date": "2019-05-01",
                "episode_count": 10, "overview": "", "cover": "", "cover_big": ""})
        })
        .collect();
    let episodes = if spec.quirks && index % 4 == 1 {
        // PHP writes an array whose keys are 0, 1, 2 as a list.
        json!(seasons)
    } else {
        let pairs = seasons.into_iter().enumerate().map(|(n, list)| ((n + 1).to_string(), json!(list)));
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    let info = if spec.quirks && index % 4 == 2 {
        json!([])
    } else {
        json!({"name": item.name, "title": item.name, "year": "2019", "cover": "", "plot": "", "cast": "A, B",
            "director": "C", "genre": "Drama", "release_date": "2019-05-01", "releaseDate": "2019-05-01",
            "last_modified": "1526999452", "rating": "8", "rating_5based": 4, "backdrop_path": [],
            "youtube_trailer": "", "episode_run_time": "45", "category_id": entry.category.to_string(),
            "category_ids": [entry.category]})
    };
    json!({"seasons": if spec.quirks && index % 5 == 3 { json!([]) } else { json!(heads) },
        "info": info, "episodes": episodes})
}

/// `get_vod_info`
pub fn vod_info(spec: &Spec, stream: u64) -> Value {
    let panel = Panel::new(spec);
    let Some(index) = stream.checked_sub(super::FIRST_MOVIE).filter(|i| *i < panel.size(Section::Vod)) else {
        return json!([]);
    };
    let entry = panel.entry(Section::Vod, index);
    let info =
        if spec.quirks && index % 3 == 0 { json!([]) } else { json!({"plot": "", "duration_secs": "5400"}) };
    json!({"info": info, "movie_data": {
        "stream_id": stream, "name": entry.outcome.item().name, "added": "1526999452",
        "category_id": entry.category.to_string(), "category_ids": [entry.category],
        "container_extension": naming::container(spec.seed, index), "custom_sid": "", "direct_source": ""}})
}

/// `get_short_epg`: titles in base64; the whole reply is sometimes `[]`.
pub fn short_guide(spec: &Spec, stream: u64, limit: u64) -> Value {
    if spec.quirks && stream % 5 == 4 {
        return json!([]);
    }
    let listings: Vec<Value> = (0..limit.min(100))
        .map(|n| {
            let start = 1_767_261_600 + n * 3600;
            json!({"id": n.to_string(), "epg_id": "2", "title": STANDARD.encode(naming::show(stream + n)), "lang": "en",
                "start": "2026-01-01 10:00:00", "end": "2026-01-01 11:00:00", "description": STANDARD.encode("é"),
                "channel_id": "x.uk", "start_timestamp": start.to_string(), "stop_timestamp": (start + 3600).to_string(),
                "now_playing": 0, "has_archive": 0})
        })
        .collect();
    json!({"epg_listings": listings})
}
