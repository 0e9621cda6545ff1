//! `GET /stream_status`.

use crate::http::context::Context;
use crate::wire::on_air::StreamStatus;
use axum::Json;
use axum::extract::State;

/// What is on air; for anyone, without source URLs.
#[utoipa::path(get, path = "/stream_status", tag = "on air", security(()),
    responses((status = 200, body = StreamStatus)))]
pub(in crate::http) async fn status(State(context): State<Context>) -> Json<StreamStatus> {
    Json(context.services.on_air.status())
}
