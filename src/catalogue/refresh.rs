//! Refreshing: one import at a time per provider, by hand or by the clock.

use super::Catalogue;
use super::error::{CatalogueError, ImportError};
use super::import::{Imported, Job};
use super::index::List;
use super::load;
use super::search::View;
use crate::store::imports::{self, Import};
use crate::store::now;
use crate::store::providers::{self, Provider};
use crate::wire::catalogue::{CatalogueStatus, ProviderAlert, RefreshScheduled};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// After a failure: 1, 2, 4 … minutes, at most the provider's interval.
const FIRST_RETRY: Duration = Duration::from_secs(60);
/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(15);
/// A list must be there within this: lists of half a gigabyte were seen to take two minutes.
const LONGEST: Duration = Duration::from_secs(3600);
/// Rows deleted per transaction.
const SWEEP: u32 = 2000;

/// Something that happened to a provider's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The provider's name.
    pub provider: String,
    /// What.
    pub news: News,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// So many thousandths are done (an estimate).
    Progress(u16),
    /// The list was taken over.
    Done(Imported),
    /// It was not; why, without credentials.
    Failed(String),
}

/// A refresh under way.
pub(super) struct Running {
    /// Known once it has begun in the database.
    import: OnceLock<Import>,
    staged: AtomicU64,
    /// Its provider was removed: nothing more is fetched or stored for it.
    pub(super) gone: CancellationToken,
}

impl Running {
    /// 0 to 1, by the length of the list before; without one, something that grows ever slower.
    #[allow(clippy::cast_precision_loss)] // an estimate
    pub(super) fn progress(&self) -> f64 {
        let staged = self.staged.load(Ordering::Relaxed) as f64;
        let before = self.import.get().map_or(0, |import| import.current_count) as f64;
        if before > 0.0 { (staged / before).min(0.99) } else { staged / (staged + 20_000.0) }
    }
}

/// Takes the provider's place in the table of refreshes, until dropped.
struct Place<'a> {
    catalogue: &'a Catalogue,
    id: i64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.catalogue.running.lock().remove(&self.id);
    }
}

impl Catalogue {
    /// Refreshes one provider, by name or number, and returns when that is done. `force`: also when over half of its
    /// list is gone. Dropped midway, it leaves the old list.
    pub async fn refresh(self: &Arc<Self>, name: &str, force: bool) -> Result<Imported, CatalogueError> {
        let provider = self.provider(name).await?;
        self.refresh_provider(provider, force).await
    }

    /// Begins to refresh one provider in the background, unless that runs already.
    pub async fn refresh_soon(self: &Arc<Self>, name: &str) -> Result<(), CatalogueError> {
        let provider = self.provider(name).await?;
        self.begin(provider);
        Ok(())
    }

    /// Begins to refresh all enabled providers in the background, but for those whose refresh runs.
    pub async fn refresh_all(self: &Arc<Self>) -> Result<RefreshScheduled, CatalogueError> {
        let all = self.store.read(providers::all).await?;
        let already_running = !self.running.lock().is_empty();
        if !already_running {
            all.into_iter().filter(|provider| provider.enabled).for_each(|provider| self.begin(provider));
        }
        Ok(RefreshScheduled { already_running })
    }

    /// What happens to the lists. Slow listeners lose the oldest.
    pub fn news(&self) -> broadcast::Receiver<Notice> {
        self.news.subscribe()
    }

    /// All providers in one.
    pub async fn status(&self) -> Result<CatalogueStatus, CatalogueError> {
        let mut all = self.store.read(providers::all).await?;
        all.retain(|provider| provider.enabled);
        let running: Vec<f64> = self.running.lock().values().map(|running| running.progress()).collect();
        let at = now();
        let old = |p: &Provider| {
            let limit = i64::try_from(p.refresh_interval.saturating_mul(2)).unwrap_or(i64::MAX);
            p.refresh_interval > 0 && p.last_refresh.is_none_or(|last| at - last > limit)
        };
        let error = all.iter().filter_map(|p| Some((p.last_attempt, &p.name, p.last_error.as_ref()?))).max();
        Ok(CatalogueStatus {
            refreshing: !running.is_empty(),
            progress: running.iter().copied().reduce(f64::min).unwrap_or(1.0),
            last_refresh: all
                .iter()
                .filter_map(|p| p.last_refresh)
                .max()
                .and_then(|at| Timestamp::from_second(at).ok()),
            channel_count: all.iter().map(|p| p.channel_count).sum(),
            stale: all.iter().any(|p| p.last_error.is_some() || old(p)),
            error: error.map(|(_, name, error)| format!("{name}: {error}")),
        })
    }

