//! Changing channels: one by hand, many by rule. What a refresh brings later is changed the same way.

use super::Catalogue;
use super::changes::{Changes, Rule};
use super::error::CatalogueError;
use super::search::blocking;
use crate::store::channels::{self, Listed};
use crate::store::edits::{self, Edit};
use crate::wire::ChannelId;
use crate::wire::changes::{Changed, ChannelEdit, Preview, RuleRequest, RuleView};

/// Channels read at a time for a preview.
const CHUNK: u32 = 5000;
/// Rules there can be: each is held against every channel.
const MOST_RULES: usize = 200;
/// Characters of a name.
const LONGEST_NAME: usize = 300;

impl Catalogue {
    /// What is different about a channel by hand; `None`: there is no such channel.
    pub async fn edit_of(&self, id: &ChannelId) -> Result<Option<ChannelEdit>, CatalogueError> {
        let view = self.view().await?;
        if self.listed(&view, id).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(shown(view.changes.edit(id.as_str()).cloned().unwrap_or_else(untouched))))
    }

    /// Changes a channel, in place of what was changed about it; `false`: there is no such channel.
    pub async fn edit(&self, id: &ChannelId, edit: ChannelEdit) -> Result<bool, CatalogueError> {
        let invalid = |field, why: &str| CatalogueError::Invalid { field, why: why.into() };
        for (field, text) in [("name", &edit.name), ("group", &edit.group)] {
            let fits = text
                .as_ref()
                .is_none_or(|text| text.chars().count() <= LONGEST_NAME && !text.contains(char::is_control));
            if !fits {
                return Err(invalid(field, "has at most 300 characters, and no line feeds"));
            }
        }
        if edit.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(invalid("name", "is empty: null gives the provider's name back"));
        }
        if edit.number.is_some_and(|number| !number.is_finite() || number < 0.0) {
            return Err(invalid("number", "is a number from 0"));
        }
        let view = self.view().await?;
        if self.listed(&view, id).await?.is_none() {
            return Ok(false);
        }
        let key = id.clone();
        let stored = Edit {
            name: edit.name,
            group: edit.group,
            number: edit.number,
            hidden: edit.hidden,
            favourite: edit.favourite,
            is_active: edit.is_active,
        };
        self.store
            .write(move |tx| {
                if stored == untouched() {
                    edits::remove(tx, key.as_str()).map(|_| ())
                } else {
                    edits::put(tx, key.as_str(), &stored)
                }
            })
            .await?;
        self.reload().await?;
        Ok(true)
    }

    /// The rules, in the order in which they are applied.
    pub async fn rules(&self) -> Result<Vec<RuleView>, CatalogueError> {
        let rules = self.store.read(edits::rules).await?;
        Ok(rules.into_iter().map(|rule| RuleView { id: rule.id, rule: request(rule) }).collect())
    }

    /// Adds a rule behind the others.
    pub async fn add_rule(&self, rule: RuleRequest) -> Result<RuleView, CatalogueError> {
        let stored = checked(&rule)?;
        if self.store.read(edits::rules).await?.len() >= MOST_RULES {
            return Err(CatalogueError::Invalid {
                field: "rules",
                why: format!("are {MOST_RULES} already: remove some"),
            });
        }
        let id = self.store.write(move |tx| edits::add_rule(tx, &stored)).await?;
        self.reload().await?;
        Ok(RuleView { id, rule })
    }

    /// Replaces a rule in its place; `None`: there is none of that number.
    pub async fn change_rule(&self, id: i64, rule: RuleRequest) -> Result<Option<RuleView>, CatalogueError> {
        let stored = edits::Rule { id, ..checked(&rule)? };
        if !self.store.write(move |tx| edits::change_rule(tx, &stored)).await? {
            return Ok(None);
        }
        self.reload().await?;
        Ok(Some(RuleView { id, rule }))
    }

    /// Removes a rule; `false`: there was none.
    pub async fn remove_rule(&self, id: i64) -> Result<bool, CatalogueError> {
        let removed = self.store.write(move |tx| edits::remove_rule(tx, id)).await?;
        if removed {
            self.reload().await?;
        }
        Ok(removed)
    }

    /// What a rule would change of the channels as they are shown now: how many, and the first `most` of them.
    pub async fn preview(&self, rule: RuleRequest, most: usize) -> Result<Preview, CatalogueError> {
        let alone = std::sync::Arc::new(Changes::only(Rule::new(&checked(&rule)?)?));
        let view = self.view().await?;
        let mut preview = Preview { total: 0, items: Vec::new() };
        for list in &view.index.lists {
            let generation = list.generation;
            let mut from = 0;
            loop {
                let chunk = self.store.read(move |db| {
                    let mut chunk: Vec<Listed> = Vec::new();
                    channels::walk(db, generation, from, CHUNK, |listed| chunk.push(listed))?;
                    Ok(chunk)
                });
                let chunk = chunk.await?;
                let Some(last) = chunk.last() else { break };
                from = last.position() + 1;
                let (view, alone) = (view.clone(), std::sync::Arc::clone(&alone));
                let room = most - preview.items.len();
                let (total, items) = blocking(move || would_change(&view, &alone, &chunk, room)).await?;
                preview.total += total;
                preview.items.extend(items);
            }
        }
        Ok(preview)
    }
}

