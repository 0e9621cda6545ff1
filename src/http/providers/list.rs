//! `GET /api/providers`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::providers::ProviderList;
use axum::Json;
use axum::extract::State;

/// A page of providers, without credentials.
#[utoipa::path(get, path = "/api/providers", tag = "providers",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = ProviderList), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn list(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<ProviderList>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    let all = context.services.providers.list().await?;
    let total = all.len() as u64;
    let providers = paging.slice(all);
    Ok(Json(ProviderList { providers, total, page: paging.page, per_page: paging.per_page }))
}
