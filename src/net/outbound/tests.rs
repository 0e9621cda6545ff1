use super::{Outbound, OutboundOptions, sent_from_outside};
use crate::net::testing::{answer, serve};
use crate::net::{Get, Resolver};
use crate::wire::Reason;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

fn outbound() -> Outbound {
    let resolver = Resolver::with_files("/nonexistent/resolv.conf", "/nonexistent/hosts");
    Outbound::with_resolver(OutboundOptions::default(), resolver).expect("client")
}

/// Answers `/to?url` with a redirect, `/head` with the request's own head, `/status/n`.
async fn mirror() -> SocketAddr {
    serve(|request, mut socket| async move {
        if let Some(target) = request.path.strip_prefix("/to?") {
            answer(&mut socket, "302 Found", &format!("Location: {target}\r\n"), b"").await;
        } else if let Some(status) = request.path.strip_prefix("/status/") {
            answer(&mut socket, &format!("{status} Odd"), "Retry-After: 9\r\n", b"").await;
        } else if let Some(n) = request.path.strip_prefix("/count/") {
            let next = n.parse::<u32>().expect("number") + 1;
            answer(&mut socket, "302 Found", &format!("Location: /count/{next}\r\n"), b"").await;
        } else {
            answer(&mut socket, "200 OK", "Content-Type: text/plain\r\n", request.head.as_bytes()).await;
        }
    })
    .await
}

async fn head_of(get: &Get) -> String {
    let bytes = outbound().get(get).await.expect("fetched").bytes(10_000).await.expect("body");
    String::from_utf8(bytes.to_vec()).expect("utf-8").to_ascii_lowercase()
}

async fn failure(url: String) -> (Reason, String) {
    let error = outbound().get(&Get::new(url)).await.expect_err("refused");
    (error.reason, error.detail)
}

#[tokio::test]
async fn sends_what_the_caller_wants_and_user_information_as_basic() {
    let address = mirror().await;
    let mut get = Get::new(format!("http://bob:p%40ss@{address}/head"));
    get.user_agent = Some("VLC/3.0".to_owned());
    get.headers.push(("Referer".to_owned(), "http://x.example/".to_owned()));
    let head = head_of(&get).await;
    assert!(head.contains("user-agent: vlc/3.0\r\n"), "{head}");
    assert!(head.contains("referer: http://x.example/\r\n"), "{head}");
    // base64 of bob:p@ss, in lower case as all of the head here.
    assert!(head.contains("authorization: basic ym9ionbac3m=\r\n"), "{head}");
    assert!(!format!("{get:?}").contains("ss"));
}

#[tokio::test]
async fn follows_redirects_and_forgets_credentials_for_other_origins() {
    let (first, other) = (mirror().await, mirror().await);
    let with_auth = |url: String| {
        let mut get = Get::new(url);
        get.headers.push(("Authorization".to_owned(), "Bearer SECRET".to_owned()));
        get.headers.push(("X-Kept".to_owned(), "yes".to_owned()));
        get
    };
    let same = head_of(&with_auth(format!("http://{first}/to?/head"))).await;
    assert!(same.contains("bearer secret") && same.contains("x-kept: yes"), "{same}");
    let foreign = head_of(&with_auth(format!("http://{first}/to?http://{other}/head"))).await;
    assert!(!foreign.contains("secret") && foreign.contains("x-kept: yes"), "{foreign}");
    let fetched = outbound().get(&Get::new(format!("http://{first}/to?/head%3Fx"))).await.expect("fetched");
    assert_eq!((fetched.status, fetched.content_type()), (200, "text/plain"));
    assert_eq!(fetched.url, format!("http://{first}/head%3Fx"));
}

#[tokio::test]
async fn loops_and_long_chains_end() {
    let address = mirror().await;
    let (reason, detail) = failure(format!("http://{address}/to?/to?/to?")).await;
    assert_eq!(reason, Reason::Redirect, "{detail}");
    let (reason, detail) = failure(format!("http://{address}/count/0")).await;
    assert_eq!((reason, detail.contains("more than 5 times")), (Reason::Redirect, true), "{detail}");
    let (reason, detail) = failure(format!("http://{address}/to?rtmp://h/secret-key")).await;
    assert_eq!((reason, detail.as_str()), (Reason::Redirect, "127.0.0.1 redirects to a rtmp address"));
}

#[tokio::test]
async fn statuses_become_reasons_without_secrets() {
    let address = mirror().await;
    for (status, expected) in [
        (403, Reason::Auth),
        (404, Reason::NotFound),
        (458, Reason::Limit),
        (502, Reason::Network),
        (884, Reason::Network),
    ] {
        let error = outbound()
            .get(&Get::new(format!("http://u:SECRET@{address}/status/{status}")))
            .await
            .expect_err("status");
        assert_eq!((error.reason, error.retry_after), (expected, Some(Duration::from_secs(9))), "{status}");
        assert_eq!(error.detail, format!("HTTP {status} from 127.0.0.1"));
    }
}

