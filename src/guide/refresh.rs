//! Refreshing: one import at a time per source, by hand or by the clock.

use super::error::{GuideError, ImportError};
use super::fetch::{self, Opened};
use super::import::{Imported, Job};
use super::source::{self, Place};
use super::{Guide, xmltv};
use crate::store::guide::import::{self, Import};
use crate::store::guide::sources::{self, Source};
use crate::store::now;
use futures_util::{StreamExt, stream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// After a failure: 1, 2, 4 … minutes, at most the source's interval.
const FIRST_RETRY: i64 = 60;
/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(15);
/// A guide must be there within this.
const LONGEST: Duration = Duration::from_secs(3600);
/// How often what is past is deleted.
const PRUNE: Duration = Duration::from_secs(3600);
/// Rows deleted per transaction.
const SWEEP: u32 = 2000;

const DAY: i64 = 86_400;

/// What came of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// A guide was taken over.
    Taken(Imported),
    /// It is still the same.
    Unchanged,
}

/// A refresh under way.
pub(super) struct Running {
    /// Known once it has begun in the database.
    import: OnceLock<Import>,
    read: AtomicU64,
    /// Its source was removed or changed: nothing more is fetched or stored for it.
    pub(super) gone: CancellationToken,
}

impl Running {
    /// Programmes read so far.
    pub(super) fn progress(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// Takes the source's place in the table of refreshes, until dropped.
struct Seat<'a> {
    guide: &'a Guide,
    id: i64,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.guide.running.lock().remove(&self.id);
    }
}

impl Guide {
    /// Refreshes one source, by name or number, and returns when that is done. `force`: also where what comes would
    /// not replace a good guide. Dropped midway, it leaves the old guide.
    pub async fn refresh(self: &Arc<Self>, name: &str, force: bool) -> Result<Refreshed, GuideError> {
        let source = self.source(name).await?;
        self.refresh_source(source, force).await
    }

    /// Begins to refresh one source in the background; `false`: that runs already.
    pub async fn refresh_soon(self: &Arc<Self>, name: &str, force: bool) -> Result<bool, GuideError> {
        let source = self.source(name).await?;
        let runs = self.running.lock().contains_key(&source.id);
        if !runs {
            self.begin(source, force);
        }
        Ok(!runs)
    }

