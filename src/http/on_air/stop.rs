//! `POST /stop_stream`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::wire::ErrorBody;
use crate::wire::on_air::Stopped;
use axum::Json;
use axum::extract::State;

/// Takes off air; nothing on air is no error.
#[utoipa::path(post, path = "/stop_stream", tag = "on air",
    responses((status = 200, body = Stopped), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn stop(State(context): State<Context>) -> Result<Json<Stopped>, ApiError> {
    let was_on_air = context.services.on_air.stop().await?;
    let message = if was_on_air { "Off air" } else { "Nothing was on air" };
    Ok(Json(Stopped { status: "success".into(), message: message.into() }))
}
