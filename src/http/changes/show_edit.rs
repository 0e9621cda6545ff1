//! `GET /api/catalogue/edits/{channel_id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::changes::ChannelEdit;
use axum::Json;
use axum::extract::State;

/// What is different about a channel by hand.
#[utoipa::path(get, path = "/api/catalogue/edits/{channel_id}", tag = "catalogue",
    params(("channel_id" = String, Path)), responses((status = 200, body = ChannelEdit),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn show_edit(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<ChannelEdit>, ApiError> {
    let id = super::channel(&id)?;
    let edit = context.services.changes.edit_of(&id).await?;
    edit.map(Json).ok_or_else(|| ApiError::no_such_channel(&id))
}
