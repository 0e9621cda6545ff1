//! What administrators change about channels: one by hand, many by rule.

use super::ChannelId;
use super::catalogue::Category;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is different about one channel; null: as the provider, or a rule, has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelEdit {
    /// Another name.
    pub name: Option<String>,
    /// Another group; empty: none.
    pub group: Option<String>,
    /// Another number.
    pub number: Option<f64>,
    /// Not listed; false: listed though a rule hides it.
    pub hidden: Option<bool>,
    /// A favourite.
    pub favourite: bool,
    /// Whether viewers may have it.
    pub is_active: bool,
}

/// A rule over all channels. Rules are applied in their order, each to what the one before made of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleRequest {
    /// What the pattern is held against: `name` or `group`.
    pub field: String,
    /// A regular expression, whatever its letters' case.
    pub pattern: String,
    /// Only channels of that kind.
    pub kind: Option<Category>,
    /// `hide`, `show`, `rename`, `regroup`, `renumber`, `favourite`.
    pub action: String,
    /// Of `rename` and `regroup`: what stands in place of what matches, with `$1` for its first parenthesis; of
    /// `renumber`: that, or `+n`, `-n`.
    pub value: Option<String>,
    /// Whether it is applied.
    pub enabled: bool,
}

/// A rule with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleView {
    /// Its number.
    pub id: i64,
    /// What it says.
    #[serde(flatten)]
    pub rule: RuleRequest,
}

/// The rules, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleList {
    /// Each is applied to what the one before made.
    pub rules: Vec<RuleView>,
}

/// What a rule would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// How many channels.
    pub total: u64,
    /// The first of them.
    pub items: Vec<Changed>,
}

/// A channel as it is, and as it would be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// Its id.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// Now.
    pub name: String,
    /// Now.
    pub group: Option<String>,
    /// Now.
    pub number: Option<f64>,
    /// Then.
    pub new_name: String,
    /// Then.
    pub new_group: Option<String>,
    /// Then.
    pub new_number: Option<f64>,
    /// The rule hides it.
    pub hidden: bool,
    /// The rule makes it a favourite.
    pub favourite: bool,
}
