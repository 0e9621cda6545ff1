//! The provider from hell: an HTTP server that serves Xtream, M3U lists, endless TS and HLS, and misbehaves on
//! request, per channel and while running.
//!
//! `Hell::start(options)` gives a handle; `hell.channel("1").set(|b| b.stall = true).await` changes conduct;
//! counters tell how many connections there are, were at once, and ever were. The same over HTTP:
//! `POST /_control {"channel": "1", "set": {"stall": true}, "cut": true}` and `GET /_stats`.

pub mod account;
pub mod behaviour;
pub mod broadcast;
mod catalogue;
pub mod clip;
mod hls;
mod media;
pub(crate) mod request;
mod server;
#[cfg(test)]
mod tests;

pub use account::{Account, Counts, Over};
pub use behaviour::{Answer, Behaviour, Join, Replay};
pub use clip::{AudioCodec, ClipSpec, VideoCodec, VideoSpec};

use anyhow::{Context, Result};
use broadcast::{Clock, HZ};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Every broadcast has run so long when the provider starts, so that there is a past to replay.
const PAST: i64 = 1000 * HZ;

/// A channel to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelSpec {
    pub id: String,
    pub name: String,
    pub group: String,
    /// What the M3U list says instead of hell's own address.
    pub address: Option<String>,
    pub behaviour: Behaviour,
}

impl Default for ChannelSpec {
    fn default() -> Self {
        let (id, name, group) = ("1".into(), "Hell 1".into(), "News".into());
        Self { id, name, group, address: None, behaviour: Behaviour::default() }
    }
}

impl ChannelSpec {
    /// A channel with that id, called `Hell {id}`.
    pub fn new(id: &str, behaviour: Behaviour) -> Self {
        Self { id: id.into(), name: format!("Hell {id}"), behaviour, ..Self::default() }
    }
    /// A channel that the M3U list has at another address.
    pub fn elsewhere(id: &str, address: &str) -> Self {
        Self { address: Some(address.into()), ..Self::new(id, Behaviour::default()) }
    }
    /// A well-behaved channel that shows its id on that colour.
    pub fn plain(id: &str, colour: &str) -> Self {
        Self::new(id, Behaviour::showing(ClipSpec::named(&format!("CH {id}"), colour)))
    }
}

/// What to serve.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct HellOptions {
    pub accounts: Vec<Account>,
    pub channels: Vec<ChannelSpec>,
    /// 0: any free port.
    pub port: u16,
}

impl Default for HellOptions {
    fn default() -> Self {
        Self { accounts: vec![Account::default()], channels: vec![ChannelSpec::default()], port: 0 }
    }
}

impl HellOptions {
    pub fn channels(channels: impl IntoIterator<Item = ChannelSpec>) -> Self {
        Self { channels: channels.into_iter().collect(), ..Self::default() }
    }
    /// The first account's limit.
    pub fn limit(mut self, max_connections: usize, over: Over, lag: f64) -> Self {
        for account in &mut self.accounts {
            (account.max_connections, account.over, account.lag) = (max_connections, over, lag);
        }
        self
    }
}

/// A channel at work.
#[derive(Debug)]
pub struct Channel {
    pub id: String,
    pub name: String,
    pub group: String,
    address: Option<String>,
    behaviour: watch::Sender<Behaviour>,
    cuts: watch::Sender<u64>,
    wrap_offset: Mutex<i64>,
    version: AtomicU64,
    seen: AtomicBool,
    counts: account::Shared,
    hls: tokio::sync::Mutex<Option<hls::Packager>>,
    began: Instant,
}

impl Channel {
    fn new(spec: ChannelSpec, began: Instant) -> Self {
        Self {
            id: spec.id,
            name: spec.name,
            group: spec.group,
            address: spec.address,
            behaviour: watch::Sender::new(spec.behaviour),
            cuts: watch::Sender::new(0),
            wrap_offset: Mutex::new(0),
            version: AtomicU64::new(0),
            seen: AtomicBool::new(false),
            counts: account::Shared::default(),
            hls: tokio::sync::Mutex::new(None),
            began,
        }
    }

    /// How it behaves now.
    pub fn behaviour(&self) -> Behaviour {
        self.behaviour.borrow().clone()
    }

    /// Changes its conduct, also for those connected. Clips that it needs are made first.
    pub async fn set(&self, change: impl FnOnce(&mut Behaviour)) -> Result<()> {
        let mut next = self.behaviour();
        change(&mut next);
        self.replace(next).await
    }

    /// The same by a JSON object of the fields to change.
    pub async fn patch(&self, patch: &serde_json::Value) -> Result<()> {
        self.replace(self.behaviour().patched(patch)?).await
    }

    async fn replace(&self, next: Behaviour) -> Result<()> {
        prepare(&next).await?;
        let before = self.behaviour();
        if next.wrap_in > 0.0 && next.wrap_in != before.wrap_in {
            let offset = crate::ts::WRAP - self.now() - (next.wrap_in * HZ as f64) as i64;
            *self.wrap_offset.lock().unwrap_or_else(PoisonError::into_inner) = offset;
        }
        if (&before.clip, &before.second, before.pids) != (&next.clip, &next.second, next.pids) {
            self.version.fetch_add(1, Ordering::Relaxed);
        }
        self.behaviour.send_replace(next);
        Ok(())
    }

    /// Breaks every connection to it, now.
    pub fn cut(&self) {
        self.cuts.send_modify(|n| *n += 1);
    }

