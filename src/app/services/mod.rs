//! What the handlers need done, over the real services.

mod catalogue;
mod changes;
mod feeds;
mod guide;
mod keys;
mod links;
mod on_air;
mod pages;
mod providers;
mod sign_in;
mod viewers;

use super::book::Catalogue;
use super::media::MediaSide;
use super::state::State;
use crate::access::AccessError;
use crate::config::Config;
use crate::guide::Guide;
use crate::http::{ApiError, Services};
use crate::wire::paging::Paging;
use jiff::Timestamp;
use std::sync::Arc;

pub(super) fn build(
    config: &Config,
    state: &State,
    catalogue: &Catalogue,
    guide: &Arc<Guide>,
    media: &MediaSide,
) -> Services {
    let access = &state.access;
    Services {
        sign_in: Arc::new(sign_in::SignIns(access.clone(), state.store.clone())),
        keys: Arc::new(keys::ApiKeys(access.clone())),
        on_air: Arc::new(on_air::Control(media.on_air.clone())),
        links: Arc::new(links::TemporaryLinks {
            access: access.clone(),
            catalogue: catalogue.clone(),
            watching: media.watching.clone(),
        }),
        catalogue: Arc::new(catalogue::Listing(catalogue.clone())),
        changes: Arc::new(changes::Editing(catalogue.clone())),
        providers: Arc::new(providers::Accounts { catalogue: catalogue.clone(), feeds: media.feeds.clone() }),
        feeds: Arc::new(feeds::Running { feeds: media.feeds.clone(), watching: media.watching.clone() }),
        guide: Arc::new(guide::Programmes { guide: guide.clone(), catalogue: catalogue.clone() }),
        viewers: Arc::new(viewers::Tokens(state.store.clone())),
        pages: Arc::new(pages::Page { signer: state.signer.clone(), player: config.player.clone() }),
    }
}

/// Seconds since the epoch as a time; `None` where that is none.
fn time(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

/// One page of what is all in memory, and how much that is.
fn page_of<T>(all: Vec<T>, paging: Paging) -> (Vec<T>, u64) {
    let total = all.len() as u64;
    (paging.slice(all), total)
}

fn access_error(error: AccessError) -> ApiError {
    match error {
        AccessError::BadCredentials | AccessError::Invalid | AccessError::Expired | AccessError::Disabled => {
            ApiError::unauthorized(error.to_string())
        }
        AccessError::Throttled { retry_after } => {
            ApiError::rate_limited(error.to_string(), retry_after.as_secs().max(1))
        }
        AccessError::Busy => ApiError::unavailable(error.to_string(), 2),
        AccessError::UnknownUser(_) => ApiError::not_found(error.to_string()),
        AccessError::Password => {
            ApiError::invalid([("password", error.to_string().replacen("a password ", "", 1))])
        }
        AccessError::LinkHours(_) => ApiError::invalid([("ttl_hours", error.to_string())]),
        AccessError::KeyName => ApiError::invalid([("name", error.to_string())]),
        AccessError::TooManyLinks(_) => ApiError::unavailable(error.to_string(), 3600),
        error => ApiError::internal(error.to_string()),
    }
}
