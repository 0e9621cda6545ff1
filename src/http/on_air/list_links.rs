//! `GET /api/links`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::http::principal::Principal;
use crate::wire::links::LinkList;
use crate::wire::{ErrorBody, Role};
use axum::Json;
use axum::extract::State;

/// A page of links that still work: one's own, or all to those who may read all.
#[utoipa::path(get, path = "/api/links", tag = "links",
    params(("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = LinkList), (status = 401, body = ErrorBody)))]
pub(in crate::http) async fn list_links(
    State(context): State<Context>,
    who: Principal,
    Query(mut query): Query,
) -> Result<Json<LinkList>, ApiError> {
    let paging = query.paging();
    query.finish()?;
    let owner = owner(&who, Role::Moderator)?;
    let (links, total) = context.services.links.list(owner, paging).await?;
    Ok(Json(LinkList { links, total, page: paging.page, per_page: paging.per_page }))
}

/// Whose links are meant: all (`None`) from that role on, else one's own. A key that is no user owns none.
pub(super) fn owner(who: &Principal, all_from: Role) -> Result<Option<i64>, ApiError> {
    if who.role >= all_from {
        return Ok(None);
    }
    match who.user() {
        Some(user) => Ok(Some(user)),
        None => Err(ApiError::forbidden("This key is no user and has no links of its own")),
    }
}
