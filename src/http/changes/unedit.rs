//! `DELETE /api/catalogue/edits/{channel_id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::changes::ChannelEdit;
use crate::wire::system::Done;
use axum::Json;
use axum::extract::State;

/// A channel is as its provider and the rules have it again.
#[utoipa::path(delete, path = "/api/catalogue/edits/{channel_id}", tag = "catalogue",
    params(("channel_id" = String, Path)), responses((status = 200, body = Done), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn unedit(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<Done>, ApiError> {
    let id = super::channel(&id)?;
    let untouched = ChannelEdit {
        name: None,
        group: None,
        number: None,
        hidden: None,
        favourite: false,
        is_active: true,
    };
    if context.services.changes.edit(&id, untouched).await? {
        Ok(Json(Done::deleted()))
    } else {
        Err(ApiError::no_such_channel(&id))
    }
}