    /// Keeps the guides fresh and matched until cancelled: the one task that does.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = self.lineup.changes();
        let mut pruned: Option<Instant> = None;
        let mut lineup_changed = true;
        loop {
            if std::mem::take(&mut lineup_changed) {
                if let Err(error) = self.follow_providers().await {
                    tracing::warn!(%error, "the providers' guides can't be listed");
                }
                self.rematch_and_sweep().await;
            }
            match self.store.read(sources::all).await {
                Ok(all) => all.into_iter().filter(|s| is_due(s, now())).for_each(|s| self.begin(s, false)),
                Err(error) => tracing::warn!(%error, "the guide's sources can't be read"),
            }
            if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
                pruned = Some(Instant::now());
                self.prune().await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                // Where the lineup is gone the service stops.
                Ok(()) = changes.changed() => lineup_changed = true,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    pub(super) fn begin(self: &Arc<Self>, source: Source, force: bool) {
        let guide = self.clone();
        tokio::spawn(async move {
            // Its outcome is in the log and the source's row.
            let _ = guide.refresh_source(source, force).await;
        });
    }

    async fn refresh_source(self: &Arc<Self>, source: Source, force: bool) -> Result<Refreshed, GuideError> {
        let id = source.id;
        let running = Arc::new(Running {
            import: OnceLock::new(),
            read: AtomicU64::new(0),
            gone: CancellationToken::new(),
        });
        {
            let mut table = self.running.lock();
            if table.contains_key(&id) {
                return Err(GuideError::AlreadyRunning(source.name));
            }
            table.insert(id, running.clone());
        }
        let seat = Seat { guide: self, id };
        let began = Instant::now();
        // A trickle that never pauses would keep the source from being read ever again.
        let outcome = tokio::select! {
            biased;
            () = running.gone.cancelled() => Err(ImportError::Gone),
            outcome = tokio::time::timeout(LONGEST, self.take_over(&source, &running, force)) => {
                outcome.unwrap_or(Err(ImportError::TooSlow(LONGEST)))
            }
        };
        drop(seat);
        match &outcome {
            Ok(Refreshed::Taken(done)) => {
                let took = began.elapsed();
                let Imported { channels, programmes, odd, .. } = *done;
                tracing::info!(source = %source.name, channels, programmes, odd, ?took, "guide taken over");
                self.rematch_and_sweep().await;
            }
            Ok(Refreshed::Unchanged) => {
                self.store.write(move |tx| sources::unchanged(tx, id, now())).await?;
            }
            Err(why) => {
                let text = why.to_string();
                tracing::warn!(source = %source.name, error = %text, "guide not taken over");
                self.store.write(move |tx| sources::failed(tx, id, now(), &text)).await?;
                self.sweep().await;
            }
        }
        outcome.map_err(|why| GuideError::Refresh { source_name: source.name, why })
    }

    async fn take_over(
        &self,
        source: &Source,
        running: &Running,
        force: bool,
    ) -> Result<Refreshed, ImportError> {
        // A few at a time: each takes memory.
        let _turn = self.turns.acquire().await.map_err(|_| ImportError::Gone)?;
        let mut addresses = Vec::new();
        let first = match source::located(source, &self.vault)? {
            Place::File(path) => fetch::file(&path).await?,
            place => {
                addresses = match place {
                    Place::Provider(provider) => self.providers.addresses(provider).await?,
                    Place::Url(address) => vec![address],
                    Place::File(_) => Vec::new(),
                };
                for address in &mut addresses {
                    address.user_agent = source.user_agent.clone().or(address.user_agent.take());
                    address.verify_tls &= source.verify_tls;
                }
                if addresses.is_empty() {
                    return Err(ImportError::NoAddress);
                }
                let one = addresses.len() == 1 && source.generation > 0 && !force;
                let validators = if one { source.validators.as_str() } else { "" };
                let address = addresses.remove(0);
                fetch::url(&self.outbound, &address, self.options.verify_tls, validators).await?
            }
        };
        if matches!(first, Opened::Unchanged) {
            return Ok(Refreshed::Unchanged);
        }
        let id = source.id;
        let import = self.store.write(move |tx| import::begin(tx, id)).await?.ok_or(ImportError::Gone)?;
        let _ = running.import.set(import);
        let window = self.kept_from()..now() + i64::from(self.options.days_ahead) * DAY;
        let language = source.language.clone().or_else(|| self.options.language.clone());
        let progress = |read| running.read.store(read, Ordering::Relaxed);
        let job = Job {
            store: &self.store,
            import,
            options: xmltv::Options { zone: source::zone(source), language },
            shift: i64::from(source.shift) * 60,
            window,
            force,
            progress: &progress,
        };
        let further = stream::iter(addresses).then(|address| async move {
            fetch::url(&self.outbound, &address, self.options.verify_tls, "").await
        });
        let documents = stream::once(std::future::ready(Ok(first))).chain(further).boxed();
        job.run(documents).await.map(Refreshed::Taken)
    }

    /// Every provider that may have a guide is a source; one that is gone takes its guide along.
    pub(super) async fn follow_providers(self: &Arc<Self>) -> Result<(), GuideError> {
        let providers = self.providers.providers().await?;
        let all = self.store.read(sources::all).await?;
        for provider in &providers {
            if all.iter().any(|source| source.provider == Some(provider.id)) {
                continue;
            }
            let taken = |name: &str| all.iter().any(|source| source.name == name);
            let name = match taken(&provider.name) {
                true => format!("{} ({})", provider.name, provider.id),
                false => provider.name.clone(),
            };
            let new = source::of_provider(provider.id, name, self.options.refresh_interval);
            self.store.write(move |tx| sources::insert(tx, &new)).await?;
        }
        for source in all {
            let Some(provider) = source.provider else { continue };
            match providers.iter().find(|known| known.id == provider) {
                None => self.drop_source(source.id).await?,
                Some(known) if known.name != source.shown => {
                    let renamed = Source { shown: known.name.clone(), ..source };
                    self.store.write(move |tx| sources::update(tx, &renamed)).await?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    pub(super) async fn drop_source(&self, id: i64) -> Result<(), GuideError> {
        if let Some(running) = self.running.lock().get(&id) {
            running.gone.cancel();
        }
        self.store.write(move |tx| sources::delete(tx, id)).await?;
        Ok(())
    }

    /// Programmes are swept away only once no match leads to them any more.
    pub(super) async fn rematch_and_sweep(&self) {
        match self.rematch().await {
            Ok(()) => self.sweep().await,
            Err(error) => tracing::warn!(%error, "channels can't be matched to guides now"),
        }
    }

    /// Deletes rows that count for nobody, a few at a time, beside everything else.
    pub(super) async fn sweep(&self) {
        loop {
            let table = self.running.clone();
            let swept = self.store.write(move |tx| {
                // Asked on the writer's thread: an import that has staged rows by then is in the table.
                let running: Vec<_> = table.lock().values().cloned().collect();
                let under_way: Vec<Import> = running.iter().filter_map(|r| r.import.get().copied()).collect();
                import::sweep(tx, &under_way, SWEEP)
            });
            match swept.await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "old guides can't be swept away");
                    return;
                }
            }
        }
    }

    /// When the first day begins that is kept. Whole days, so that what goes out changes once a day and not each hour.
    pub(super) fn kept_from(&self) -> i64 {
        now() / DAY * DAY - i64::from(self.options.days_back) * DAY
    }

    async fn prune(&self) {
        let before = self.kept_from();
        let mut after = Some(0);
        while let Some(number) = after {
            match self.store.write(move |tx| import::prune(tx, number, before, SWEEP)).await {
                Ok(next) => after = next,
                Err(error) => {
                    tracing::warn!(%error, "programmes of the past can't be deleted");
                    return;
                }
            }
        }
    }
}

/// Whether a source is to be read now.
fn is_due(source: &Source, now: i64) -> bool {
    let Some(last) = source.last_attempt.filter(|last| *last <= now) else { return source.enabled };
    let interval = i64::try_from(source.refresh_interval).unwrap_or(i64::MAX);
    let pause = match source.failures {
        0 => interval,
        failures => (FIRST_RETRY << (failures - 1).min(16)).min(interval),
    };
    source.enabled && interval > 0 && now - last >= jittered(pause, source.id ^ last)
}

/// ± 10 %, always the same for the same seed. Keeps many boxes from asking a server at the same second.
fn jittered(pause: i64, seed: i64) -> i64 {
    // A multiplicative hash (Knuth): its high bits are well mixed.
    let mixed = seed.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let permille = i64::try_from(mixed % 201).unwrap_or(0) + 900;
    pause.saturating_mul(permille) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_by_interval_and_later_after_failures() {
        let mut source = source::of_provider(1, "a".into(), Duration::from_secs(3600));
        assert!(is_due(&source, 1000), "never read");
        source.last_attempt = Some(1000);
        assert!(!is_due(&source, 1000 + 3200) && is_due(&source, 1000 + 4000));
        source.failures = 1;
        assert!(!is_due(&source, 1000 + 50) && is_due(&source, 1000 + 70));
        source.failures = 3;
        assert!(!is_due(&source, 1000 + 200) && is_due(&source, 1000 + 270));
        source.failures = 1000;
        assert!(is_due(&source, 1000 + 4000), "at most the interval");
        assert!(is_due(&source, 900), "the clock was set back");
        source.enabled = false;
        assert!(!is_due(&source, 1000 + 4000) && !is_due(&source, 900));
        (source.enabled, source.refresh_interval) = (true, 0);
        assert!(!is_due(&source, i64::MAX), "only by hand");
        for seed in 0..1000 {
            assert!((900..=1100).contains(&jittered(1000, seed)), "{seed}");
        }
    }
}
