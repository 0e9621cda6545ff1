//! Endless MPEG-TS: `/live/{channel_id}.ts`, `/restream/{id}.ts`, `/internal_stream.ts`.

use super::gate::Grant;
use super::multivariant::page_ticket;
use super::{Media, Request, answer};
use crate::access::{Claims, Target};
use crate::feed::{Join, Purpose};
use crate::output::endless;
use crate::ts::MediaTime;
use axum::body::Body;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use std::time::Duration;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// nginx holds answers back otherwise.
const UNBUFFERED: (&str, HeaderValue) = ("x-accel-buffering", HeaderValue::from_static("no"));
/// Seconds, on the page's stream: the longest silence between two deliveries of the source lately, where known.
const SILENCE: &str = "x-relais-silence";
/// What the page shall have in hand beyond that.
const SPARE: Duration = Duration::from_millis(500);

pub(super) async fn channel(media: &Media, grant: Grant, request: &Request) -> answer::Response {
    if request.method == Method::HEAD {
        return stream(Body::empty());
    }
    let lease = match media.feeds.lease(&grant.channel, Purpose::Viewer).await {
        Ok(lease) => lease,
        Err(error) => return answer::lease_error(&error),
    };
    if let Err(error) = lease.ready(media.options.hold).await {
        return answer::lease_error(&error.into());
    }
    let target = Target::Channel { id: grant.channel, web: false };
    let claims = Claims { link: grant.link, ..media.signer.claims(0, target, &request.who) };
    let seat = match media.watching.open(claims, request.who.clone()) {
        Ok(seat) => seat,
        Err(refusal) => return answer::no_place(&refusal),
    };
    let reader = lease.ring().reader(Join::Newest);
    stream(Body::from_stream(endless::channel(lease, reader, seat)))
}

pub(super) async fn page(media: &Media, request: &Request) -> answer::Response {
    if let Err(refused) = page_ticket(media, request) {
        return refused.into();
    }
    if !media.on_air.answers() {
        return answer::unavailable("Nothing on air / Aucun stream actif", 2);
    }
    if request.method == Method::HEAD {
        return stream(Body::empty());
    }
    let mut current = media.on_air.programme().current();
    let showing = tokio::time::timeout(media.options.hold, current.wait_for(Option::is_some)).await;
    let Some(showing) = showing.ok().and_then(Result::ok).and_then(|showing| showing.clone()) else {
        return answer::unavailable("the channel has no picture yet", 1);
    };
    let seat =
        match media.watching.open(media.signer.claims(0, Target::OnAir, &request.who), request.who.clone()) {
            Ok(seat) => seat,
            Err(refusal) => return answer::no_place(&refusal),
        };
    // A source that delivers seconds at a time has to be further behind, and the page has to know why.
    let silence = showing.ring.silence();
    let behind = media.options.page_delay.max(silence.unwrap_or_default() + SPARE);
    let reader = showing.ring.reader(Join::Behind(MediaTime::from(behind)));
    let mut response = stream(Body::from_stream(endless::on_air(current, showing.generation, reader, seat)));
    if let Some(silence) = silence.and_then(|it| format!("{:.1}", it.as_secs_f64()).parse().ok()) {
        response.headers_mut().insert(SILENCE, silence);
    }
    response
}

fn stream(body: Body) -> answer::Response {
    let mut response = answer::with(StatusCode::OK, answer::TS, body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response.headers_mut().insert(UNBUFFERED.0, UNBUFFERED.1);
    response
}
