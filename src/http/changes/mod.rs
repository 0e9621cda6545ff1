//! What administrators change about channels: edits of one, rules over all.

pub(super) mod add_rule;
pub(super) mod change_rule;
pub(super) mod delete_rule;
pub(super) mod edit;
pub(super) mod list_rules;
pub(super) mod preview_rule;
pub(super) mod show_edit;
pub(super) mod unedit;

use super::error::ApiError;
use super::fields::Fields;
use crate::wire::ChannelId;
use crate::wire::changes::RuleRequest;

fn channel(id: &str) -> Result<ChannelId, ApiError> {
    id.parse().map_err(|_| ApiError::not_found("There is no channel of that id"))
}

fn number(id: &str) -> Result<i64, ApiError> {
    id.parse().map_err(|_| no_such_rule())
}

fn no_such_rule() -> ApiError {
    ApiError::not_found("There is no rule of that number")
}

fn rule(fields: &mut Fields) -> Result<RuleRequest, ApiError> {
    let field = fields.text("field").unwrap_or_else(|| "name".into());
    let pattern = fields.required_text("pattern");
    let kind = match fields.text("kind").map(|kind| kind.parse()) {
        None => None,
        Some(Ok(kind)) => Some(kind),
        Some(Err(_)) => {
            fields.wrong("kind", "must be tv, movies, series or other");
            None
        }
    };
    let action = fields.required_text("action");
    let value = fields.text("value");
    let enabled = fields.flag("enabled").unwrap_or(true);
    fields.finish()?;
    Ok(RuleRequest { field, pattern, kind, action, value, enabled })
}