fn would_change(
    view: &super::search::View,
    alone: &Changes,
    chunk: &[Listed],
    room: usize,
) -> (u64, Vec<Changed>) {
    let (mut total, mut items) = (0, Vec::new());
    for listed in chunk {
        let group = listed.group.and_then(|id| view.index.groups.get(&id)).map(|group| group.name.as_str());
        let now = view.changes.apply(&listed.channel_id, &listed.name, group, listed.kind, listed.number);
        let then = alone.apply("", &now.name, now.group.as_deref(), listed.kind, now.number);
        let hides = then.hidden != now.hidden && then.hidden;
        let favours = then.favourite && !now.favourite;
        let renames = (&then.name, &then.group, then.number) != (&now.name, &now.group, now.number);
        if !(hides || favours || renames) {
            continue;
        }
        total += 1;
        if items.len() < room
            && let Ok(channel_id) = listed.channel_id.parse()
        {
            items.push(Changed {
                channel_id,
                name: now.name.clone().into_owned(),
                group: now.group.as_deref().map(str::to_owned),
                number: now.number,
                new_name: then.name.clone().into_owned(),
                new_group: then.group.as_deref().map(str::to_owned),
                new_number: then.number,
                hidden: then.hidden,
                favourite: then.favourite,
            });
        }
    }
    (total, items)
}

fn untouched() -> Edit {
    Edit { is_active: true, ..Edit::default() }
}

fn shown(edit: Edit) -> ChannelEdit {
    ChannelEdit {
        name: edit.name,
        group: edit.group,
        number: edit.number,
        hidden: edit.hidden,
        favourite: edit.favourite,
        is_active: edit.is_active,
    }
}

fn checked(rule: &RuleRequest) -> Result<edits::Rule, CatalogueError> {
    let stored = edits::Rule {
        id: 0,
        field: rule.field.clone(),
        pattern: rule.pattern.clone(),
        kind: rule.kind.map(|kind| kind.as_str().to_owned()),
        action: rule.action.clone(),
        value: rule.value.clone(),
        enabled: rule.enabled,
    };
    Rule::new(&stored)?;
    Ok(stored)
}

fn request(rule: edits::Rule) -> RuleRequest {
    RuleRequest {
        field: rule.field,
        pattern: rule.pattern,
        kind: rule.kind.and_then(|kind| kind.parse().ok()),
        action: rule.action,
        value: rule.value,
        enabled: rule.enabled,
    }
}