    /// Connections of this channel.
    pub fn counts(&self) -> Counts {
        self.counts.get()
    }

    /// The peak starts again.
    pub fn reset_peak(&self) {
        self.counts.reset_peak();
    }

    /// Ticks of its clock: its media of time t is due when this is t.
    pub fn now(&self) -> i64 {
        PAST + (self.began.elapsed().as_micros() as i64) * 9 / 100
    }

    fn clock(&self) -> Clock {
        let offset = *self.wrap_offset.lock().unwrap_or_else(PoisonError::into_inner);
        Clock { offset, version: self.version.load(Ordering::Relaxed) as u8 }
    }

    /// Waits until so many connections are open, no more and no less.
    pub async fn connected(&self, wanted: usize, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while self.counts().now != wanted {
            anyhow::ensure!(Instant::now() < deadline, "{:?} instead of {wanted} now", self.counts());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

async fn prepare(behaviour: &Behaviour) -> Result<()> {
    let specs: Vec<ClipSpec> = std::iter::once(&behaviour.clip).chain(&behaviour.second).cloned().collect();
    tokio::task::spawn_blocking(move || specs.iter().try_for_each(|s| clip::load(s).map(drop))).await?
}

/// What all connections share.
#[derive(Debug)]
struct World {
    channels: Vec<Arc<Channel>>,
    accounts: Vec<account::Running>,
    tokens: Mutex<HashMap<String, Token>>,
    next_token: AtomicU64,
    /// What the list and the login answer instead, while set: a status and a body.
    list_answer: Mutex<Option<(u16, String)>>,
    address: SocketAddr,
    other: SocketAddr,
}

#[derive(Debug, Clone)]
struct Token {
    /// The path that it stands for.
    path: String,
    until: Instant,
}

/// A running provider; ends with the value.
#[derive(Debug)]
pub struct Hell {
    world: Arc<World>,
    tasks: Vec<JoinHandle<()>>,
}

impl Hell {
    /// Makes the clips and listens: on 127.0.0.1, and as "the other host" on 127.0.0.2.
    pub async fn start(options: HellOptions) -> Result<Self> {
        for channel in &options.channels {
            prepare(&channel.behaviour).await?;
        }
        let began = Instant::now();
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.context("the provider's port")?;
        let other = TcpListener::bind("127.0.0.2:0").await.context("the provider's other host")?;
        let world = Arc::new(World {
            channels: options.channels.into_iter().map(|spec| Arc::new(Channel::new(spec, began))).collect(),
            accounts: options.accounts.into_iter().map(account::Running::new).collect(),
            tokens: Mutex::default(),
            next_token: AtomicU64::new(1),
            list_answer: Mutex::default(),
            address: listener.local_addr()?,
            other: other.local_addr()?,
        });
        let tasks = [listener, other].map(|l| tokio::spawn(server::serve(l, world.clone()))).into();
        Ok(Self { world, tasks })
    }

    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://{}", self.world.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.world.address
    }

    /// The first account.
    pub fn account(&self) -> Account {
        self.world.accounts[0].rules()
    }

    /// Changes the first account's rules.
    pub fn set_account(&self, change: impl FnOnce(&mut Account)) {
        self.world.accounts[0].set(change);
    }

    /// Connections of the first account.
    pub fn counts(&self) -> Counts {
        self.world.accounts[0].counts.get()
    }

    /// A channel by id.
    ///
    /// # Panics
    /// When there is none: the test is wrong then.
    pub fn channel(&self, id: &str) -> Arc<Channel> {
        self.world.channel(id).unwrap_or_else(|| panic!("hell has no channel {id}"))
    }

    pub fn all_channels(&self) -> &[Arc<Channel>] {
        &self.world.channels
    }

    /// The channel's address with the first account's credentials; `ts` or `m3u8`.
    pub fn media_url(&self, id: &str, form: &str) -> String {
        let account = self.account();
        format!("{}/live/{}/{}/{id}.{form}", self.url(), account.username, account.password)
    }

    /// The M3U list's address; `ts` or `m3u8` says what its entries point to.
    pub fn m3u_url(&self, form: &str) -> String {
        let account = self.account();
        format!(
            "{}/get.php?username={}&password={}&type=m3u_plus&output={form}",
            self.url(),
            account.username,
            account.password
        )
    }

    /// While set, the login and every list answer this instead.
    pub fn set_list_answer(&self, answer: Option<(u16, String)>) {
        *self.world.list_answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
    }
}

impl Drop for Hell {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        for channel in &self.world.channels {
            channel.cut();
        }
    }
}

impl World {
    fn channel(&self, id: &str) -> Option<Arc<Channel>> {
        self.channels.iter().find(|c| c.id == id).cloned()
    }

    fn account(&self, username: &str, password: &str) -> Option<&account::Running> {
        self.accounts.iter().find(|a| {
            let rules = a.rules();
            rules.username == username && rules.password == password
        })
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashMap<String, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A single-use address that leads to `path` for so long.
    fn token(&self, path: &str, good_for: f64) -> String {
        let number = self.next_token.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{number}x{:x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let until = Instant::now() + Duration::from_secs_f64(good_for);
        self.tokens().insert(name.clone(), Token { path: path.to_owned(), until });
        format!("/token/{name}")
    }

    /// What a token leads to; it is used up by that.
    fn redeem(&self, name: &str) -> Option<String> {
        self.tokens().remove(name).filter(|t| t.until > Instant::now()).map(|t| t.path)
    }
}
