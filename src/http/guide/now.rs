//! `GET /api/guide/now`.

use crate::http::catalogue::list_channels;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::guide::NowPage;
use crate::wire::{ErrorBody, time};
use axum::Json;
use axum::extract::State;

/// A page of channels, as `GET /channels` has them, with what is on and what comes next.
#[utoipa::path(get, path = "/api/guide/now", tag = "guide",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query), ("search" = Option<String>, Query),
        ("category" = Option<String>, Query), ("group" = Option<String>, Query), ("at" = Option<String>, Query)),
    responses((status = 200, body = NowPage), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn now(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<NowPage>, ApiError> {
    let at = query.time("at").unwrap_or_else(time::now);
    let paging = query.paging();
    let wanted = list_channels::read(&mut query, paging)?;
    Ok(Json(context.services.guide.now(wanted, at).await?))
}
