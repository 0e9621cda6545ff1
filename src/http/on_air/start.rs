//! `POST /start_stream`, `/set_active_stream`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::wire::ErrorBody;
use crate::wire::on_air::{StartStream, Started};
use axum::Json;
use axum::extract::State;

/// Puts a channel on air, in place of what is; viewers need not reload.
#[utoipa::path(post, path = "/start_stream", tag = "on air", request_body = StartStream,
    responses((status = 200, body = Started), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
pub(in crate::http) async fn start(
    State(context): State<Context>,
    mut fields: Fields,
) -> Result<Json<Started>, ApiError> {
    let id = fields.required_channel("channel_id");
    let id = fields.checked("channel_id", id)?;
    Ok(Json(context.services.on_air.start(id).await?))
}
