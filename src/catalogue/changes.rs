//! How a channel is shown: as its provider has it, changed by rules, then by an administrator's edit of this one.
//!
//! Nothing of that is stored with the channel: whatever a refresh brings, the same changes apply.

use super::error::CatalogueError;
use crate::store::edits::{self, Edit};
use crate::wire::catalogue::Category;
use regex::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::collections::HashMap;

/// A pattern's compiled size: what a person writes has a few kilobytes.
const LARGEST_PATTERN: usize = 1 << 20;
const MOST_RULES: usize = 200;

/// All rules and edits.
#[derive(Debug, Default)]
pub(super) struct Changes {
    rules: Vec<Rule>,
    edits: HashMap<String, Edit>,
}

/// A rule that can be applied.
#[derive(Debug)]
pub(super) struct Rule {
    of_group: bool,
    pattern: Regex,
    kind: Option<Category>,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Hide(bool),
    Favourite,
    Rename(String),
    Regroup(String),
    /// Added to the number.
    Shift(f64),
    /// A replacement that is to be a number.
    Renumber(String),
}

/// A channel as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) group: Option<Cow<'a, str>>,
    pub(super) number: Option<f64>,
    pub(super) hidden: bool,
    pub(super) favourite: bool,
    pub(super) is_active: bool,
}

impl Changes {
    /// From what is stored. A rule that can't be understood any more is left out, and said so in the log.
    pub(super) fn new(rules: &[edits::Rule], edits: Vec<(String, Edit)>) -> Self {
        let compiled = rules.iter().filter(|rule| rule.enabled).filter_map(|rule| match Rule::new(rule) {
            Ok(compiled) => Some(compiled),
            Err(error) => {
                tracing::warn!(rule = rule.id, %error, "a rule is not applied");
                None
            }
        });
        Self { rules: compiled.take(MOST_RULES).collect(), edits: edits.into_iter().collect() }
    }

    /// With that rule alone: for previews.
    pub(super) fn only(rule: Rule) -> Self {
        Self { rules: vec![rule], edits: HashMap::new() }
    }

    /// Whether it changes nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.edits.is_empty()
    }

    /// The edit of a channel.
    pub(super) fn edit(&self, channel_id: &str) -> Option<&Edit> {
        self.edits.get(channel_id)
    }

    /// A channel as it is shown.
    pub(super) fn apply<'a>(
        &'a self,
        channel_id: &str,
        name: &'a str,
        group: Option<&'a str>,
        kind: Category,
        number: Option<f64>,
    ) -> Shown<'a> {
        let mut shown = Shown {
            name: name.into(),
            group: group.map(Cow::from),
            number,
            hidden: false,
            favourite: false,
            is_active: true,
        };
        for rule in &self.rules {
            rule.apply(kind, &mut shown);
        }
        if let Some(edit) = self.edits.get(channel_id) {
            if let Some(name) = &edit.name {
                shown.name = name.into();
            }
            if let Some(group) = &edit.group {
                shown.group = Some(group.into()).filter(|group: &Cow<'_, str>| !group.is_empty());
            }
            shown.number = edit.number.or(shown.number);
            shown.hidden = edit.hidden.unwrap_or(shown.hidden);
            shown.favourite |= edit.favourite;
            shown.is_active = edit.is_active;
        }
        shown
    }
}

impl Rule {
    /// Checks a rule.
    pub(super) fn new(rule: &edits::Rule) -> Result<Self, CatalogueError> {
        let invalid = |field, why: String| CatalogueError::Invalid { field, why };
        let pattern = RegexBuilder::new(&rule.pattern)
            .case_insensitive(true)
            .size_limit(LARGEST_PATTERN)
            .dfa_size_limit(LARGEST_PATTERN)
            .build()
            .map_err(|error| invalid("pattern", format!("is not a regular expression: {error}")))?;
        let value = || rule.value.clone().unwrap_or_default();
        let needed = || match value() {
            value if value.is_empty() => Err(invalid("value", format!("is needed to {}", rule.action))),
            value if value.chars().count() > 300 => {
                Err(invalid("value", "has at most 300 characters".into()))
            }
            value => Ok(value),
        };
        let action = match rule.action.as_str() {
            "hide" => Action::Hide(true),
            "show" => Action::Hide(false),
            "favourite" => Action::Favourite,
            // An empty replacement takes away what matches.
            "rename" => Action::Rename(value()),
            "regroup" => Action::Regroup(needed()?),
            "renumber" => match needed()? {
                shift if shift.starts_with(['+', '-']) => Action::Shift(shift.parse().map_err(|_| {
                    invalid("value", "is +n, -n, or a replacement such as $1 that gives a number".into())
                })?),
                replacement => Action::Renumber(replacement),
            },
            _ => {
                let words = "is hide, show, rename, regroup, renumber or favourite";
                return Err(invalid("action", words.into()));
            }
        };
        let of_group = match rule.field.as_str() {
            "name" => false,
            "group" => true,
            _ => return Err(invalid("field", "is name or group".into())),
        };
        let kind = match rule.kind.as_deref() {
            None => None,
            Some(kind) => Some(kind.parse().map_err(|error| invalid("kind", format!("{error}")))?),
        };
        Ok(Self { of_group, pattern, kind, action })
    }

