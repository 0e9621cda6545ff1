//! What the player page is given.

use crate::access::Signer;
use crate::config;
use crate::http::services::{PageSettings, Pages};
use crate::wire::Secret;
use crate::wire::on_air::Engine;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long a ticket opens the page's media; the page gets a new one at least once a minute.
const TICKET_SECONDS: u64 = 300;

pub(super) struct Page {
    pub(super) signer: Arc<Signer>,
    pub(super) player: config::Player,
}

impl Pages for Page {
    fn ticket(&self) -> Secret {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.signer.page_ticket(now + TICKET_SECONDS).into()
    }

    fn settings(&self) -> PageSettings {
        let engine = match self.player.engine {
            config::Engine::Auto => Engine::Auto,
            config::Engine::Ts => Engine::Ts,
            config::Engine::Hls => Engine::Hls,
        };
        PageSettings { engine, delay: self.player.delay.as_secs_f64() }
    }
}
