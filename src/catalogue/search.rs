//! Finding channels: pages for lists, one channel by what a person typed.

use super::changes::Changes;
use super::fold::fold;
use super::index::{Hit, Index, Order, Wanted};
use super::{Catalogue, CatalogueError};
use crate::store::channels::{self, Listed};
use crate::store::imports::kind_number;
use crate::wire::ChannelId;
use crate::wire::catalogue::{Channel, ChannelPage, Group, Stats};
use std::sync::Arc;

/// A page's size where none is asked for, and the largest.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 500;
/// How many are named where a text means several.
const NAMED: u64 = 20;

/// Which channels; everything given holds together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words, each somewhere in the name, whatever their case and diacritics.
    pub search: Option<String>,
    /// A kind (`tv`, `movies` …), or a group's name or id.
    pub category: Option<String>,
    /// A group's name or id.
    pub group: Option<String>,
    /// A provider's name or number.
    pub provider: Option<String>,
    /// Only favourites.
    pub favourites: bool,
    /// Hidden ones: `None` without them, `Some(true)` only them, `Some(false)` both.
    pub hidden: Option<bool>,
    /// In which order.
    pub sort: Sort,
    /// From 1; 0 is taken as 1.
    pub page: u32,
    /// 0 is taken as 50, more than 500 as 500.
    pub page_size: u32,
}

/// The order of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// As the providers have them.
    #[default]
    Listed,
    /// By name.
    Name,
    /// By name, the last first.
    NameDown,
    /// By number; those without come last.
    Number,
    /// By number, the last first.
    NumberDown,
}

impl std::str::FromStr for Sort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" | "listed" => Ok(Self::Listed),
            "name" => Ok(Self::Name),
            "-name" => Ok(Self::NameDown),
            "number" => Ok(Self::Number),
            "-number" => Ok(Self::NumberDown),
            _ => Err("is listed, name, -name, number or -number"),
        }
    }
}

/// What a text means.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This channel: its exact id, its exact name, or the only name with these words.
    One(Channel),
    /// Nothing.
    None,
    /// Several; the first 20.
    Many(Vec<Channel>),
}

impl Catalogue {
    /// A page of channels.
    pub async fn channels(&self, query: Query) -> Result<ChannelPage, CatalogueError> {
        let page = query.page.max(1);
        let page_size = if query.page_size == 0 { PAGE } else { query.page_size.min(LARGEST_PAGE) };
        let from = u64::from(page - 1) * u64::from(page_size);
        let view = self.view().await?;
        let wanted = self.wanted(&view.index, &query).await?;
        let order = match query.sort {
            Sort::Listed => Order::Listed,
            Sort::Name => Order::Name { down: false },
            Sort::NameDown => Order::Name { down: true },
            Sort::Number => Order::Number { down: false },
            Sort::NumberDown => Order::Number { down: true },
        };
        let (items, total) = self.page(&view, wanted, order, from..from + u64::from(page_size)).await?;
        Ok(ChannelPage { items, total, page, page_size, pages: total.div_ceil(u64::from(page_size)) })
    }

    /// The channel that a person means.
    pub async fn find(&self, text: &str) -> Result<Found, CatalogueError> {
        let text = text.trim();
        if let Ok(id) = text.parse::<ChannelId>()
            && let Some(channel) = self.channel(&id).await?
        {
            return Ok(Found::One(channel));
        }
        let folded = fold(text);
        if folded.is_empty() {
            return Ok(Found::None);
        }
        let view = self.view().await?;
        let exact = Wanted { folded: Some(folded.clone()), ..Wanted::default() };
        let partial = Wanted { words: words(&folded), ..Wanted::default() };
        for wanted in [exact, partial] {
            let (mut hits, _) = self.page(&view, wanted, Order::Listed, 0..NAMED).await?;
            match hits.len() {
                0 => {}
                1 => return Ok(hits.pop().map_or(Found::None, Found::One)),
                _ => return Ok(Found::Many(hits)),
            }
        }
        Ok(Found::None)
    }

    /// The channel of that id.
    pub async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, CatalogueError> {
        let view = self.view().await?;
        let Some((listed, provider)) = self.listed(&view, id).await? else { return Ok(None) };
        Ok(Some(self.shown(&view, listed, provider)?))
    }

    /// The channel of that id as its provider has it, and whose it is.
    pub(super) async fn listed(
        &self,
        view: &View,
        id: &ChannelId,
    ) -> Result<Option<(Listed, i64)>, CatalogueError> {
        let rows = view.index.rows_of(id.as_str());
        let wanted: Vec<i64> = rows.iter().map(|(row, _)| *row).collect();
        let found = self.store.read(move |db| channels::at(db, &wanted)).await?;
        let found = found.into_iter().find(|listed| listed.channel_id == id.as_str());
        Ok(found.and_then(|listed| {
            let (_, hit) = rows.iter().find(|(row, _)| *row == listed.row)?;
            Some((listed, view.index.lists.get(hit.list)?.provider))
        }))
    }

