//! Login, categories, streams and the M3U list, with the types that real panels mix up.

use super::World;
use super::request::{Reply, Request};
use serde_json::{Value, json};

pub(super) fn player_api(request: &Request, world: &World) -> Reply {
    let (username, password) = (request.query("username"), request.query("password"));
    let Some(account) = world.account(username, password) else {
        // Panels answer a wrong password with 200.
        return Reply::json(&json!({"user_info": {"auth": 0}}));
    };
    match request.query("action") {
        "get_live_categories" | "201" => Reply::json(&categories(world)),
        "get_live_streams" | "202" => Reply::json(&streams(world, request.query("category_id"))),
        "get_vod_categories" | "get_vod_streams" | "get_series_categories" | "get_series" => {
            Reply::json(&json!([]))
        }
        _ => {
            let rules = account.rules();
            let limit = rules.claims.unwrap_or(rules.max_connections);
            Reply::json(&json!({
                "user_info": {
                    "username": rules.username, "password": rules.password, "message": "",
                    "auth": u8::from(rules.status == "Active"), "status": rules.status, "exp_date": null,
                    "is_trial": "0", "active_cons": account.believed().to_string(), "created_at": "1526999452",
                    "max_connections": limit.to_string(), "allowed_output_formats": ["m3u8", "ts"],
                },
                "server_info": {
                    "url": world.address.ip().to_string(), "port": world.address.port().to_string(),
                    "https_port": "", "server_protocol": "http", "timezone": "Europe/London",
                    "timestamp_now": 1_545_170_300, "process": true,
                },
            }))
        }
    }
}

fn groups(world: &World) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for channel in &world.channels {
        if !groups.contains(&channel.group.as_str()) {
            groups.push(&channel.group);
        }
    }
    groups
}

fn categories(world: &World) -> Value {
    let list = groups(world).into_iter().enumerate();
    list.map(|(n, name)| json!({"category_id": (n + 1).to_string(), "category_name": name, "parent_id": 0}))
        .collect()
}

fn streams(world: &World, category: &str) -> Value {
    let groups = groups(world);
    let list = world.channels.iter().enumerate().filter_map(|(n, channel)| {
        let group = groups.iter().position(|g| *g == channel.group).unwrap_or(0) + 1;
        if !category.is_empty() && category != group.to_string() {
            return None;
        }
        let id = channel.id.parse::<u64>().map_or_else(|_| json!(channel.id), |id| json!(id));
        // Every other one with numbers as text.
        let id = if n % 2 == 1 { json!(channel.id) } else { id };
        Some(json!({
            "num": n + 1, "name": channel.name, "stream_type": "live", "stream_id": id, "stream_icon": "",
            "epg_channel_id": null, "added": "1526999452", "custom_sid": "", "tv_archive": 0, "direct_source": "",
            "tv_archive_duration": "0", "category_id": group.to_string(), "category_ids": [group], "is_adult": "0",
        }))
    });
    list.collect()
}

pub(super) fn m3u(request: &Request, world: &World) -> Reply {
    let account = if request.path.contains("list.m3u") {
        world.accounts.first()
    } else {
        world.account(request.query("username"), request.query("password"))
    };
    let Some(rules) = account.map(super::account::Running::rules) else { return Reply::status(403) };
    let form = match request.query("output") {
        "m3u8" | "hls" => "m3u8",
        _ => "ts",
    };
    let mut list = String::from("#EXTM3U\n");
    for (number, channel) in world.channels.iter().enumerate() {
        let (id, name, group) = (&channel.id, &channel.name, &channel.group);
        let own =
            || format!("http://{}/live/{}/{}/{id}.{form}", world.address, rules.username, rules.password);
        let address = channel.address.clone().unwrap_or_else(own);
        list.push_str(&format!(
            "#EXTINF:-1 tvg-id=\"{id}\" tvg-name=\"{name}\" tvg-chno=\"{}\" group-title=\"{group}\",{name}\n{address}\n",
            number + 1,
        ));
    }
    Reply::new(200, "audio/x-mpegurl", list)
}
