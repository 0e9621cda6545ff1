//! `DELETE /api/links/{id}`.

use super::list_links::owner;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::http::principal::Principal;
use crate::wire::system::Done;
use crate::wire::{ErrorBody, Role};
use axum::Json;
use axum::extract::State;

/// Revokes a link: one's own, or any to an administrator. Who watches by it is ended.
#[utoipa::path(delete, path = "/api/links/{id}", tag = "links", params(("id" = String, Path)),
    responses((status = 200, body = Done), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn delete_link(
    State(context): State<Context>,
    who: Principal,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    let owner = owner(&who, Role::Admin)?;
    if context.services.links.delete(&id, owner).await? {
        Ok(Json(Done::deleted()))
    } else {
        Err(ApiError::not_found("There is no link of that id"))
    }
}
