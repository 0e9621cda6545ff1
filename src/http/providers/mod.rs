//! Providers: where channels come from. `{id}` is a provider's number or its name.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod refresh;
pub(super) mod show;

use super::error::ApiError;

fn unknown() -> ApiError {
    ApiError::not_found("There is no provider of that name or number")
}
