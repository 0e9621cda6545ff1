//! One import: fetch, parse, stage in batches, judge, swap. Memory is two batches, whatever the list's length.

use super::error::ImportError;
use super::fetch::{Ask, Fetch};
use super::fold::{fold, slug};
use super::json_items::{End, Items};
use super::kind::{Hints, kind};
use super::provider::{Place, Secret};
use super::xtream::{self, Account, Login, Stream};
use super::{body, m3u};
use crate::store::guide;
use crate::store::imports::{self, Batch, Import, Staged, Unsettled};
use crate::store::providers::{self, Provider};
use crate::store::{Store, StoreError, Vault, now};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;
use tokio::io::AsyncBufReadExt as _;
use tokio::task::JoinHandle;

/// Rows per transaction: some 20 ms of the writer's time.
const BATCH: usize = 1000;
/// Lists beyond this are not meant.
const MOST: u64 = 5_000_000;
/// A loss of over half counts as one only from here on.
const FEW: u64 = 10;
/// Characters of names and groups that are kept.
const LONGEST_NAME: usize = 300;
/// Same name, group and guide name in one list: so many are kept apart.
const ALIKE: u32 = 16;
/// Bytes of JSON that are taken apart at a time.
const PIECE: usize = 1 << 16;
const SOURCE: &str = "channel source";

/// Address and headers of a channel, as they are sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct ChannelSource {
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
}

impl ChannelSource {
    fn seal(&self, vault: &Vault) -> Result<Vec<u8>, ImportError> {
        let plain = serde_json::to_vec(self).map_err(|_| crate::store::Unsealable)?;
        Ok(vault.seal(SOURCE, &plain)?)
    }

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
}

/// All that an import needs.
pub(super) struct Job<'a> {
    pub(super) store: &'a Store,
    pub(super) vault: &'a Vault,
    pub(super) fetch: &'a dyn Fetch,
    pub(super) provider: &'a Provider,
    pub(super) secret: &'a Secret,
    pub(super) import: Import,
    /// Also when over half of the list is gone.
    pub(super) force: bool,
    /// Told the channels so far.
    pub(super) progress: &'a (dyn Fn(u64) + Send + Sync),
}

