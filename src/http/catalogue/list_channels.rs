//! `GET /channels`.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Query};
use crate::http::services::ChannelQuery;
use crate::wire::catalogue::ChannelPage;
use crate::wire::{ErrorBody, Paging};
use axum::Json;
use axum::extract::State;

/// A page of channels; never everything at once. `category` takes a kind, or a group's name or id.
#[utoipa::path(get, path = "/channels", tag = "catalogue",
    params(("page" = Option<u64>, Query), ("page_size" = Option<u64>, Query), ("search" = Option<String>, Query),
        ("category" = Option<String>, Query), ("group" = Option<String>, Query), ("provider" = Option<String>, Query),
        ("favourites" = Option<bool>, Query), ("hidden" = Option<String>, Query), ("sort" = Option<String>, Query)),
    responses((status = 200, body = ChannelPage), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(in crate::http) async fn list_channels(
    State(context): State<Context>,
    Query(mut query): Query,
) -> Result<Json<ChannelPage>, ApiError> {
    let paging = query.paging_by("page_size", 50);
    let wanted = read(&mut query, paging)?;
    Ok(Json(context.services.catalogue.channels(wanted).await?))
}

const SORTS: [&str; 6] = ["", "listed", "name", "-name", "number", "-number"];

/// Which channels a query means: everything given holds together.
pub(in crate::http) fn read(query: &mut Fields, paging: Paging) -> Result<ChannelQuery, ApiError> {
    let search = query.text("search").map(|words| words.trim().to_owned()).filter(|words| !words.is_empty());
    let category = query.text("category");
    let group = query.text("group");
    let provider = query.text("provider");
    let favourites = query.flag("favourites").unwrap_or(false);
    // `true`: only hidden ones; `all`: those too.
    let hidden = match query.text("hidden").as_deref() {
        None | Some("false" | "0") => None,
        Some("true" | "1") => Some(true),
        Some("all") => Some(false),
        Some(_) => {
            query.wrong("hidden", "must be true, false or all");
            None
        }
    };
    let sort = query.text("sort").unwrap_or_default();
    if !SORTS.contains(&sort.as_str()) {
        query.wrong("sort", "must be listed, name, -name, number or -number");
    }
    query.finish()?;
    // A kind's name is never taken for a group's.
    let (category, category_group) = match category.map(|name| name.parse().map_err(|_| name)) {
        Some(Ok(kind)) => (Some(kind), None),
        Some(Err(name)) => (None, Some(name)),
        None => (None, None),
    };
    let group = match (group, category_group) {
        (Some(group), None) | (None, Some(group)) => Some(group),
        (None, None) => None,
        (Some(group), Some(other)) if group == other => Some(group),
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid([("category", "and group name two different groups; give one")]));
        }
    };
    Ok(ChannelQuery { paging, search, category, group, provider, favourites, hidden, sort })
}
