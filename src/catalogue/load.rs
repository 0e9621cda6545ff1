//! The index out of the store: at the start, and where edits or rules change.

use super::changes::Changes;
use super::error::CatalogueError;
use super::fold::fold;
use super::index::{Entry, Flags, Index, List, TooLarge};
use crate::store::channels::{self, Group, Listed};
use crate::store::imports::{self, kind_number};
use crate::store::providers::{self, Provider};
use crate::store::{Store, StoreError, edits};
use std::collections::HashMap;
use std::sync::Arc;

/// Channels read at a time: a reader is not held longer than some milliseconds.
const CHUNK: u32 = 5000;

/// What administrators changed.
pub(super) async fn changes(store: &Store) -> Result<Arc<Changes>, StoreError> {
    let stored = store.read(|db| Ok((edits::rules(db)?, edits::all(db)?))).await?;
    Ok(Arc::new(Changes::new(&stored.0, stored.1)))
}

/// Every group, by number.
pub(super) async fn groups(store: &Store) -> Result<HashMap<i64, Arc<Group>>, StoreError> {
    let groups = store.read(channels::groups).await?;
    Ok(groups.into_iter().map(|group| (group.id, Arc::new(group))).collect())
}

/// The lists of all enabled providers.
pub(super) async fn index(store: &Store, changes: &Changes) -> Result<Index, CatalogueError> {
    let providers = store.read(providers::all).await?;
    let mut lists = Vec::new();
    for provider in providers.iter().filter(|provider| provider.enabled && provider.generation > 0) {
        lists.push(Arc::new(list(store, provider, changes).await?));
    }
    // Last: lists may have made groups of their own.
    Ok(Index { lists, groups: groups(store).await? })
}

/// A provider's list.
pub(super) async fn list(
    store: &Store,
    provider: &Provider,
    changes: &Changes,
) -> Result<List, CatalogueError> {
    let generation = provider.generation;
    let mut list = List::new(provider.id, generation);
    let mut groups = Groups::new(store).await?;
    let mut from = 0;
    loop {
        let chunk = store.read(move |db| {
            let mut chunk: Vec<Listed> = Vec::new();
            channels::walk(db, generation, from, CHUNK, |listed| chunk.push(listed))?;
            Ok(chunk)
        });
        let chunk = chunk.await?;
        let Some(last) = chunk.last() else { break };
        from = last.position() + 1;
        append(store, &mut list, &mut groups, &chunk, changes).await?;
    }
    Ok(list.finish())
}

/// Groups by number and by name.
struct Groups {
    names: HashMap<i64, String>,
    numbers: HashMap<String, i64>,
}

impl Groups {
    async fn new(store: &Store) -> Result<Self, StoreError> {
        let all = store.read(channels::groups).await?;
        let numbers = all.iter().map(|group| (group.name.clone(), group.id)).collect();
        Ok(Self { names: all.into_iter().map(|group| (group.id, group.name)).collect(), numbers })
    }
}

async fn append(
    store: &Store,
    list: &mut List,
    groups: &mut Groups,
    chunk: &[Listed],
    changes: &Changes,
) -> Result<(), CatalogueError> {
    let mut entries = Vec::with_capacity(chunk.len());
    let mut unknown: Vec<(String, String)> = Vec::new();
    for listed in chunk {
        let group = listed.group.and_then(|id| groups.names.get(&id)).map(String::as_str);
        let shown = changes.apply(&listed.channel_id, &listed.name, group, listed.kind, listed.number);
        let regrouped = shown.group.as_deref().filter(|shown| Some(*shown) != group).map(str::to_owned);
        if let Some(name) = &regrouped
            && !groups.numbers.contains_key(name)
            && !unknown.iter().any(|(other, _)| other == name)
        {
            unknown.push((name.clone(), fold(name)));
        }
        let ungrouped = shown.group.is_none();
        let flags =
            Flags(kind_number(listed.kind) | Flags::of(shown.hidden, shown.favourite, shown.is_active));
        entries.push((listed, fold(&shown.name), regrouped, ungrouped, flags, shown.number));
    }
    if !unknown.is_empty() {
        let wanted = unknown.clone();
        let ids = store.write(move |tx| imports::groups(tx, &wanted)).await?;
        groups.numbers.extend(unknown.into_iter().map(|(name, _)| name).zip(ids));
    }
    for (listed, folded, regrouped, ungrouped, flags, number) in entries {
        let group = match regrouped {
            Some(name) => groups.numbers.get(&name).copied(),
            None if ungrouped => None,
            None => listed.group,
        };
        let entry = Entry { channel_id: &listed.channel_id, folded: &folded, group, flags, number };
        list.push(entry).map_err(|TooLarge| CatalogueError::Invalid {
            field: "list",
            why: "has more names than fit into memory".into(),
        })?;
    }
    Ok(())
}
