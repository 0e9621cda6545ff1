//! `GET /api/guide/search`.

use super::span;
use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::wire::ErrorBody;
use crate::wire::guide::HitPage;
use axum::Json;
use axum::extract::State;

/// Programmes with all words of `q` in title or episode title, whatever their case and diacritics, that begin from
/// `from` (now) to `to` (7 days later), 60 days at most; in order of time.
#[utoipa::path(get, path = "/api/guide/search", tag = "guide",
    params(("q" = String, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("page" = Option<u64>, Query), ("per_page" = Option<u64>, Query)),
    responses((status = 200, body = HitPage), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn search(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<HitPage>, ApiError> {
    let words = query.required_text("q");
    if words.chars().count() > 200 {
        query.wrong("q", "must have 200 characters at most");
    }
    let paging = query.paging();
    let span = span(&mut query, 7 * 24, 60);
    let span = query.checked("to", span)?;
    Ok(Json(context.services.guide.search(words, span, paging).await?))
}
