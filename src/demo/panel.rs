//! The panel's HTTP: as much of Xtream as an import and a player ask for.

use super::channels::{self, CHANNELS, GROUPS};
use super::{Shared, streams};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// When these channels were "added", as text of epoch seconds; strict clients want one.
const ADDED: &str = "1735689600";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/player_api.php", get(player_api).post(player_api))
        .route("/live/{username}/{password}/{file}", get(live))
        .with_state(shared)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ask {
    username: String,
    password: String,
    action: String,
    category_id: String,
}

impl Shared {
    fn knows(&self, username: &str, password: &str) -> bool {
        let same = |a: &str, b: &str| a.as_bytes().ct_eq(b.as_bytes());
        bool::from(same(username, &self.username) & same(password, &self.password))
    }
}

async fn player_api(State(shared): State<Arc<Shared>>, Query(ask): Query<Ask>) -> Json<Value> {
    if !shared.knows(&ask.username, &ask.password) {
        return Json(json!({"user_info": {"auth": 0}}));
    }
    Json(match ask.action.as_str() {
        "get_live_categories" => categories(),
        "get_live_streams" => streams_of(&ask.category_id),
        "get_vod_categories" | "get_vod_streams" | "get_series_categories" | "get_series" => json!([]),
        // As panels do: an unknown action returns the login document.
        _ => login(&shared),
    })
}

fn login(shared: &Shared) -> Value {
    json!({
        "user_info": {
            "username": shared.username, "password": shared.password, "message": "", "auth": 1,
            "status": "Active", "exp_date": null, "is_trial": "0", "active_cons": "0", "created_at": ADDED,
            "max_connections": CHANNELS.len().to_string(), "allowed_output_formats": ["ts"],
        },
        "server_info": {
            "url": shared.address.ip().to_string(), "port": shared.address.port().to_string(), "https_port": "",
            "server_protocol": "http", "timezone": "UTC",
            "timestamp_now": jiff::Timestamp::now().as_second(), "process": true,
        },
    })
}

fn categories() -> Value {
    let one = |(n, name)| json!({"category_id": category(n), "category_name": name, "parent_id": 0});
    GROUPS.iter().enumerate().map(one).collect()
}

fn streams_of(asked: &str) -> Value {
    let wanted = CHANNELS.iter().filter(|channel| asked.is_empty() || asked == category(channel.group));
    wanted
        .map(|channel| {
            json!({
                "num": channel.id, "name": channel.name, "stream_type": "live", "stream_id": channel.id,
                "stream_icon": "", "epg_channel_id": null, "added": ADDED, "is_adult": "0", "custom_sid": "",
                "category_id": category(channel.group), "category_ids": [channel.group + 1],
                "tv_archive": 0, "tv_archive_duration": 0, "direct_source": "",
            })
        })
        .collect()
}

fn category(group: usize) -> String {
    (group + 1).to_string()
}

async fn live(
    State(shared): State<Arc<Shared>>,
    Path((username, password, file)): Path<(String, String, String)>,
) -> Response {
    if !shared.knows(&username, &password) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(channel) = file.strip_suffix(".ts").and_then(channels::by_id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match streams::open(&shared, channel) {
        Ok(body) => ([(header::CONTENT_TYPE, "video/mp2t"), (header::CACHE_CONTROL, "no-store")], body)
            .into_response(),
        Err(error) => {
            tracing::error!(channel = channel.name, %error, "the demo channel did not start");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