    fn apply(&self, kind: Category, shown: &mut Shown<'_>) {
        if self.kind.is_some_and(|wanted| wanted != kind) {
            return;
        }
        let text = if self.of_group { shown.group.as_deref().unwrap_or("") } else { &shown.name };
        let Some(found) = self.pattern.captures(text) else { return };
        let expanded = |template: &str| {
            let mut value = String::new();
            found.expand(template, &mut value);
            value
        };
        match &self.action {
            Action::Hide(hidden) => shown.hidden = *hidden,
            Action::Favourite => shown.favourite = true,
            Action::Shift(by) => shown.number = shown.number.map(|number| number + by),
            Action::Renumber(template) => {
                let number = expanded(template).trim().parse().ok().filter(|n: &f64| n.is_finite());
                shown.number = number.or(shown.number);
            }
            Action::Regroup(template) => {
                let group = match self.of_group {
                    true => self.pattern.replace_all(text, template.as_str()).trim().to_owned(),
                    false => expanded(template),
                };
                shown.group = Some(Cow::from(group)).filter(|group| !group.is_empty());
            }
            Action::Rename(template) => {
                let name = match self.of_group {
                    false => self.pattern.replace_all(text, template.as_str()).trim().to_owned(),
                    true => expanded(template),
                };
                // A channel without a name could not be found again.
                if !name.is_empty() {
                    shown.name = name.into();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(field: &str, pattern: &str, action: &str, value: Option<&str>) -> edits::Rule {
        edits::Rule {
            id: 1,
            field: field.into(),
            pattern: pattern.into(),
            kind: None,
            action: action.into(),
            value: value.map(str::to_owned),
            enabled: true,
        }
    }

    fn show<'a>(changes: &'a Changes, name: &'a str) -> Shown<'a> {
        changes.apply("1", name, Some("FR| Sports"), Category::Tv, Some(7.0))
    }

    #[test]
    fn rules_in_their_order_then_the_edit() {
        let edit = Edit { hidden: Some(false), is_active: true, number: Some(3.0), ..Edit::default() };
        let changes = Changes::new(
            &[
                rule("name", r"^\|?FR\|?\s*:?\s*", "rename", None),
                rule("name", "tf1", "regroup", Some("Général")),
                rule("group", "sports", "hide", None),
                rule("group", "^général$", "favourite", None),
                rule("name", r"(\d+)$", "renumber", Some("$1")),
            ],
            vec![("1".into(), edit), ("2".into(), Edit::default())],
        );
        let tf1 = show(&changes, "|FR| TF1");
        assert_eq!((&*tf1.name, tf1.group.as_deref(), tf1.number), ("TF1", Some("Général"), Some(3.0)));
        assert!(tf1.favourite && !tf1.hidden && tf1.is_active);
        let other = changes.apply("3", "FR: beIN 5", Some("FR| Sports"), Category::Tv, None);
        assert_eq!((&*other.name, other.number, other.hidden), ("beIN 5", Some(5.0), true));
        assert_eq!(other.group.as_deref(), Some("FR| Sports"));
        assert!(!changes.apply("2", "x", None, Category::Tv, None).is_active);
    }

    #[test]
    fn kinds_shifts_and_names_that_would_vanish() {
        let only = |mut rule: edits::Rule, kind: Option<&str>| {
            rule.kind = kind.map(str::to_owned);
            Changes::only(Rule::new(&rule).expect("rule"))
        };
        let shift = only(rule("name", ".", "renumber", Some("+1000")), Some("tv"));
        assert_eq!(show(&shift, "x").number, Some(1007.0));
        let movies = only(rule("name", ".", "hide", None), Some("movies"));
        assert!(!show(&movies, "x").hidden);
        let all = only(rule("name", ".*", "rename", None), None);
        assert_eq!(show(&all, "TF1").name, "TF1");
        let group = only(rule("group", r"^FR\|\s*", "regroup", Some("France ")), None);
        assert_eq!(show(&group, "x").group.as_deref(), Some("France Sports"));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_field() {
        for (bad, field) in [
            (rule("name", "(", "hide", None), "pattern"),
            (rule("name", r"(\w{500}){500}", "hide", None), "pattern"),
            (rule("name", "a", "explode", None), "action"),
            (rule("nose", "a", "hide", None), "field"),
            (rule("name", "a", "regroup", None), "value"),
            (rule("name", "a", "renumber", Some("+x")), "value"),
        ] {
            match Rule::new(&bad) {
                Err(CatalogueError::Invalid { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
    }
}
