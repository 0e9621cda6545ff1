//! `GET /on-air.m3u`: a list with one channel, for players that read lists and not streams.

use crate::http::guard::BaseUrl;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// An M3U list with one channel, whose absolute URL is `/live.m3u8`.
#[utoipa::path(get, path = "/on-air.m3u", tag = "on air", security(()),
    responses((status = 200, body = String, content_type = "audio/x-mpegurl")))]
pub(in crate::http) async fn list(BaseUrl(base): BaseUrl) -> Response {
    on_air_m3u(&base)
}

/// The list's answer; `base_url` has no slash at its end. Also what `/live.m3u8` answers to Jellyfin's tuner
/// import. The same base gives the same bytes: Jellyfin hashes the URL into the channel's identity, so neither
/// the channel's name nor a session may stand in it.
pub fn on_air_m3u(base_url: &str) -> Response {
    let list = format!(
        "#EXTM3U\n#EXTINF:-1 tvg-id=\"relais.on-air\" tvg-name=\"relais\" tvg-chno=\"1\" group-title=\"relais\",\
         relais\n{base_url}/live.m3u8\n"
    );
    let kind = "audio/x-mpegurl; charset=utf-8";
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], list).into_response()
}
