//! `GET /health`.

use crate::wire::system::Health;
use axum::Json;

/// Whether the service answers; for anyone.
#[utoipa::path(get, path = "/health", tag = "system", security(()), responses((status = 200, body = Health)))]
pub(in crate::http) async fn health() -> Json<Health> {
    Json(Health { status: "healthy".into() })
}