    /// Keeps the lists fresh until cancelled: the one task that does.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        self.sweep_in_background();
        let mut plan = Plan::default();
        loop {
            match self.store.read(providers::all).await {
                Ok(all) => {
                    for provider in all.into_iter().filter(|p| p.enabled) {
                        if plan.is_due(&provider, now(), Instant::now()) {
                            self.begin(provider);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the providers can't be read"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    fn begin(self: &Arc<Self>, provider: Provider) {
        let catalogue = self.clone();
        tokio::spawn(async move {
            // Its outcome is in the log, the news and the provider's row.
            let _ = catalogue.refresh_provider(provider, false).await;
        });
    }

    async fn refresh_provider(
        self: &Arc<Self>,
        provider: Provider,
        force: bool,
    ) -> Result<Imported, CatalogueError> {
        let id = provider.id;
        let running = Arc::new(Running {
            import: OnceLock::new(),
            staged: AtomicU64::new(0),
            gone: CancellationToken::new(),
        });
        {
            let mut table = self.running.lock();
            if table.contains_key(&id) {
                return Err(CatalogueError::AlreadyRunning(provider.name));
            }
            table.insert(id, running.clone());
        }
        let place = Place { catalogue: self, id };
        let import = self.store.write(move |tx| imports::begin(tx, id)).await?;
        let import = import.ok_or_else(|| CatalogueError::UnknownProvider(provider.name.clone()))?;
        let _ = running.import.set(import);
        let began = Instant::now();
        let outcome = self.import(&provider, import, &running, force).await;
        // Who waits for its end finds the new channels then.
        let outcome = match outcome {
            Ok((imported, None)) => Ok(imported),
            Ok((imported, Some(list))) => {
                self.show_list(Arc::new(list)).await?;
                Ok(imported)
            }
            Err(why) => Err(why),
        };
        drop(place);
        self.sweep_in_background();
        match &outcome {
            Ok(done) => {
                let took = began.elapsed();
                let Imported { channels, odd, repeated, unchanged } = *done;
                let name = &provider.name;
                tracing::info!(provider = %name, channels, odd, repeated, unchanged, ?took, "list taken over");
                self.tell(&provider.name, News::Done(*done));
            }
            Err(why) => {
                let text = why.to_string();
                tracing::warn!(provider = %provider.name, error = %text, "list not taken over");
                self.tell(&provider.name, News::Failed(text.clone()));
                let alert = alert(why);
                self.store.write(move |tx| providers::failed(tx, id, now(), &text, alert.as_deref())).await?;
            }
        }
        outcome.map_err(|why| CatalogueError::Refresh { provider: provider.name, why })
    }

    async fn import(
        &self,
        provider: &Provider,
        import: Import,
        running: &Running,
        force: bool,
    ) -> Result<(Imported, Option<List>), ImportError> {
        let secret = match self.secret(provider) {
            Ok(Some(secret)) => secret,
            Ok(None) => return Err(ImportError::Gone),
            Err(CatalogueError::Unsealable(e)) => return Err(e.into()),
            Err(_) => return Err(ImportError::Gone),
        };
        let progress = |staged| {
            running.staged.store(staged, Ordering::Relaxed);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1000
            self.tell(&provider.name, News::Progress((running.progress() * 1000.0) as u16));
        };
        let View { index, changes } = self.view().await.map_err(|_| ImportError::Gone)?;
        let (before, others) =
            index.lists.iter().cloned().partition::<Vec<_>, _>(|list| list.provider == provider.id);
        let before = match before.into_iter().find(|list| list.generation == import.current) {
            // A provider that is disabled has a list that nobody is shown.
            None if import.current > 0 => {
                let current = Provider { generation: import.current, ..provider.clone() };
                let list = load::list(&self.store, &current, &changes).await;
                Some(Arc::new(list.map_err(|_| ImportError::Gone)?))
            }
            found => found,
        };
        let job = Job {
            store: &self.store,
            vault: &self.vault,
            fetch: &*self.fetch,
            provider,
            secret: &secret,
            import,
            before,
            others,
            changes,
            force,
            progress: &progress,
        };
        // A trickle that never pauses would keep the provider from being read ever again.
        tokio::select! {
            biased;
            () = running.gone.cancelled() => Err(ImportError::Gone),
            outcome = tokio::time::timeout(LONGEST, job.run()) => {
                outcome.unwrap_or(Err(ImportError::TooSlow(LONGEST)))
            }
        }
    }

    fn tell(&self, provider: &str, news: News) {
        let _ = self.news.send(Notice { provider: provider.to_owned(), news });
    }

    /// Deletes rows that count for nobody, a few at a time, beside everything else.
    pub(super) fn sweep_in_background(self: &Arc<Self>) {
        let catalogue = self.clone();
        tokio::spawn(async move {
            loop {
                let table = catalogue.clone();
                let swept = catalogue.store.write(move |tx| {
                    // Asked on the writer's thread: an import that has staged rows by then is in the table.
                    let running: Vec<_> = table.running.lock().values().cloned().collect();
                    let under_way: Vec<Import> =
                        running.iter().filter_map(|r| r.import.get().copied()).collect();
                    imports::sweep(tx, &under_way, SWEEP)
                });
                match swept.await {
                    Ok(0) => return,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "old lists can't be swept away");
                        return;
                    }
                }
            }
        });
    }
}

/// A list that an administrator may accept all the same, as it is stored.
fn alert(why: &ImportError) -> Option<String> {
    let (old, new) = match why {
        ImportError::Shrunk { old, new } => (*old, *new),
        _ => return None,
    };
    let alert = ProviderAlert { message: why.to_string(), old, new, at: Timestamp::now() };
    serde_json::to_string(&alert).ok()
}

/// When each provider is due. Jitter keeps many boxes from asking a provider at the same second.
#[derive(Default)]
struct Plan {
    tries: HashMap<i64, Try>,
}

struct Try {
    /// The `last_attempt` that this was planned after.
    after: Option<i64>,
    due: Instant,
    failures: u32,
}

impl Plan {
    /// Whether its refresh is to begin now; it is then taken to have begun.
    fn is_due(&mut self, provider: &Provider, now: i64, instant: Instant) -> bool {
        let interval = Duration::from_secs(provider.refresh_interval);
        let never = provider.last_attempt.is_none();
        if interval.is_zero() && !never {
            return false;
        }
        let failed = provider.last_error.is_some();
        let planned = self.tries.get(&provider.id);
        if planned.is_none_or(|t| t.after != provider.last_attempt) {
            let failures = if failed { planned.map_or(0, |t| t.failures) + 1 } else { 0 };
            let wait = if never {
                Duration::ZERO
            } else {
                let pause = if failed { retry(failures).min(interval) } else { interval };
                let gone = now.saturating_sub(provider.last_attempt.unwrap_or(0)).max(0);
                jittered(pause).saturating_sub(Duration::from_secs(gone.unsigned_abs()))
            };
            self.tries
                .insert(provider.id, Try { after: provider.last_attempt, due: instant + wait, failures });
        }
        match self.tries.get_mut(&provider.id) {
            Some(planned) if planned.due <= instant => {
                // Asked again only if that try leaves no trace (it was cut short).
                planned.due = instant + interval.max(FIRST_RETRY * 10);
                true
            }
            _ => false,
        }
    }
}

fn retry(failures: u32) -> Duration {
    FIRST_RETRY * 2u32.saturating_pow(failures.saturating_sub(1).min(10))
}

/// ± 10 %.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.9..1.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_by_interval_and_backs_off_after_failures() {
        let mut provider = crate::store::tests::provider("a");
        provider.refresh_interval = 3600;
        let (mut plan, start) = (Plan::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert!(plan.is_due(&provider, 0, at(0)), "never tried");
        assert!(!plan.is_due(&provider, 1, at(1)), "begun");
        provider.last_attempt = Some(0);
        assert!(!plan.is_due(&provider, 3000, at(3000)));
        assert!(plan.is_due(&provider, 4000, at(4000)), "within 10 % of the hour");

        (provider.last_attempt, provider.last_error) = (Some(4000), Some("down".into()));
        assert!(!plan.is_due(&provider, 4030, at(4030)));
        assert!(plan.is_due(&provider, 4070, at(4070)), "a minute after the first failure");
        provider.last_attempt = Some(4070);
        assert!(!plan.is_due(&provider, 4150, at(4150)), "not yet after the second");
        assert!(plan.is_due(&provider, 4210, at(4210)));

        let mut by_hand = crate::store::tests::provider("b");
        assert!(plan.is_due(&by_hand, 0, at(0)), "a new provider is fetched once");
        by_hand.last_attempt = Some(0);
        by_hand.id = 9;
        assert!(!plan.is_due(&by_hand, 1 << 40, at(1 << 20)), "then only by hand");
        assert_eq!(retry(1000), FIRST_RETRY * 1024);
    }
}
