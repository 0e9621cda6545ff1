//! Finding channels: pages for lists, one channel by what a person typed.

use super::fold::fold;
use super::{Catalogue, CatalogueError};
use crate::store::channels::{self, Filter};
use crate::wire::ChannelId;
use crate::wire::catalogue::{Channel, ChannelPage, Group, Stats};

/// A page's size where none is asked for, and the largest.
const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 500;
/// How many are named where a text means several.
const NAMED: u32 = 20;

/// Which channels; everything given holds together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Words, each somewhere in the name, whatever their case and diacritics.
    pub search: Option<String>,
    /// A kind (`tv`, `movies` …), or a group's name or id.
    pub category: Option<String>,
    /// A group's name or id.
    pub group: Option<String>,
    /// From 1; 0 is taken as 1.
    pub page: u32,
    /// 0 is taken as 50, more than 500 as 500.
    pub page_size: u32,
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
    /// A page of channels, in the providers' order.
    pub async fn channels(&self, query: Query) -> Result<ChannelPage, CatalogueError> {
        let page = query.page.max(1);
        let page_size = if query.page_size == 0 { PAGE } else { query.page_size.min(LARGEST_PAGE) };
        let found = self.store.read(move |db| {
            let mut filter =
                Filter { words: words(query.search.as_deref().unwrap_or("")), ..Filter::default() };
            let mut groups = Vec::new();
            match query.category.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
                None => {}
                Some(text) => match text.parse() {
                    Ok(kind) => filter.category = Some(kind),
                    Err(_) => groups.push(channels::group_ids(db, text, &fold(text))?),
                },
            }
            if let Some(text) = query.group.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
                groups.push(channels::group_ids(db, text, &fold(text))?);
            }
            // Both given: groups that both mean.
            filter.groups =
                groups.into_iter().reduce(|a, b| a.into_iter().filter(|id| b.contains(id)).collect());
            let total = channels::count(db, &filter)?;
            let items = channels::list(db, &filter, page_size, u64::from(page - 1) * u64::from(page_size))?;
            Ok((items, total))
        });
        let (items, total) = found.await?;
        Ok(ChannelPage { items, total, page, page_size, pages: total.div_ceil(u64::from(page_size)) })
    }

    /// The channel that a person means.
    pub async fn find(&self, text: &str) -> Result<Found, CatalogueError> {
        let text = text.trim().to_owned();
        let found = self.store.read(move |db| {
            if let Ok(id) = text.parse::<ChannelId>()
                && let Some(channel) = channels::by_id(db, &id)?
            {
                return Ok(Found::One(channel));
            }
            let folded = fold(&text);
            if folded.is_empty() {
                return Ok(Found::None);
            }
            let exact = Filter { folded: Some(folded.clone()), ..Filter::default() };
            let partial = Filter { words: words(&folded), ..Filter::default() };
            for filter in [exact, partial] {
                let mut hits = channels::list(db, &filter, NAMED, 0)?;
                match hits.len() {
                    0 => {}
                    1 => return Ok(hits.pop().map_or(Found::None, Found::One)),
                    _ => return Ok(Found::Many(hits)),
                }
            }
            Ok(Found::None)
        });
        Ok(found.await?)
    }

    /// The channel of that id.
    pub async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, CatalogueError> {
        let id = id.clone();
        Ok(self.store.read(move |db| channels::by_id(db, &id)).await?)
    }

    /// Groups that have channels, by name.
    pub async fn groups(&self) -> Result<Vec<Group>, CatalogueError> {
        Ok(self.store.read(channels::groups).await?)
    }

    /// Channels by kind.
    pub async fn stats(&self) -> Result<Stats, CatalogueError> {
        Ok(self.store.read(channels::stats).await?)
    }
}

/// At most eight words: each costs a pass.
fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).take(8).map(str::to_owned).collect()
}
