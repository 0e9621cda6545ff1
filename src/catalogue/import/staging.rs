//! Rows on their way into the store: compared with the list that counts, named, indexed, staged batch by batch. The
//! next batch is parsed while the last is written.
//!
//! As long as a list is the same as before, entry by entry, nothing is written at all.

use super::super::error::ImportError;
use super::super::fold::{fold, slug};
use super::super::index::{Entry, Flags, List, TooLarge, hash_of};
use super::super::kind::{Hints, kind};
use super::former::{Claim, FormerList};
use super::numbers::Numbers;
use super::row::Row;
use super::{Job, seal};
use crate::store::imports::{self, Former, Staged, kind_number};
use crate::store::{StoreError, channels};
use crate::wire::catalogue::{Category, ProviderKind};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Rows per transaction: some 10 ms of the writer's time.
const BATCH: usize = 1000;
/// Rows of the old list read or copied at a time.
const CHUNK: u32 = 5000;
/// Lists beyond this are not meant.
const MOST: u32 = 5_000_000;
/// Distinct groups beyond this are not meant: what has another stands in none.
const MOST_GROUPS: usize = 50_000;

/// What came of it.
pub(super) struct Done {
    /// The new list; `None`: it is the same as the one that counts.
    pub(super) list: Option<List>,
    pub(super) count: u64,
    pub(super) repeated: u64,
}

pub(super) struct Staging<'a> {
    job: &'a Job<'a>,
    prefix: String,
    /// Digests of the list that counts, while the new one is the same.
    same: Option<Vec<u64>>,
    former: FormerList,
    numbers: Numbers,
    seen: HashSet<u64>,
    ids: HashSet<u64>,
    groups: HashMap<String, i64>,
    list: List,
    batch: Vec<(u32, Row)>,
    /// Positions that were taken for another channel by their name.
    wrong: Vec<u32>,
    taken: u32,
    repeated: u64,
    writing: Option<JoinHandle<Result<(), StoreError>>>,
}

impl<'a> Staging<'a> {
    pub(super) async fn new(job: &'a Job<'a>) -> Result<Self, ImportError> {
        let same = match (&job.before, job.import.current) {
            (Some(_), current) if current > 0 => Some(digests(job).await?),
            _ => None,
        };
        Ok(Self {
            prefix: slug(&job.provider.name, 20),
            same,
            former: FormerList::default(),
            numbers: Numbers::default(),
            seen: HashSet::new(),
            ids: HashSet::new(),
            groups: HashMap::new(),
            list: List::new(job.provider.id, job.import.generation),
            batch: Vec::with_capacity(BATCH),
            wrong: Vec::new(),
            taken: 0,
            repeated: 0,
            writing: None,
            job,
        })
    }

