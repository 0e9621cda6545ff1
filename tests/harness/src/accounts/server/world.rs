//! What all connections share, and the loop that accepts them.

use super::super::Spec;
use super::super::guide::GuideSpec;
use super::super::pieces::{self, Pieces};
use super::super::xtream::{Form, Login, Section};
use super::{Conduct, Part, Progress, Seen, answer, send};
use crate::hell::request;
use anyhow::Result;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// So many requests are remembered.
const MEMORY: usize = 10_000;

/// What the panel is at the moment.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) spec: Spec,
    pub(super) guide: GuideSpec,
    pub(super) login: Login,
    pub(super) form: Form,
    /// Lists whose actions this panel does not know: it answers with the login document.
    pub(super) unknown: Vec<Section>,
    pub(super) conduct: HashMap<Part, Conduct>,
}

/// A body that was made beforehand, by what it is.
pub(super) type Stored = HashMap<String, Arc<Vec<Bytes>>>;

pub(super) struct World {
    pub(super) host: SocketAddr,
    pub(super) setup: Mutex<Setup>,
    pub(super) seen: Mutex<VecDeque<Seen>>,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) stored: Mutex<Stored>,
    pub(super) lengths: Mutex<HashMap<String, u64>>,
}

impl World {
    pub(super) fn new(host: SocketAddr, spec: Spec) -> Self {
        let guide = GuideSpec { seed: spec.seed, ..GuideSpec::default() };
        let (login, form, conduct) = (Login::default(), Form::default(), HashMap::new());
        Self {
            host,
            setup: Mutex::new(Setup { spec, guide, login, form, unknown: Vec::new(), conduct }),
            seen: Mutex::default(),
            progress: watch::Sender::new(Progress::default()),
            stored: Mutex::default(),
            lengths: Mutex::default(),
        }
    }

    pub(super) fn setup(&self) -> MutexGuard<'_, Setup> {
        lock(&self.setup)
    }

    pub(super) fn lengths(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        lock(&self.lengths)
    }

    fn remember(&self, seen: Seen) {
        self.progress.send_modify(|progress| *progress.asked.entry(seen.part).or_default() += 1);
        let mut all = lock(&self.seen);
        if all.len() == MEMORY {
            all.pop_front();
        }
        all.push_back(seen);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn in_parts(mut body: Box<dyn Pieces>) -> Vec<Bytes> {
    let mut parts = Vec::new();
    loop {
        let mut piece = Vec::new();
        let more = body.more(&mut piece);
        parts.push(piece.into());
        if !more {
            return parts;
        }
    }
}

pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let world = world.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle is no event here.
            let _ = connection(socket, &world).await;
        });
    }
}

async fn connection(socket: TcpStream, world: &World) -> Result<()> {
    socket.set_nodelay(true)?;
    let (mut reader, mut writer) = socket.into_split();
    let mut buffer = Vec::new();
    while let Some(request) = request::read(&mut reader, &mut buffer).await? {
        let answer = answer::to(&request, world);
        let part = answer.part;
        let (path, query) = (request.path.clone(), request.query.clone());
        world.remember(Seen { part, path, query, headers: request.headers.clone() });
        let conduct = world.setup().conduct.get(&part).cloned().unwrap_or_default();
        if !send::answer(&mut reader, &mut writer, &request, answer, &conduct, world).await? {
            break;
        }
    }
    Ok(())
}

/// The length of a body, counted once.
pub(super) async fn length_of(world: &World, key: &str, body: answer::Maker) -> Result<u64> {
    if let Some(length) = world.lengths().get(key) {
        return Ok(*length);
    }
    let length = tokio::task::spawn_blocking(move || pieces::length(body())).await?;
    world.lengths().insert(key.to_owned(), length);
    Ok(length)
}
