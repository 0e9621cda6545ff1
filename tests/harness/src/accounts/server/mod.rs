//! A panel that serves an account over loopback HTTP, counts what it is asked, and misbehaves on request.
//!
//! `player_api.php` (GET, POST, words and XUI's numbers), `panel_api.php`, `get.php`, `xmltv.php`, `list.m3u[.gz|.xz]`,
//! `epg.xml[.gz]`. Anything else is taken for a stream: seen, and answered 404.

mod answer;
mod conduct;
mod send;
#[cfg(test)]
mod tests;
mod world;

pub use conduct::{Conduct, Fault, Framing, Part};

use super::guide::GuideSpec;
use super::pieces::Pack;
use super::xtream::{Form, Login, Section};
use super::{Revision, Spec};
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use world::{World, in_parts, lock, serve};

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub part: Part,
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: Vec<(String, String)>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// How far things are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests that came.
    pub asked: HashMap<Part, u64>,
    /// Bodies that were sent to their end.
    pub whole: HashMap<Part, u64>,
    /// Answers 304.
    pub unchanged: HashMap<Part, u64>,
    /// Answers that stall now.
    pub held: u64,
}

/// A running panel; ends with the value.
pub struct Server {
    world: Arc<World>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves the account on any free port; addresses in its lists lead here.
    pub async fn start(spec: Spec) -> Result<Self> {
        Self::start_at(spec, 0).await
    }

    pub async fn start_at(spec: Spec, port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.context("the panel's port")?;
        let host = listener.local_addr()?;
        let spec = Spec { address: format!("http://{host}"), ..spec };
        let world = Arc::new(World::new(host, spec));
        let task = tokio::spawn(serve(listener, world.clone()));
        Ok(Self { world, task })
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://{}", self.world.host)
    }

    /// What is served now, for the truth.
    pub fn spec(&self) -> Spec {
        self.world.setup().spec.clone()
    }

    pub fn guide(&self) -> GuideSpec {
        self.world.setup().guide.clone()
    }

    /// `…/get.php?username=…`
    pub fn m3u_url(&self) -> String {
        let spec = self.spec();
        format!(
            "{}/get.php?username={}&password={}&type=m3u_plus&output=ts",
            self.url(),
            spec.username,
            spec.password
        )
    }

    /// The list without credentials in its address.
    pub fn list_url(&self, pack: Pack) -> String {
        let end = match pack {
            Pack::Plain => "",
            Pack::Gzip => ".gz",
            Pack::Xz => ".xz",
        };
        format!("{}/list.m3u{end}", self.url())
    }

    /// From now on the list is another version of itself.
    pub fn revise(&self, revision: Revision) {
        self.world.setup().spec.revision = revision;
    }

    /// Serves another guide from now on.
    pub fn set_guide(&self, guide: GuideSpec) {
        self.world.setup().guide = guide;
    }

    pub fn set_login(&self, change: impl FnOnce(&mut Login)) {
        change(&mut self.world.setup().login);
    }

    /// How the Xtream lists are written.
    pub fn set_form(&self, form: Form) {
        self.world.setup().form = form;
    }

    /// These lists are unknown to the panel.
    pub fn forget(&self, sections: &[Section]) {
        self.world.setup().unknown = sections.to_vec();
    }

    /// Changes how one kind of request is answered.
    pub fn set(&self, part: Part, change: impl FnOnce(&mut Conduct)) {
        change(self.world.setup().conduct.entry(part).or_default());
    }

    /// Makes that kind of request fail, or no more.
    pub fn fail(&self, part: Part, fault: Fault) {
        self.set(part, |conduct| conduct.fault = fault);
    }

    /// Makes the list (or the guide) now, so that serving it later costs next to nothing.
    pub async fn preload(&self, part: Part) -> Result<u64> {
        let (key, body) = match part {
            Part::Guide => answer::guide(&self.world.setup(), Pack::Plain),
            Part::List => answer::list(&self.world.setup(), Pack::Plain),
            Part::Live => answer::streams(&self.world.setup(), Section::Live, None),
            Part::Vod => answer::streams(&self.world.setup(), Section::Vod, None),
            Part::Series => answer::streams(&self.world.setup(), Section::Series, None),
            _ => bail!("{part:?} is made when it is asked for"),
        };
        let parts = tokio::task::spawn_blocking(move || in_parts(body())).await?;
        let length = parts.iter().map(|part| part.len() as u64).sum();
        self.world.lengths().insert(key.clone(), length);
        lock(&self.world.stored).insert(key, Arc::new(parts));
        Ok(length)
    }

    /// Requests of that kind so far.
    pub fn asked(&self, part: Part) -> u64 {
        self.world.progress.borrow().asked.get(&part).copied().unwrap_or(0)
    }

    /// Bodies of that kind that were sent to their end.
    pub fn delivered(&self, part: Part) -> u64 {
        self.world.progress.borrow().whole.get(&part).copied().unwrap_or(0)
    }

    /// Answers "unchanged" of that kind.
    pub fn unchanged(&self, part: Part) -> u64 {
        self.world.progress.borrow().unchanged.get(&part).copied().unwrap_or(0)
    }

    /// Waits until something is so.
    pub async fn wait(
        &self,
        patience: Duration,
        what: &str,
        so: impl FnMut(&Progress) -> bool,
    ) -> Result<()> {
        let mut progress = self.world.progress.subscribe();
        let waited = tokio::time::timeout(patience, progress.wait_for(so)).await;
        waited.with_context(|| format!("the panel: not {what} within {patience:?}"))??;
        Ok(())
    }

    /// Waits until an answer stalls.
    pub async fn held(&self, patience: Duration) -> Result<()> {
        self.wait(patience, "held", |progress| progress.held > 0).await
    }

    /// The requests that came, the oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.world.seen).iter().cloned().collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
