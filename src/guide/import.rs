//! One import: read, stage in batches, judge, swap. Memory is two buffers and a few bytes for each channel, whatever
//! the document's length.
//!
//! Some guides go from channel to channel, others from hour to hour through all channels. What is stored goes from
//! channel to channel, so each buffer is sorted before it is written: else every programme of the latter would be a
//! page written twice.

use super::error::ImportError;
use super::fetch::{Opened, failed};
use super::xmltv::{Document, Item, Moment, Options, Programme};
use crate::net::Unpacked;
use crate::store::guide::import::{self, Import, Outcome, StagedChannel};
use crate::store::guide::programmes::{EPOCH, Programme as Row, slot};
use crate::store::{Store, StoreError, now};
use crate::wire::programme::About;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::collections::HashMap;
use std::ops::Range;
use tokio::io::AsyncBufReadExt;
use tokio_util::task::AbortOnDropHandle;

/// Programmes per transaction: some 10 ms of the writer's time.
const BATCH: usize = 1000;
/// A buffer is full with so many programmes, or so many bytes of their texts.
const BUFFER: usize = 32_768;
const BUFFER_BYTES: usize = 12 << 20;
/// Documents beyond this are not meant.
const MOST_PROGRAMMES: u64 = 5_000_000;
const MOST_CHANNELS: u64 = 100_000;
/// A loss of over half counts as one only from here on.
const FEW: u64 = 50;
/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;
/// Channel numbers that are reserved at a time.
const NUMBERS: u32 = 256;
/// A programme without an end is taken to end by then, in seconds.
const LONGEST: i64 = 6 * 3600;

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Channels in the guide.
    pub channels: u64,
    /// Programmes that were taken over.
    pub programmes: u64,
    /// Those that made no sense, or said the same again.
    pub odd: u64,
    /// What is wrong with the guide although it was taken over.
    pub complaint: Option<String>,
}

/// All that an import needs.
pub(super) struct Job<'a> {
    pub(super) store: &'a Store,
    pub(super) import: Import,
    pub(super) options: Options,
    /// Seconds that are added to every time.
    pub(super) shift: i64,
    /// Programmes outside of it are left out.
    pub(super) window: Range<i64>,
    /// Also what would not replace a good guide.
    pub(super) force: bool,
    /// Told the programmes so far.
    pub(super) progress: &'a (dyn Fn(u64) + Send + Sync),
}

impl Job<'_> {
    /// Runs it over one or more documents. Dropped midway or failed, it leaves the old guide as it was.
    pub(super) async fn run(
        &self,
        mut documents: BoxStream<'_, Result<Opened, ImportError>>,
    ) -> Result<Imported, ImportError> {
        let mut staging = Staging::new(self);
        let mut validators = Vec::new();
        // Why it ends in the middle.
        let mut cut = None;
        while let Some(opened) = documents.next().await {
            let read = match opened {
                Ok(Opened::Body { reader, validators: of_this }) => {
                    validators.push(of_this);
                    self.read(reader, &mut staging).await
                }
                Ok(Opened::Unchanged) => Ok(true),
                Err(why) => Err(why),
            };
            match read {
                Ok(true) => {}
                Ok(false) => cut = cut.or(Some(String::new())),
                // What came so far may be all there is to be had.
                Err(why @ (ImportError::Fetch(_) | ImportError::Archive)) if staging.taken > 0 => {
                    cut = cut.or_else(|| Some(format!(": {why}")));
                }
                Err(why) => return Err(why),
            }
        }
        let mut outcome = staging.finish().await?;
        self.judge(&outcome, cut.is_some())?;
        outcome.complaint = cut
            .map(|why| format!("the guide ends in the middle ({} programmes came){why}", outcome.programmes));
        if let (None, [one]) = (&outcome.complaint, validators.as_slice()) {
            outcome.validators.clone_from(one);
        }
        let imported = Imported {
            channels: outcome.channels,
            programmes: outcome.programmes,
            odd: outcome.odd,
            complaint: outcome.complaint.clone(),
        };
        let (import, at) = (self.import, now());
        match self.store.write(move |tx| import::adopt(tx, &import, &outcome, at)).await? {
            true => Ok(imported),
            false => Err(ImportError::Gone),
        }
    }

    /// Whether what came may replace what there is.
    fn judge(&self, new: &Outcome, cut: bool) -> Result<(), ImportError> {
        let Import { current_count: old, until, .. } = self.import;
        if self.force {
            return Ok(());
        }
        if new.programmes == 0 {
            return Err(ImportError::Empty { odd: new.odd });
        }
        // A guide that ends before today is no better than the worst.
        let is_good = old > 0 && until.is_some_and(|until| until > now());
        if is_good && cut {
            return Err(ImportError::Cut(new.programmes));
        }
        if is_good && old >= FEW && new.programmes < old.div_ceil(2) {
            return Err(ImportError::Shrunk { old, new: new.programmes });
        }
        Ok(())
    }

    /// Reads one document; `false`: it is cut.
    async fn read(&self, mut reader: Unpacked, staging: &mut Staging<'_>) -> Result<bool, ImportError> {
        let mut document = Document::new(self.options.clone());
        let mut items = Vec::new();
        loop {
            let buffer = reader.fill_buf().await.map_err(failed)?;
            if buffer.is_empty() {
                break;
            }
            let used = buffer.len().min(PIECE);
            document.push(&buffer[..used], |item| items.push(item))?;
            reader.consume(used);
            for item in items.drain(..) {
                staging.take(item).await?;
            }
        }
        let whole = document.finish(|item| items.push(item))?;
        for item in items {
            staging.take(item).await?;
        }
        Ok(whole)
    }
}

