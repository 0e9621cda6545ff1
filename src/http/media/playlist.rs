//! `GET /live/~{session}/main.m3u8`: the poll that every viewer makes every few seconds.

use super::{LinkState, Media, answer};
use crate::access::{Target, Who};
use http::StatusCode;

pub(super) async fn get(media: &Media, session: &str, head: bool, who: &Who) -> answer::Response {
    let Some(claims) = media.signer.open_session(session) else {
        return answer::refuse(StatusCode::FORBIDDEN, "this session was not given out here");
    };
    let works = |link: &str| matches!(media.gate.link(link), LinkState::Open(_));
    if claims.link.as_deref().is_some_and(|link| !works(link)) {
        return answer::refuse(StatusCode::GONE, "this link has expired");
    }
    if head {
        return answer::playlist(&b""[..], true);
    }
    if let Err(refusal) = media.watching.poll(session, &claims, who) {
        return answer::refuse(StatusCode::TOO_MANY_REQUESTS, refusal.to_string());
    }
    let held;
    let programme = match &claims.target {
        Target::OnAir if !media.on_air.answers() => {
            return answer::unavailable("Nothing on air / Aucun stream actif", 5);
        }
        Target::OnAir => media.on_air.programme(),
        Target::Channel { id, web } => {
            match media.programmes.channel(id, *web, media.options.hold).await {
                Ok(programme) => held = programme,
                Err(error) => return answer::lease_error(&error),
            }
            &held
        }
    };
    let snapshot = programme.snapshot();
    let snapshot = match snapshot.segments {
        0 => programme.ready(true, media.options.hold).await,
        _ => Some(snapshot),
    };
    match snapshot {
        Some(snapshot) => answer::playlist(snapshot.text, false),
        None => answer::unavailable("the channel has no picture yet", 2),
    }
}
