//! `GET /api/feeds`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::feeds::FeedList;
use axum::Json;
use axum::extract::State;

/// A page of the channels that are open now, and how they do.
#[utoipa::path(get, path = "/api/feeds", tag = "system",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = FeedList), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn feeds(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<FeedList>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    let all = context.services.feeds.list();
    let total = all.len() as u64;
    Ok(Json(FeedList { feeds: paging.slice(all), total, page: paging.page, per_page: paging.per_page }))
}