/// What is remembered of a channel while its guide is read.
struct Known {
    number: i64,
    programmes: u64,
    /// The beginning of the last programme.
    last: i64,
    /// Its element came.
    named: bool,
}

/// Stages channels and programmes batch by batch; the next is read while the last is written.
struct Staging<'a> {
    job: &'a Job<'a>,
    known: HashMap<String, Known>,
    numbers: Range<i64>,
    channels: Vec<StagedChannel>,
    programmes: Vec<Row>,
    /// Of the programmes' texts.
    bytes: usize,
    /// Ends with this, so that nothing is staged for an import that was given up.
    writing: Option<AbortOnDropHandle<Result<Option<u64>, StoreError>>>,
    /// Programmes that were given to be written.
    taken: u64,
    odd: u64,
    /// Programmes that said the same again.
    repeated: u64,
    until: Option<i64>,
}

impl<'a> Staging<'a> {
    fn new(job: &'a Job<'a>) -> Self {
        Self {
            job,
            known: HashMap::new(),
            numbers: 0..0,
            channels: Vec::new(),
            programmes: Vec::new(),
            bytes: 0,
            writing: None,
            taken: 0,
            odd: 0,
            repeated: 0,
            until: None,
        }
    }

    async fn take(&mut self, item: Item) -> Result<(), ImportError> {
        match item {
            Item::Odd => self.odd += 1,
            Item::Channel(channel) => {
                let known = self.channel(&channel.id).await?;
                if !std::mem::replace(&mut known.named, true) {
                    let number = known.number;
                    self.channels.push(StagedChannel {
                        number,
                        xmltv_id: channel.id,
                        names: channel.names,
                        icon: channel.icon,
                    });
                }
            }
            Item::Programme(programme) => self.programme(programme).await?,
        }
        let full =
            self.programmes.len() >= BUFFER || self.bytes >= BUFFER_BYTES || self.channels.len() >= BATCH;
        if full { self.write().await } else { Ok(()) }
    }

    async fn programme(&mut self, programme: Programme) -> Result<(), ImportError> {
        let (window, shift) = (self.job.window.clone(), self.job.shift);
        let is_of_use = |start: i64, stop: Option<i64>| {
            let ends = stop.filter(|stop| *stop > start).unwrap_or(start.saturating_add(LONGEST));
            start >= EPOCH && start < window.end && ends > window.start
        };
        // Both hours of a night when clocks go back are within the window, or neither is.
        let shifted = |moment: Moment| moment.at.saturating_add(shift);
        if !is_of_use(shifted(programme.start), programme.stop.map(shifted)) {
            return Ok(());
        }
        if self.taken >= MOST_PROGRAMMES {
            return Err(ImportError::TooMany(MOST_PROGRAMMES, "programmes"));
        }
        let known = self.channel(&programme.channel).await?;
        // Programmes come in order: where a time is twice in a night, the first was there already.
        let start = match programme.start {
            Moment { at, again: Some(again) } if at <= known.last && known.last < again => again,
            Moment { at, .. } => at,
        };
        let stop = programme.stop.map(|stop| match stop {
            Moment { at, again: Some(again) } if at <= start => again,
            Moment { at, .. } => at,
        });
        known.last = known.last.max(start);
        known.programmes += 1;
        let row = Row {
            channel: known.number,
            start: start.saturating_add(shift),
            stop: stop.map(|stop| stop.saturating_add(shift)),
            about: programme.about,
        };
        self.until = self.until.max(row.stop.or(Some(row.start)));
        self.taken += 1;
        self.bytes += weight(&row.about);
        self.programmes.push(row);
        Ok(())
    }