    pub(super) async fn push(&mut self, row: Row) -> Result<(), ImportError> {
        // A panel repeats an item in each of its categories; a list repeats whole entries.
        let is_panel = self.job.provider.kind == ProviderKind::Xtream;
        if !self.seen.insert(if is_panel { row.identity } else { row.digest }) {
            self.repeated += 1;
            return Ok(());
        }
        if self.taken >= MOST {
            return Err(ImportError::TooLong(u64::from(MOST)));
        }
        match &self.same {
            Some(digests) if digests.get(self.taken as usize) == Some(&row.digest) => {
                self.taken += 1;
                if self.taken.is_multiple_of(CHUNK) {
                    (self.job.progress)(u64::from(self.taken));
                }
                return Ok(());
            }
            Some(_) => self.diverge().await?,
            None => {}
        }
        self.batch.push((self.taken, row));
        self.taken += 1;
        if self.batch.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn finish(mut self) -> Result<Done, ImportError> {
        if self.same.as_ref().is_some_and(|digests| digests.len() != self.taken as usize) {
            self.diverge().await?;
        }
        let (count, repeated) = (u64::from(self.taken), self.repeated);
        if self.same.is_some() {
            return Ok(Done { list: None, count, repeated });
        }
        self.flush().await?;
        self.written().await?;
        self.rename_the_wrong().await?;
        Ok(Done { list: Some(self.list.finish()), count, repeated })
    }

    /// From here on the list is another one: what was the same is kept, the rest of the old list is learnt.
    async fn diverge(&mut self) -> Result<(), ImportError> {
        self.same = None;
        let Some(before) = self.job.before.clone() else { return Ok(()) };
        self.list = List::beginning_of(&before, self.job.import.generation, self.taken);
        self.ids.extend(before.ids_of(self.taken));
        self.numbers = Numbers::of(before.numbers());
        let import = self.job.import;
        let mut from = 0;
        while from < self.taken {
            let to = (from + CHUNK).min(self.taken);
            self.job.store.write(move |tx| imports::keep(tx, &import, from..to)).await?;
            from = to;
        }
        self.former = FormerList::from(self.taken);
        let count = u32::try_from(before.len()).unwrap_or(u32::MAX);
        while from < count {
            let to = (from + CHUNK).min(count);
            let chunk = self.job.store.read(move |db| {
                let mut chunk: Vec<Former> = Vec::new();
                imports::former(db, &import, from..to, |former| chunk.push(former))?;
                Ok(chunk)
            });
            chunk.await?.iter().for_each(|former| self.former.push(former));
            from = to;
        }
        self.former.finish();
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ImportError> {
        let batch = std::mem::take(&mut self.batch);
        self.learn_groups(batch.iter().filter_map(|(_, row)| row.group.as_deref())).await?;
        let claims = self.claims(&batch).await?;
        let mut named = Vec::with_capacity(batch.len());
        for ((position, mut row), claim) in batch.into_iter().zip(claims) {
            let folded = fold(&row.name);
            let hints = Hints {
                group: row.group.as_deref(),
                folded: &folded,
                path: &row.path,
                live: row.live,
                radio: row.radio,
            };
            let kind = kind(hints);
            let id = match claim {
                Some(former) => {
                    self.ids.insert(hash_of(&former.channel_id));
                    row.number = former.number.or(row.number);
                    former.channel_id
                }
                None => {
                    row.number = self.numbers.free(kind_number(kind), row.number);
                    self.new_id(&row)
                }
            };
            named.push((position, kind, id, folded, row));
        }
        self.index(&named).await?;
        let mut staged = Vec::with_capacity(named.len());
        for (position, kind, channel_id, _, row) in named {
            staged.push(Staged {
                position,
                channel_id,
                group: row.group.as_deref().and_then(|group| self.groups.get(group).copied()),
                kind: kind_number(kind),
                source_sealed: row.source.map(|source| seal(&source, self.job.vault)).transpose()?,
                source_key: row.source_key,
                name: row.name,
                logo_url: row.logo_url,
                number: row.number,
                tvg_id: row.tvg_id,
                catch_up: row.catch_up,
                identity: row.identity,
                digest: row.digest,
            });
        }
        self.written().await?;
        let (store, import) = (self.job.store.clone(), self.job.import);
        let write = async move { store.write(move |tx| imports::stage(tx, &import, &staged)).await };
        self.writing = Some(tokio::spawn(write));
        Ok(())
    }

    /// Appends channels to the index, as they are to be shown.
    async fn index(&mut self, named: &[(u32, Category, String, String, Row)]) -> Result<(), ImportError> {
        let changes = Arc::clone(&self.job.changes);
        let mut shown = Vec::with_capacity(named.len());
        for (_, kind, id, _, row) in named {
            let changed = !changes.is_empty();
            shown
                .push(changed.then(|| changes.apply(id, &row.name, row.group.as_deref(), *kind, row.number)));
        }
        let regrouped: Vec<&str> =
            shown.iter().flatten().filter_map(|shown| shown.group.as_deref()).collect();
        self.learn_groups(regrouped.into_iter()).await?;
        for ((_, kind, id, folded, row), shown) in named.iter().zip(shown) {
            let mut flags = kind_number(*kind);
            let group = shown.as_ref().map_or(row.group.as_deref(), |shown| shown.group.as_deref());
            let group = group.and_then(|group| self.groups.get(group).copied());
            let renamed =
                shown.as_ref().filter(|shown| shown.name != row.name).map(|shown| fold(&shown.name));
            if let Some(shown) = &shown {
                flags |= Flags::of(shown.hidden, shown.favourite, shown.is_active);
            }
            let number = shown.as_ref().map_or(row.number, |shown| shown.number);
            let folded = renamed.as_deref().unwrap_or(folded);
            let entry = Entry { channel_id: id, folded, group, flags: Flags(flags), number };
            self.list.push(entry).map_err(|TooLarge| ImportError::TooLong(u64::from(MOST)))?;
        }
        Ok(())
    }

    /// Who the entries were before.
    async fn claims(&mut self, batch: &[(u32, Row)]) -> Result<Vec<Option<channels::Listed>>, ImportError> {
        if self.former.is_empty() {
            return Ok(batch.iter().map(|_| None).collect());
        }
        let first = imports::rows(self.job.import.current).start;
        let mut claims: Vec<Option<i64>> = Vec::with_capacity(batch.len());
        for (position, row) in batch {
            let group = row.group.as_deref().and_then(|group| self.groups.get(group).copied());
            let (claim, wrong) = self.former.claim(row, group, *position);
            // Of this batch, it is not named yet; others get another name in the end.
            let begin = batch.first().map_or(0, |(position, _)| *position);
            match wrong.map(|wrong| (wrong, wrong.checked_sub(begin).map(|at| claims.get_mut(at as usize)))) {
                Some((_, Some(Some(claim)))) => *claim = None,
                Some((wrong, _)) => self.wrong.push(wrong),
                None => {}
            }
            claims.push(claim.map(|(Claim::Identity(at) | Claim::Name(at))| first + i64::from(at)));
        }
        let rows: Vec<i64> = claims.iter().copied().flatten().collect();
        let found = self.job.store.read(move |db| channels::at(db, &rows)).await?;
        let mut found: HashMap<i64, channels::Listed> =
            found.into_iter().map(|listed| (listed.row, listed)).collect();
        Ok(claims.into_iter().map(|row| row.and_then(|row| found.remove(&row))).collect())
    }

    /// An id that nobody has, nor had in the list before.
    fn new_id(&mut self, row: &Row) -> String {
        let (wanted, fallback) = row.ids(&self.prefix);
        let mut id = wanted;
        let mut number = 1;
        loop {
            let hash = hash_of(&id);
            let taken = self.job.others.iter().chain(&self.job.before).any(|list| list.has_id(hash));
            if !taken && self.ids.insert(hash) {
                return id;
            }
            id = if number == 1 { fallback.clone() } else { format!("{fallback}-{number}") };
            number += 1;
        }
    }

    /// Those that were taken for a channel that came after all get an id and a number of their own.
    async fn rename_the_wrong(&mut self) -> Result<(), ImportError> {
        let import = self.job.import;
        for position in std::mem::take(&mut self.wrong) {
            let found = self.job.store.read(move |db| imports::staged(db, &import, position)).await?;
            let Some((source_key, name, identity)) = found else { continue };
            let id = self.new_id(&Row { source_key, name, identity, ..Row::default() });
            self.list.rename(position, &id);
            self.job.store.write(move |tx| imports::rename(tx, &import, position, &id)).await?;
        }
        Ok(())
    }

    async fn learn_groups(&mut self, names: impl Iterator<Item = &str>) -> Result<(), ImportError> {
        let mut unknown: Vec<(String, String)> = Vec::new();
        let mut asked = HashSet::new();
        for name in names {
            let room = self.groups.len() + unknown.len() < MOST_GROUPS;
            if room && !self.groups.contains_key(name) && asked.insert(name.to_owned()) {
                unknown.push((name.to_owned(), fold(name)));
            }
        }
        if !unknown.is_empty() {
            let wanted = unknown.clone();
            let ids = self.job.store.write(move |tx| imports::groups(tx, &wanted)).await?;
            self.groups.extend(unknown.into_iter().map(|(name, _)| name).zip(ids));
        }
        Ok(())
    }

    async fn written(&mut self) -> Result<(), ImportError> {
        if let Some(writing) = self.writing.take() {
            writing.await.map_err(|_| StoreError::Panicked)??;
            (self.job.progress)(u64::from(self.taken));
        }
        Ok(())
    }
}

async fn digests(job: &Job<'_>) -> Result<Vec<u64>, ImportError> {
    let import = job.import;
    Ok(job.store.read(move |db| imports::digests(db, &import)).await?)
}
