use super::*;
use crate::http::testing::{ask, parse, read_to_end, read_until, run};
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use hyper::body::Incoming;
use std::time::Instant;
use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};

async fn endless() -> Body {
    Body::from_stream(stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(&[b'x'; 188])), ()))
    }))
}

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/boom",
            get(|| async {
                if true {
                    panic!("planted")
                }
            }),
        )
        .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(400)).await }))
        .route("/endless", get(endless))
        .route("/flood", get(|| async { vec![0_u8; 64 << 20] }))
        .route("/echo", post(|body: String| async move { body }))
        .route("/live/axum", get(|| async { "router" }))
        .route(
            "/peer",
            get(|axum::Extension(peer): axum::Extension<Peer>| async move { format!("{peer:?}") }),
        )
}

fn short() -> Limits {
    Limits {
        header_time: Duration::from_millis(200),
        idle: Duration::from_millis(600),
        write_stall: Duration::from_millis(300),
        drain: Duration::from_millis(1000),
        ..Limits::default()
    }
}

#[tokio::test]
async fn slow_heads_are_cut_and_slow_answers_are_not() {
    let server = run(Service::new(router()), short()).await;
    let started = Instant::now();
    let mut mute = server.connect().await;
    let mut dripping = server.connect().await;
    let drip = async {
        for byte in b"GET / HTTP/1.1\r\nHost: a-rather-long-name".iter().cycle() {
            if dripping.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let cut = async { assert_eq!(read_to_end(&mut mute).await, b"") };
    tokio::time::timeout(Duration::from_secs(5), async { tokio::join!(drip, cut) }).await.expect("both cut");
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(server.get("/slow").await.status, 200);
}

#[tokio::test]
async fn idle_connections_live_longer_than_slow_heads_but_not_for_ever() {
    let server = run(Service::new(router()), short()).await;
    let mut socket = server.connect().await;
    for _ in 0..2 {
        socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
        read_until(&mut socket, "hello").await;
        tokio::time::sleep(Duration::from_millis(350)).await;
    }
    let idle = Instant::now();
    assert_eq!(read_to_end(&mut socket).await, b"");
    assert!(idle.elapsed() < Duration::from_millis(1500));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut() {
    let server = run(Service::new(router()), Limits { connections: 1, ..short() }).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    // The one place is free again only once the stuck connection was cut.
    let freed = async {
        while server.get("/").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), freed).await.expect("freed");
}

#[tokio::test]
async fn endless_bodies_are_neither_idle_nor_stuck() {
    let server = run(Service::new(router()), short()).await;
    let mut socket = server.connect().await;
    socket.write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    let until = Instant::now() + Duration::from_millis(1200);
    while Instant::now() < until {
        read_until(&mut socket, "xxxx").await;
    }
}

#[tokio::test]
async fn caps_answer_in_the_error_body() {
    let server = run(Service::new(router()), Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    read_until(&mut first, "hello").await;
    let answer = server.get("/").await;
    assert_eq!((answer.status, answer.error().as_str()), (503, "UNAVAILABLE"));
    assert!(answer.header("retry-after").is_some());

    let server = run(Service::new(router()), Limits { per_address: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    read_until(&mut first, "hello").await;
    let answer = server.get("/").await;
    assert_eq!((answer.status, answer.error().as_str()), (429, "CONNECTION_LIMIT"));
    drop(first);
    while server.get("/").await.status != 200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn stopping_finishes_short_requests_and_cuts_endless_ones() {
    let server = run(Service::new(router()), short()).await;
    let mut endless = server.connect().await;
    endless.write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    read_until(&mut endless, "xxxx").await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    read_until(&mut idle, "hello").await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("send");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stop = Instant::now();
    server.shutdown.cancel();
    assert_eq!(parse(&read_to_end(&mut slow).await).status, 200);
    assert_eq!(read_to_end(&mut idle).await, b"");
    read_to_end(&mut endless).await;
    server.task.await.expect("served");
    assert!(stop.elapsed() < Duration::from_millis(1800), "{:?}", stop.elapsed());
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_panic_is_a_fault_with_an_id() {
    let server = run(Service::new(router()), Limits::default()).await;
    let answer = server.get("/boom").await;
    assert_eq!((answer.status, answer.error().as_str()), (500, "INTERNAL"));
    assert!(!answer.text().contains("planted"));
    assert!(answer.json()["error"]["details"]["request_id"].is_string());
}

#[tokio::test]
async fn huge_heads_are_refused() {
    let server = run(Service::new(router()), Limits { header_bytes: 2048, ..Limits::default() }).await;
    let long = "y".repeat(5000);
    assert_eq!(server.ask("GET", "/", &[("X-Long", &long)], "").await.status, 431);
}

struct Hand;

impl MediaService for Hand {
    fn try_handle(&self, request: &Request<Incoming>, peer: &Peer) -> Option<MediaFuture> {
        let peer = *peer;
        match request.uri().path() {
            "/live/hand" => {
                Some(Box::pin(async move { Response::new(Body::from(format!("hand {peer:?}"))) }))
            }
            "/live/boom" => Some(Box::pin(async { panic!("planted") })),
            _ => None,
        }
    }
}

#[tokio::test]
async fn media_is_asked_first_and_may_decline() {
    let server = run(Service::new(router()).with_media(Arc::new(Hand)), Limits::default()).await;
    assert!(server.get("/live/hand").await.text().starts_with("hand Tcp(127.0.0.1:"));
    assert_eq!(server.get("/live/axum").await.text(), "router");
    assert_eq!(server.get("/").await.text(), "hello");
    assert_eq!(server.get("/live/boom").await.error(), "INTERNAL");
}

#[tokio::test]
async fn unix_peers_show_their_credentials() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("s");
    let listener = Listener::Unix(UnixListener::bind(&path).expect("bind"));
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, Service::new(router()), shutdown.clone(), Limits::default()));
    let answer = ask(UnixStream::connect(&path).await.expect("connect"), "GET", "/peer", &[], "").await;
    let uid = rustix::process::geteuid().as_raw();
    assert!(answer.text().starts_with(&format!("Unix {{ uid: {uid},")), "{}", answer.text());
    shutdown.cancel();
    task.await.expect("served");
}

#[test]
fn failing_accepts_are_tried_ever_more_slowly() {
    let mut backoff = Backoff::new();
    let pauses: Vec<u128> = (0..9).map(|_| backoff.next().as_millis()).collect();
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    backoff.reset();
    assert_eq!(backoff.next(), Backoff::FIRST);
}
