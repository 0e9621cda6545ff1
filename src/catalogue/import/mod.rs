//! One import: fetch, parse, stage in batches, judge, swap. Memory is a batch, and some 60 bytes an entry for what is
//! remembered of each.

mod former;
mod numbers;
mod row;
mod staging;

use super::changes::Changes;
use super::error::ImportError;
use super::fetch::{Ask, Fetch, Validators};
use super::index::List;
use super::json_items::{End, Items, NotAList};
use super::provider::{Place, Secret};
use super::xtream::{self, Account, Item, Login, Section};
use super::{body, m3u};
use crate::store::guide;
use crate::store::imports::{self, Adopted, Import};
use crate::store::providers::{self, Provider};
use crate::store::{Store, Vault, now};
use row::Row;
use serde::{Deserialize, Serialize};
use staging::Staging;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;

/// A loss of over half counts as one only from here on.
const FEW: u64 = 10;
/// Bytes of JSON that are taken apart at a time.
const PIECE: usize = 1 << 16;
const SOURCE: &str = "channel source";

/// Address and headers of a channel, as they are sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ChannelSource {
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
}

fn seal(source: &ChannelSource, vault: &Vault) -> Result<Vec<u8>, ImportError> {
    let plain = serde_json::to_vec(source).map_err(|_| crate::store::Unsealable)?;
    Ok(vault.seal(SOURCE, &plain)?)
}

impl ChannelSource {
    pub(super) fn open(vault: &Vault, sealed: &[u8]) -> Result<Self, crate::store::Unsealable> {
        serde_json::from_slice(&vault.open(SOURCE, sealed)?).map_err(|_| crate::store::Unsealable)
    }
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Channels in the new list.
    pub channels: u64,
    /// Entries that made no sense, and were left out.
    pub odd: u64,
    /// Entries that said the same again.
    pub repeated: u64,
    /// It is the same list as before.
    pub unchanged: bool,
}

/// All that an import needs.
pub(super) struct Job<'a> {
    pub(super) store: &'a Store,
    pub(super) vault: &'a Vault,
    pub(super) fetch: &'a dyn Fetch,
    pub(super) provider: &'a Provider,
    pub(super) secret: &'a Secret,
    pub(super) import: Import,
    /// The list that counts, where there is one, and those of other providers.
    pub(super) before: Option<Arc<List>>,
    pub(super) others: Vec<Arc<List>>,
    pub(super) changes: Arc<Changes>,
    /// Also when over half of the list is gone.
    pub(super) force: bool,
    /// Told the channels so far.
    pub(super) progress: &'a (dyn Fn(u64) + Send + Sync),
}

/// A list that was read to its end.
#[derive(Default)]
struct Read {
    odd: u64,
    whole: bool,
    validators: Option<Validators>,
    guides: Vec<String>,
    /// The provider says that nothing has changed.
    unchanged: bool,
}

