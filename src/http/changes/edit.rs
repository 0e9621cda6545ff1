//! `PUT /api/catalogue/edits/{channel_id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Segment};
use crate::wire::ErrorBody;
use crate::wire::changes::ChannelEdit;
use axum::Json;
use axum::extract::State;

/// Changes a channel, in place of what was changed about it; it outlives refreshes.
#[utoipa::path(put, path = "/api/catalogue/edits/{channel_id}", tag = "catalogue", request_body = ChannelEdit,
    params(("channel_id" = String, Path)), responses((status = 200, body = ChannelEdit),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn edit(
    State(context): State<Context>,
    Segment(id): Segment,
    mut fields: Fields,
) -> Result<Json<ChannelEdit>, ApiError> {
    let id = super::channel(&id)?;
    let edit = ChannelEdit {
        name: fields.text("name"),
        group: fields.text("group"),
        number: fields.number("number"),
        hidden: fields.flag("hidden"),
        favourite: fields.flag("favourite").unwrap_or(false),
        is_active: fields.flag("is_active").unwrap_or(true),
    };
    fields.finish()?;
    if context.services.changes.edit(&id, edit.clone()).await? {
        Ok(Json(edit))
    } else {
        Err(ApiError::no_such_channel(&id))
    }
}