impl Job<'_> {
    /// Runs it. Dropped midway or failed, it leaves the old list as it was.
    pub(super) async fn run(&self) -> Result<Imported, ImportError> {
        let place = self.secret.place().map_err(|_| ImportError::Gone)?;
        let mut staging = Staging::new(self);
        let (odd, whole) = match &place {
            Place::Xtream(account) => self.xtream(account, &mut staging).await?,
            Place::Url(url) => {
                let body = self.fetch.get(self.ask(url.clone())).await?;
                self.m3u(body::unpacked(body.bytes).await?, &mut staging).await?
            }
            Place::File(path) => {
                // Opening a pipe would wait for its other end, maybe for ever.
                if !tokio::fs::metadata(path).await.map_err(ImportError::File)?.is_file() {
                    return Err(ImportError::File(std::io::Error::other("it is not a regular file")));
                }
                let file = tokio::fs::File::open(path).await.map_err(ImportError::File)?;
                let file = tokio::io::BufReader::with_capacity(1 << 16, file);
                self.m3u(body::unpack(file).await?, &mut staging).await?
            }
        };
        let batch = staging.finish().await?;
        self.judge(batch.staged, whole)?;
        self.settle().await?;
        let (import, count, at) = (self.import, batch.staged, now());
        let adopted = self.store.write(move |tx| imports::adopt(tx, &import, count, at)).await?;
        if adopted {
            Ok(Imported { channels: count, odd, repeated: batch.repeated })
        } else {
            Err(ImportError::Gone)
        }
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
        }
    }

    async fn xtream(&self, account: &Account, staging: &mut Staging<'_>) -> Result<(u64, bool), ImportError> {
        let login = self.fetch.get(self.ask(account.api(None))).await?;
        let login = Login::read(&body::whole(login.bytes, 1 << 20).await?)?;
        let (id, connections, formats) = (self.provider.id, login.max_connections, login.formats.join(","));
        self.store.write(move |tx| providers::said(tx, id, connections, &formats)).await?;

        let mut categories = HashMap::new();
        let mut odd = 0;
        let mut elements = self.elements(account.api(Some("get_live_categories"))).await?;
        while let Some(values) = elements.next().await? {
            odd += values.iter().filter(|value| !xtream::category(value, &mut categories)).count() as u64;
        }
        odd += elements.items.odd;
        if elements.items.end() == End::Truncated {
            return Ok((odd, false));
        }
        let prefix = slug(&self.provider.name, 20);
        let mut elements = self.elements(account.api(Some("get_live_streams"))).await?;
        while let Some(values) = elements.next().await? {
            for value in &values {
                match xtream::stream(value, &categories) {
                    Some(stream) => staging.push(self.staged_stream(stream, &prefix)?).await?,
                    None => odd += 1,
                }
            }
        }
        Ok((odd + elements.items.odd, elements.items.end() == End::Whole))
    }

    async fn elements(&self, url: String) -> Result<Elements, ImportError> {
        let body = self.fetch.get(self.ask(url)).await?;
        Ok(Elements { reader: body::unpacked(body.bytes).await?, items: Items::new() })
    }

    async fn m3u(
        &self,
        mut reader: body::Reader,
        staging: &mut Staging<'_>,
    ) -> Result<(u64, bool), ImportError> {
        let mut parser = m3u::Parser::default();
        let mut line = Vec::new();
        while body::line(&mut reader, &mut line).await? {
            if let Some(entry) = parser.line(&line)? {
                staging.push(self.staged_entry(entry)?).await?;
            }
        }
        self.keep_guides(&parser.guides).await?;
        Ok((parser.odd, !parser.dangling()))
    }

    /// Addresses of guides may hold credentials, as all addresses of lists.
    async fn keep_guides(&self, guides: &[String]) -> Result<(), ImportError> {
        let id = self.provider.id;
        let sealed = (!guides.is_empty()).then(|| super::guides::seal(self.vault, guides)).transpose()?;
        self.store.write(move |tx| guide::set_addresses(tx, id, sealed.as_deref())).await?;
        Ok(())
    }

    fn staged_stream(&self, stream: Stream, prefix: &str) -> Result<Staged, ImportError> {
        let hints = Hints {
            group: stream.group.as_deref(),
            name: &stream.name,
            path: "",
            live: true,
            radio: stream.radio,
        };
        let source = stream.direct.map(|url| ChannelSource { url, user_agent: None, headers: Vec::new() });
        Ok(Staged {
            position: 0,
            kind: kind(hints),
            wanted: stream.id.clone(),
            fallback: format!("{prefix}-{}", stream.id).trim_start_matches('-').to_owned(),
            source_key: stream.id,
            alike: 1,
            folded: fold(&cut(&stream.name)),
            name: cut(&stream.name),
            group: stream.group.as_deref().map(|group| (cut(group), fold(&cut(group)))),
            logo_url: stream.logo.filter(|logo| logo.len() <= 2048),
            number: stream.number,
            tvg_id: stream.tvg_id.map(|id| cut(&id)),
            source_sealed: source.map(|source| source.seal(self.vault)).transpose()?,
        })
    }

    fn staged_entry(&self, entry: m3u::Entry) -> Result<Staged, ImportError> {
        let path = entry.url.splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
        let live = entry.duration.is_none_or(|seconds| seconds <= 0.0);
        let hints =
            Hints { group: entry.group.as_deref(), name: &entry.name, path: &path, live, radio: entry.radio };
        let source_key = m3u_key(&entry);
        let (wanted, fallback) = m3u_ids(&entry.name, &source_key);
        let kind = kind(hints);
        let source = ChannelSource { url: entry.url, user_agent: entry.user_agent, headers: entry.headers };
        Ok(Staged {
            position: 0,
            source_key,
            alike: ALIKE,
            wanted,
            fallback,
            folded: fold(&cut(&entry.name)),
            name: cut(&entry.name),
            group: entry.group.as_deref().map(|group| (cut(group), fold(&cut(group)))),
            kind,
            // Logos in lists may be pictures of megabytes (data:): a URL is all that is kept.
            logo_url: entry.logo.filter(|logo| logo.len() <= 2048 && logo.starts_with("http")),
            number: entry.number,
            tvg_id: entry.tvg_id.map(|id| cut(&id)),
            source_sealed: Some(source.seal(self.vault)?),
        })
    }

    /// Gives ids to rows whose wanted one the old list holds, now that it is known which of its channels stay.
    async fn settle(&self) -> Result<(), ImportError> {
        let import = self.import;
        let prefix = slug(&self.provider.name, 20);
        let is_xtream = self.provider.kind == crate::wire::catalogue::ProviderKind::Xtream;
        loop {
            let prefix = prefix.clone();
            let ids = move |row: &Unsettled| match is_xtream {
                true => (row.source_key.clone(), format!("{prefix}-{}", row.source_key)),
                false => m3u_ids(&row.name, &row.source_key),
            };
            let settled = self.store.write(move |tx| {
                let rows = imports::unsettled(tx, &import, 1000)?;
                imports::settle(tx, &import, &rows, ids)?;
                Ok(rows.len())
            });
            if settled.await? == 0 {
                return Ok(());
            }
        }
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

/// Stages rows batch by batch; the next is parsed while the last is written.
struct Staging<'a> {
    job: &'a Job<'a>,
    rows: Vec<Staged>,
    taken: u64,
    writing: Option<JoinHandle<Result<Batch, StoreError>>>,
    total: Batch,
}