impl Job<'_> {
    /// Runs it; gives the new list, or none where it is the same as before. Dropped midway or failed, it leaves the old
    /// list as it was.
    pub(super) async fn run(&self) -> Result<(Imported, Option<List>), ImportError> {
        let place = self.secret.place().map_err(|_| ImportError::Gone)?;
        let mut staging = Staging::new(self).await?;
        let read = match &place {
            Place::Xtream(account) => self.panel(account, &mut staging).await?,
            Place::Url(url) => self.list_at(url, &mut staging).await?,
            Place::File(path) => {
                // Opening a pipe would wait for its other end, maybe for ever.
                if !tokio::fs::metadata(path).await.map_err(ImportError::File)?.is_file() {
                    return Err(ImportError::File(std::io::Error::other("it is not a regular file")));
                }
                let file = tokio::fs::File::open(path).await.map_err(ImportError::File)?;
                let file = tokio::io::BufReader::with_capacity(1 << 18, file);
                self.list(body::unpack(file).await?, &mut staging).await?
            }
        };
        let validators = read.validators.as_ref().and_then(Validators::stored);
        if read.unchanged {
            let old = self.import.current_count;
            self.note_unchanged(validators).await?;
            let imported = Imported {
                channels: old,
                odd: self.provider.odd,
                repeated: self.provider.repeated,
                unchanged: true,
            };
            return Ok((imported, None));
        }
        let done = staging.finish().await?;
        self.judge(done.count, read.whole)?;
        let imported = Imported {
            channels: done.count,
            odd: read.odd,
            repeated: done.repeated,
            unchanged: done.list.is_none(),
        };
        let Some(list) = done.list else {
            self.note_unchanged(validators).await?;
            self.keep_guides(&read.guides).await?;
            return Ok((imported, None));
        };
        let (odd, repeated) = (read.odd, done.repeated);
        let adopted = Adopted { count: done.count, odd, repeated, validators, at: now() };
        let import = self.import;
        if !self.store.write(move |tx| imports::adopt(tx, &import, &adopted)).await? {
            return Err(ImportError::Gone);
        }
        self.keep_guides(&read.guides).await?;
        Ok((imported, Some(list)))
    }

    /// Addresses of guides may hold credentials, as all addresses of lists.
    async fn keep_guides(&self, guides: &[String]) -> Result<(), ImportError> {
        let id = self.provider.id;
        let sealed = (!guides.is_empty()).then(|| super::guides::seal(self.vault, guides)).transpose()?;
        self.store.write(move |tx| guide::set_addresses(tx, id, sealed.as_deref())).await?;
        Ok(())
    }

    async fn note_unchanged(&self, validators: Option<String>) -> Result<(), ImportError> {
        let import = self.import;
        let noted =
            self.store.write(move |tx| imports::unchanged(tx, &import, validators.as_deref(), now())).await?;
        if noted { Ok(()) } else { Err(ImportError::Gone) }
    }

    /// Whether what came may replace what there is.
    fn judge(&self, new: u64, whole: bool) -> Result<(), ImportError> {
        let old = self.import.current_count;
        if !whole {
            return Err(ImportError::Truncated(new));
        }
        if new == 0 {
            return Err(ImportError::Empty);
        }
        if !self.force && old >= FEW && new < old.div_ceil(2) {
            return Err(ImportError::Shrunk { old, new });
        }
        Ok(())
    }

    fn ask(&self, url: String) -> Ask {
        Ask {
            url,
            user_agent: self.provider.user_agent.clone(),
            headers: self.secret.headers.clone(),
            verify_tls: self.provider.verify_tls,
            header_timeout: Duration::from_secs(120),
            idle_timeout: Duration::from_secs(60),
            validators: None,
        }
    }

    async fn panel(&self, account: &Account, staging: &mut Staging<'_>) -> Result<Read, ImportError> {
        let login = self.fetch.get(self.ask(account.api(None))).await?;
        let login = Login::read(&body::whole(login.bytes, 1 << 20).await?)?;
        let (id, connections, formats) = (self.provider.id, login.max_connections, login.formats.join(","));
        self.store.write(move |tx| providers::said(tx, id, connections, &formats)).await?;
        let mut read = Read { whole: true, ..Read::default() };
        for section in Section::ALL {
            self.section(account, section, staging, &mut read).await?;
            if !read.whole {
                break;
            }
        }
        Ok(read)
    }

    /// One of a panel's lists. A panel that does not know films or series answers its login document, or 404: it has none.
    async fn section(
        &self,
        account: &Account,
        section: Section,
        staging: &mut Staging<'_>,
        read: &mut Read,
    ) -> Result<(), ImportError> {
        match self.read_section(account, section, staging, read).await {
            Err(ImportError::NotAList(NotAList::LOGIN)) if section != Section::Live => Ok(()),
            Err(ImportError::Fetch(failed))
                if section != Section::Live && failed.reason == crate::wire::Reason::NotFound =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn read_section(
        &self,
        account: &Account,
        section: Section,
        staging: &mut Staging<'_>,
        read: &mut Read,
    ) -> Result<(), ImportError> {
        let (categories_action, items_action) = section.actions();
        let mut categories = HashMap::new();
        let mut odd = 0;
        let mut elements = self.elements(account.api(Some(categories_action))).await?;
        loop {
            match elements.next().await {
                Ok(Some(values)) => {
                    odd += values.iter().filter(|value| !xtream::category(value, &mut categories)).count()
                        as u64;
                }
                Ok(None) => break,
                Err(ImportError::NotAList(NotAList::LOGIN)) if section != Section::Live => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        read.odd += odd + elements.items.odd;
        read.whole = elements.items.end() == End::Whole;
        if !read.whole {
            return Ok(());
        }
        let mut elements = self.elements(account.api(Some(items_action))).await?;
        while let Some(values) = elements.next().await? {
            for value in &values {
                match Item::read(section, value, &categories) {
                    Some(item) => staging.push(Row::of_panel(item)).await?,
                    None => read.odd += 1,
                }
            }
        }
        read.odd += elements.items.odd;
        read.whole = elements.items.end() == End::Whole;
        Ok(())
    }

    async fn elements(&self, url: String) -> Result<Elements, ImportError> {
        let body = self.fetch.get(self.ask(url)).await?;
        Ok(Elements { reader: body::unpacked(body.bytes).await?, items: Items::new() })
    }

    async fn list_at(&self, url: &str, staging: &mut Staging<'_>) -> Result<Read, ImportError> {
        // A list that is to be taken over by force was refused before: its answer has to come again.
        let known = self.before.is_some() && !self.force;
        let validators = Validators::of(self.provider.validators.as_deref()).filter(|_| known);
        let body = self.fetch.get(Ask { validators, ..self.ask(url.to_owned()) }).await?;
        if body.unchanged {
            return Ok(Read { unchanged: true, ..Read::default() });
        }
        let validators = body.validators.clone();
        let read = self.list(body::unpacked(body.bytes).await?, staging).await?;
        Ok(Read { validators, ..read })
    }

    async fn list(&self, mut reader: body::Reader, staging: &mut Staging<'_>) -> Result<Read, ImportError> {
        let mut parser = m3u::Parser::default();
        let mut line = Vec::new();
        while body::line(&mut reader, &mut line).await? {
            if let Some(entry) = parser.line(&line)? {
                staging.push(Row::of_list(entry)).await?;
            }
        }
        let whole = !parser.dangling();
        Ok(Read { odd: parser.odd, whole, guides: parser.guides, ..Read::default() })
    }
}

/// The elements of a JSON list, as its bytes come.
struct Elements {
    reader: body::Reader,
    items: Items,
}

impl Elements {
    /// The next few (maybe none yet); `None`: the end.
    async fn next(&mut self) -> Result<Option<Vec<serde_json::Value>>, ImportError> {
        let buffer = self.reader.fill_buf().await.map_err(body::failed)?;
        if buffer.is_empty() {
            return Ok(None);
        }
        // A piece at a time: a chunk of the network's may hold thousands of elements.
        let used = buffer.len().min(PIECE);
        let mut values = Vec::new();
        self.items.feed(&buffer[..used], |value| values.push(value))?;
        self.reader.consume(used);
        Ok(Some(values))
    }
}
