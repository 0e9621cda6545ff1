//! `POST /generate_link`, `/restream`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::guard::BaseUrl;
use crate::http::principal::Principal;
use crate::wire::ErrorBody;
use crate::wire::links::{LinkCreated, LinkRequest};
use axum::Json;
use axum::extract::State;
use std::time::Duration;

/// Makes a temporary link to a channel, for any player.
#[utoipa::path(post, path = "/generate_link", tag = "links", request_body = LinkRequest,
    responses((status = 200, body = LinkCreated), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn generate_link(
    State(context): State<Context>,
    who: Principal,
    BaseUrl(base): BaseUrl,
    mut fields: Fields,
) -> Result<Json<LinkCreated>, ApiError> {
    let channel = fields.required_channel("channel_id");
    let hours = fields
        .whole("ttl_hours", 1..=u64::from(LinkRequest::MOST_HOURS))
        .unwrap_or(context.options.link_hours.into());
    let channel = fields.checked("channel_id", channel)?;
    let life = Duration::from_secs(hours * 3600);
    let made = context.services.links.create(&who, &channel, life).await?;
    let path = format!("/restream/{}", made.id);
    Ok(Json(LinkCreated {
        restream_url: format!("{path}.ts"),
        url: format!("{base}{path}.ts"),
        hls_url: format!("{base}{path}.m3u8"),
        expires_at: Some(made.expires_at),
        id: made.id,
    }))
}
