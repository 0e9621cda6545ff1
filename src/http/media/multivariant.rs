//! The first answer to an HLS player: the programme is ready, and here is your session.

use super::gate::{Grant, query};
use super::{Media, Request, answer};
use crate::access::{Claims, Target};
use crate::hls::{Snapshot, multivariant};
use http::{Method, header};
use std::time::{SystemTime, UNIX_EPOCH};

/// `GET /live.m3u8`.
pub(super) async fn on_air(media: &Media, request: &Request) -> answer::Response {
    if is_tuner_import(request) {
        return crate::http::on_air_m3u(&request.base_url);
    }
    show_on_air(media, request).await
}

/// `GET /internal_stream.m3u8?session=…`: the same for our page.
pub(super) async fn page(media: &Media, request: &Request) -> answer::Response {
    match page_ticket(media, request) {
        Ok(()) => show_on_air(media, request).await,
        Err(refused) => refused.into(),
    }
}

/// `GET /live/{channel_id}/index.m3u8`, `GET /restream/{id}.m3u8`.
pub(super) async fn channel(
    media: &Media,
    grant: Grant,
    prefix: &str,
    request: &Request,
) -> answer::Response {
    if request.method == Method::HEAD {
        return answer::playlist_exists();
    }
    // Browsers need sound that they know; other players take the channel as it is.
    let web = request.who.user_agent.contains("Mozilla/");
    let started = tokio::time::Instant::now();
    let programme = match media.programmes.channel(&grant.channel, web, media.options.hold).await {
        Ok(programme) => programme,
        Err(error) => return answer::lease_error(&error),
    };
    let hold = media.options.hold.saturating_sub(started.elapsed());
    let ready = programme.ready(hold).await;
    let target = Target::Channel { id: grant.channel, web };
    let claims = Claims { link: grant.link, ..media.signer.claims(0, target, &request.who) };
    session(media, ready, prefix, &claims)
}

async fn show_on_air(media: &Media, request: &Request) -> answer::Response {
    if !media.on_air.answers() {
        return answer::unavailable("Nothing on air / Aucun stream actif", 5);
    }
    if request.method == Method::HEAD {
        return answer::playlist_exists();
    }
    let ready = media.on_air.programme().ready(media.options.hold).await;
    session(media, ready, "live/", &media.signer.claims(0, Target::OnAir, &request.who))
}

fn session(media: &Media, ready: Option<Snapshot>, prefix: &str, claims: &Claims) -> answer::Response {
    match ready {
        Some(snapshot) => {
            let session = media.signer.session(claims);
            answer::playlist(multivariant::render(prefix, &session, &snapshot))
        }
        None => answer::unavailable("the channel has no picture yet", 2),
    }
}

/// The page shows the short-lived ticket that it was given.
pub(super) fn page_ticket(media: &Media, request: &Request) -> Result<(), answer::Refused> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    match query(&request.uri, "session") {
        Some(ticket) if media.signer.page_ticket_valid(ticket, now) => Ok(()),
        _ => Err(answer::Refused(http::StatusCode::FORBIDDEN, "only for the player page")),
    }
}

/// Jellyfin reads the URL it is given as a list of channels; its player then comes as `Lavf/…`.
fn is_tuner_import(request: &Request) -> bool {
    let agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.is_some_and(|agent| agent.starts_with("Jellyfin-Server/"))
}