impl<'a> Staging<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        Self { job, rows: Vec::new(), taken: 0, writing: None, total: Batch::default() }
    }

    async fn push(&mut self, mut row: Staged) -> Result<(), ImportError> {
        if self.taken >= MOST {
            return Err(ImportError::TooLong(MOST));
        }
        row.position = self.taken;
        self.taken += 1;
        self.rows.push(row);
        if self.rows.len() >= BATCH { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), ImportError> {
        self.written().await?;
        let rows = std::mem::take(&mut self.rows);
        let (store, import) = (self.job.store.clone(), self.job.import);
        self.writing =
            Some(tokio::spawn(
                async move { store.write(move |tx| imports::stage(tx, &import, &rows)).await },
            ));
        Ok(())
    }

    async fn written(&mut self) -> Result<(), ImportError> {
        if let Some(writing) = self.writing.take() {
            let batch = writing.await.map_err(|_| StoreError::Panicked)??;
            self.total.staged += batch.staged;
            self.total.repeated += batch.repeated;
            (self.job.progress)(self.total.staged);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Batch, ImportError> {
        self.write().await?;
        self.written().await?;
        Ok(self.total)
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

/// What names an entry of a list over refreshes: guide name, name and group; addresses change with their tokens.
fn m3u_key(entry: &m3u::Entry) -> String {
    let mut digest = Sha256::new();
    for part in [entry.tvg_id.as_deref(), Some(&entry.name), entry.group.as_deref()] {
        digest.update(part.unwrap_or("").as_bytes());
        digest.update([0]);
    }
    digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The id that an entry would like, and the one where that is taken: by its name, so that people can type it.
fn m3u_ids(name: &str, key: &str) -> (String, String) {
    let slug = slug(name, 40);
    let short = key.get(..8).unwrap_or(key);
    let wanted = if slug.is_empty() { format!("m3u-{short}") } else { slug.clone() };
    let fallback =
        if slug.is_empty() { format!("m3u-{}", key.replace('~', "-")) } else { format!("{slug}-{short}") };
    (wanted, fallback)
}
