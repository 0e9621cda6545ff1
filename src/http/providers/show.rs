//! `GET /api/providers/{id}`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::wire::ErrorBody;
use crate::wire::catalogue::ProviderView;
use axum::Json;
use axum::extract::State;

/// One provider, without credentials.
#[utoipa::path(get, path = "/api/providers/{id}", tag = "providers", params(("id" = String, Path)),
    responses((status = 200, body = ProviderView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(in crate::http) async fn show(
    State(context): State<Context>,
    Segment(id): Segment,
) -> Result<Json<ProviderView>, ApiError> {
    context.services.providers.show(&id).await?.map(Json).ok_or_else(super::unknown)
}