    /// Groups that have channels, by name.
    pub async fn groups(&self) -> Result<Vec<Group>, CatalogueError> {
        let view = self.view().await?;
        let counts = blocking(move || (view.index.group_counts(), view)).await?;
        let (counts, view) = counts;
        let mut groups: Vec<_> =
            counts.into_iter().filter_map(|(id, count)| Some((view.index.groups.get(&id)?, count))).collect();
        groups.sort_by(|(a, _), (b, _)| (&a.folded, &a.name).cmp(&(&b.folded, &b.name)));
        let group = |(group, count): (&Arc<channels::Group>, u64)| Group {
            id: group.id,
            name: group.name.clone(),
            count,
        };
        Ok(groups.into_iter().map(group).collect())
    }

    /// Channels by kind.
    pub async fn stats(&self) -> Result<Stats, CatalogueError> {
        let view = self.view().await?;
        blocking(move || view.index.stats()).await
    }

    async fn wanted(&self, index: &Index, query: &Query) -> Result<Wanted, CatalogueError> {
        let mut wanted = Wanted {
            words: words(query.search.as_deref().unwrap_or("")),
            favourites: query.favourites,
            hidden: query.hidden,
            ..Wanted::default()
        };
        let mut groups = Vec::new();
        match query.category.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => {}
            Some(text) => match text.parse() {
                Ok(kind) => wanted.kind = Some(kind_number(kind)),
                Err(_) => groups.push(group_ids(index, text)),
            },
        }
        if let Some(text) = query.group.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            groups.push(group_ids(index, text));
        }
        // Both given: groups that both mean.
        wanted.groups = groups.into_iter().reduce(|a, b| a.into_iter().filter(|id| b.contains(id)).collect());
        if let Some(text) = query.provider.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            wanted.provider = Some(self.provider(text).await?.id);
        }
        Ok(wanted)
    }

    async fn page(
        &self,
        view: &View,
        wanted: Wanted,
        order: Order,
        page: std::ops::Range<u64>,
    ) -> Result<(Vec<Channel>, u64), CatalogueError> {
        let index = Arc::clone(&view.index);
        // A scan of a million names takes milliseconds: not on a thread that serves.
        let (hits, total) = blocking(move || index.find(&wanted, order, page)).await?;
        let channels = self.channels_at(view, &hits).await?;
        Ok((channels.into_iter().map(|(_, channel)| channel).collect(), total))
    }

    /// The channels of some hits; those whose list another has replaced meanwhile are left out.
    pub(super) async fn channels_at(
        &self,
        view: &View,
        hits: &[Hit],
    ) -> Result<Vec<(Hit, Channel)>, CatalogueError> {
        let rows: Vec<i64> = hits.iter().map(|hit| view.index.row(*hit)).collect();
        let listed = self.store.read(move |db| channels::at(db, &rows)).await?;
        let mut hits = hits.iter();
        let mut channels = Vec::with_capacity(listed.len());
        for listed in listed {
            // Both are in the same order.
            let Some(hit) = hits.find(|hit| view.index.row(**hit) == listed.row) else { break };
            let Some(list) = view.index.lists.get(hit.list) else { break };
            channels.push((*hit, self.shown(view, listed, list.provider)?));
        }
        Ok(channels)
    }

    fn shown(&self, view: &View, listed: Listed, provider: i64) -> Result<Channel, CatalogueError> {
        let group = listed.group.and_then(|id| view.index.groups.get(&id)).map(|group| group.name.as_str());
        let shown = view.changes.apply(&listed.channel_id, &listed.name, group, listed.kind, listed.number);
        let (name, group) = (shown.name.into_owned(), shown.group.map(std::borrow::Cow::into_owned));
        let (number, is_active) = (shown.number, shown.is_active);
        let (hidden, favourite) = (shown.hidden, shown.favourite);
        Ok(Channel {
            channel_id: channels::id(&listed.channel_id)?,
            name,
            group,
            category: listed.kind,
            logo_url: listed.logo_url,
            number,
            tvg_id: listed.tvg_id,
            is_active,
            provider: self.name_of(provider),
            hidden,
            favourite,
        })
    }
}

/// The index and the changes that go with it.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) index: Arc<Index>,
    pub(super) changes: Arc<Changes>,
}

/// The groups that a text means: that name (exact first, then folded), or that number.
fn group_ids(index: &Index, text: &str) -> Vec<i64> {
    let with = |fits: &dyn Fn(&channels::Group) -> bool| -> Vec<i64> {
        index.groups.values().filter(|group| fits(group)).map(|group| group.id).collect()
    };
    let exact = with(&|group| group.name == text);
    if !exact.is_empty() {
        return exact;
    }
    let folded = fold(text);
    let alike = with(&|group| group.folded == folded);
    match text.parse::<i64>() {
        Ok(number) if alike.is_empty() => vec![number],
        _ => alike,
    }
}

/// At most eight words: each costs a pass.
fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).take(8).map(str::to_owned).collect()
}

/// Runs what takes a few milliseconds of a core away from the threads that serve.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CatalogueError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| crate::store::StoreError::Panicked.into())
}
