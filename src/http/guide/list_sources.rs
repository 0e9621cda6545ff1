//! `GET /api/guide/sources`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::guide::SourceList;
use axum::Json;
use axum::extract::State;

/// A page of the guide's sources, without credentials.
#[utoipa::path(get, path = "/api/guide/sources", tag = "guide",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = SourceList), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn list(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<SourceList>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    let all = context.services.guide.sources().await?;
    let total = all.len() as u64;
    let sources = paging.slice(all);
    Ok(Json(SourceList { sources, total, page: paging.page, per_page: paging.per_page }))
}
