//! `GET /live/~{session}/main.m3u8`: the poll that every viewer makes every few seconds.

use super::{LinkState, Media, answer};
use crate::access::{Target, Who};
use crate::hls::{Programme, Snapshot};
use http::StatusCode;
use std::sync::Arc;

pub(super) async fn get(media: &Media, session: &str, head: bool, who: &Who) -> answer::Response {
    let Some(claims) = media.signer.open_session(session) else {
        return answer::refuse(StatusCode::FORBIDDEN, "this session was not given out here");
    };
    let works = |link: &str| matches!(media.gate.link(link), LinkState::Open(_));
    if claims.link.as_deref().is_some_and(|link| !works(link)) {
        return answer::refuse(StatusCode::GONE, "this link has expired");
    }
    if head {
        return answer::playlist_exists();
    }
    if let Err(refusal) = media.watching.poll(session, &claims, who) {
        return answer::no_place(&refusal);
    }
    let running = match &claims.target {
        Target::OnAir if !media.on_air.answers() => {
            return answer::unavailable("Nothing on air / Aucun stream actif", 5);
        }
        Target::OnAir => Some(Arc::clone(media.on_air.programme())),
        channel => media.programmes.running(channel),
    };
    let listed = running.as_ref().map(|programme| programme.snapshot()).filter(|listed| listed.segments > 0);
    let snapshot = match listed {
        Some(snapshot) => snapshot,
        None => match wait(media, running, &claims.target).await {
            Ok(snapshot) => snapshot,
            Err(refusal) => return refusal,
        },
    };
    media.watching.listed(session, snapshot.version, snapshot.newest_bytes);
    answer::playlist(snapshot.text)
}

/// It was paused, or the service began anew: the programme has to begin, or to list something.
async fn wait(
    media: &Media,
    running: Option<Arc<Programme>>,
    target: &Target,
) -> Result<Snapshot, answer::Response> {
    let Ok(_held) = media.held.try_acquire() else { return Err(answer::too_many_wait()) };
    let hold = media.options.hold;
    let programme = match (running, target) {
        (Some(programme), _) => programme,
        (None, Target::OnAir) => Arc::clone(media.on_air.programme()),
        (None, Target::Channel { id, web }) => {
            let started = media.programmes.channel(id, *web, hold).await;
            started.map_err(|error| answer::lease_error(&error))?
        }
    };
    let ready = programme.ready(hold).await;
    ready.ok_or_else(|| answer::unavailable("the channel has no picture yet", 2))
}