#[tokio::test]
async fn private_targets_are_refused_where_only_public_ones_may_be() {
    let dir = tempfile::tempdir().expect("dir");
    let hosts = dir.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 tv.example\n").expect("write");
    let resolver = Resolver::with_files("/nonexistent/resolv.conf", &hosts);
    let outbound = Outbound::with_resolver(OutboundOptions::default(), resolver).expect("client");
    let port = mirror().await.port();
    for host in ["127.0.0.1", "tv.example", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
        let mut get = Get::new(format!("http://{host}:{port}/head"));
        if !host.starts_with('[') {
            // The address itself is fine: only the guard stands in the way.
            assert_eq!(outbound.get(&get).await.expect("reachable").status, 200, "{host}");
        }
        get.public_only = true;
        let error = outbound.get(&get).await.expect_err(host);
        assert_eq!(error.reason, Reason::Unsupported, "{host}");
        assert!(error.detail.contains("not allowed"), "{}", error.detail);
    }
    assert!(sent_from_outside(None));
    assert!(sent_from_outside(Some("1.1.1.1:80".parse().expect("address"))));
    assert!(!sent_from_outside(Some("192.168.1.9:80".parse().expect("address"))));
}

#[tokio::test]
async fn silence_and_breaks_have_their_reasons() {
    let silent = serve(|_, socket| async move {
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    let mut get = Get::new(format!("http://{silent}/"));
    get.header_timeout = Duration::from_millis(80);
    let error = outbound().get(&get).await.expect_err("silent");
    assert_eq!(
        (error.reason, error.detail.as_str()),
        (Reason::Network, "127.0.0.1 did not answer within 0.08 s")
    );

    let half = serve(|request, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345").await;
        if request.path == "/stall" {
            std::future::pending::<()>().await;
        }
    })
    .await;
    let mut get = Get::new(format!("http://{half}/stall"));
    get.idle_timeout = Duration::from_millis(80);
    let mut fetched = outbound().get(&get).await.expect("head");
    assert_eq!(fetched.chunk().await.expect("piece").as_deref(), Some(&b"12345"[..]));
    assert_eq!(fetched.chunk().await.expect_err("stalled").reason, Reason::Stalled);
    get.url = format!("http://{half}/break");
    let error = outbound().get(&get).await.expect("head").bytes(100).await.expect_err("cut short");
    assert_eq!(error.reason, Reason::Network, "{error}");
    let closed = format!("http://127.0.0.1:{}/SECRET", free_port().await);
    let (reason, detail) = failure(closed).await;
    assert!(
        reason == Reason::Network && detail.contains("refused") && !detail.contains("SECRET"),
        "{detail}"
    );
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
    listener.local_addr().expect("address").port()
}

#[tokio::test]
async fn unusable_addresses_are_refused() {
    for url in ["file:///etc/passwd", "rtmp://h/SECRET", "no address", "http//host/SECRET", ""] {
        let (reason, detail) = failure(url.to_owned()).await;
        assert!(reason == Reason::Unsupported && !detail.contains("SECRET"), "{url}: {detail}");
    }
    let (reason, detail) = failure("http://tv.example/SECRET".to_owned()).await;
    assert_eq!(reason, Reason::Network);
    assert_eq!(detail, "the name tv.example can't be resolved: /etc/resolv.conf names no server");
    let mut get = Get::new("http://127.0.0.1/");
    get.headers.push(("Bad Name".to_owned(), "x".to_owned()));
    assert_eq!(outbound().get(&get).await.expect_err("header").reason, Reason::Unsupported);
}

#[tokio::test]
async fn long_bodies_are_refused() {
    let address = mirror().await;
    let fetched = outbound().get(&Get::new(format!("http://{address}/head"))).await.expect("fetched");
    assert!(fetched.bytes(10).await.is_err());
}

/// One TLS answer from a server whose certificate nobody vouches for.
fn self_signed_server() -> SocketAddr {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::{Read, Write};
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("fixtures/self-signed.pem")).expect("pem");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/self-signed.key")).expect("pem");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("config");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).expect("connection");
            let mut stream = rustls::StreamOwned::new(connection, socket.expect("socket"));
            if stream.read(&mut [0; 2048]).is_ok() {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    address
}

#[tokio::test]
async fn certificates_are_checked_unless_told_otherwise() {
    let address = self_signed_server();
    let mut get = Get::new(format!("https://{address}/"));
    let error = outbound().get(&get).await.expect_err("unknown issuer");
    assert_eq!(error.reason, Reason::Network);
    assert!(error.detail.contains("certificate"), "{}", error.detail);
    get.verify_tls = false;
    let body = outbound().get(&get).await.expect("accepted").bytes(10).await.expect("body");
    assert_eq!(&body[..], b"ok");
}
