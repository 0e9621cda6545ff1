//! `GET /api/keys`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::sign_in::KeyList;
use axum::Json;
use axum::extract::State;

/// A page of API keys, without the keys themselves.
#[utoipa::path(get, path = "/api/keys", tag = "signing in",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = KeyList), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn list(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<KeyList>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    let (keys, total) = context.services.keys.list(paging).await?;
    Ok(Json(KeyList { keys, total, page: paging.page, per_page: paging.per_page }))
}
