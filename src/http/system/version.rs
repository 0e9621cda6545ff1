//! `GET /api/system/version`.

use crate::http::context::Context;
use crate::wire::ErrorBody;
use crate::wire::system::Version;
use axum::Json;
use axum::extract::State;

/// Which version runs, since when: what the command line compares itself with.
#[utoipa::path(get, path = "/api/system/version", tag = "system",
    responses((status = 200, body = Version), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn version(State(context): State<Context>) -> Json<Version> {
    Json(Version {
        name: env!("CARGO_PKG_NAME").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        uptime: context.started.elapsed().as_secs(),
        pid: std::process::id(),
    })
}
