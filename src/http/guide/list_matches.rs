//! `GET /api/guide/matches`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::guide::MatchPage;
use axum::Json;
use axum::extract::State;

/// A page of live channels and their guides: those without one first, then the least certain.
#[utoipa::path(get, path = "/api/guide/matches", tag = "guide",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = MatchPage), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn list(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<MatchPage>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    Ok(Json(context.services.guide.matches(paging).await?))
}