    /// The channel of that id; one that is new is staged without a name.
    async fn channel(&mut self, id: &str) -> Result<&mut Known, ImportError> {
        if !self.known.contains_key(id) {
            if self.known.len() as u64 >= MOST_CHANNELS {
                return Err(ImportError::TooMany(MOST_CHANNELS, "channels"));
            }
            let number = self.number().await?;
            let (xmltv_id, names) = (id.to_owned(), Vec::new());
            self.channels.push(StagedChannel { number, xmltv_id, names, icon: None });
            let known = Known { number, programmes: 0, last: i64::MIN, named: false };
            self.known.insert(id.to_owned(), known);
        }
        self.known.get_mut(id).ok_or(ImportError::Gone)
    }

    async fn number(&mut self) -> Result<i64, ImportError> {
        if self.numbers.is_empty() {
            let first = self.job.store.write(|tx| import::reserve(tx, NUMBERS)).await?;
            self.numbers = first..first + i64::from(NUMBERS);
        }
        self.numbers.next().ok_or(ImportError::Gone)
    }

    async fn write(&mut self) -> Result<(), ImportError> {
        self.written().await?;
        let channels = std::mem::take(&mut self.channels);
        let programmes = std::mem::take(&mut self.programmes);
        self.bytes = 0;
        let (store, import) = (self.job.store.clone(), self.job.import);
        let writing = tokio::spawn(store_sorted(store, import, channels, programmes));
        self.writing = Some(AbortOnDropHandle::new(writing));
        Ok(())
    }

    async fn written(&mut self) -> Result<(), ImportError> {
        if let Some(writing) = self.writing.take() {
            let repeated = writing.await.map_err(|_| StoreError::Panicked)??;
            self.repeated += repeated.ok_or(ImportError::Gone)?;
            (self.job.progress)(self.taken);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Outcome, ImportError> {
        self.write().await?;
        self.written().await?;
        Ok(Outcome {
            channels: self.known.len() as u64,
            programmes: self.taken.saturating_sub(self.repeated),
            counts: self.known.values().map(|known| (known.number, known.programmes)).collect(),
            odd: self.odd + self.repeated,
            until: self.until,
            validators: String::new(),
            complaint: None,
        })
    }
}

/// About how much memory it takes.
fn weight(about: &About) -> usize {
    let texts = [&about.sub_title, &about.description, &about.icon, &about.episode_text, &about.rating];
    let categories = about.categories.iter().map(String::len);
    about.title.len() + texts.into_iter().flatten().map(String::len).chain(categories).sum::<usize>()
}

/// Stores channels, then programmes in the order of their keys, batch by batch; returns how many said the same again.
/// `None`: the source is gone.
async fn store_sorted(
    store: Store,
    import: Import,
    mut channels: Vec<StagedChannel>,
    mut programmes: Vec<Row>,
) -> Result<Option<u64>, StoreError> {
    // Stable: of those that say the same, the first stays.
    programmes.sort_by_key(|row| slot(row.channel, row.start));
    let (mut programmes, mut repeated) = (programmes.into_iter(), 0);
    loop {
        let (new, batch) =
            (std::mem::take(&mut channels), programmes.by_ref().take(BATCH).collect::<Vec<_>>());
        if new.is_empty() && batch.is_empty() {
            return Ok(Some(repeated));
        }
        match store.write(move |tx| import::stage(tx, &import, &new, &batch)).await? {
            Some(again) => repeated += again,
            None => return Ok(None),
        }
    }
}
