//! The client against a real Unix socket.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Answers one connection with `response`, and returns the request as text.
async fn serve_once(listener: UnixListener, response: String) -> String {
    let (mut stream, _) = listener.accept().await.expect("accept");
    let mut request = Vec::new();
    while !whole(&request) {
        let read = stream.read_buf(&mut request).await.expect("read");
        assert_ne!(read, 0, "the client closed before its request was whole");
    }
    stream.write_all(response.as_bytes()).await.expect("write");
    String::from_utf8(request).expect("text")
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    body.len() >= length.map_or(0, |length| length.parse().expect("number"))
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn with_answer<T>(
    response: String,
    call: impl AsyncFnOnce(&Client) -> Result<Answer<T>, ClientError>,
) -> (Result<Answer<T>, ClientError>, String) {
    let dir = tempfile::tempdir().expect("directory");
    let socket = dir.path().join("admin.sock");
    let server = tokio::spawn(serve_once(UnixListener::bind(&socket).expect("bind"), response));
    let result = call(&Client::new(&socket)).await;
    (result, server.await.expect("server"))
}

#[tokio::test]
async fn requests_and_answers_have_the_contracts_shape() {
    let body = r#"{"status":"success","message":"m","channel_name":"TF1 HD","m3u8_url":"/live.m3u8","watch_url":"/watch/"}"#;
    let id = ChannelId::from(7);
    let (result, request) = with_answer(answer("200 OK", body), async |client| client.start(&id).await).await;
    let started = result.expect("started");
    assert_eq!(started.value.channel_name, "TF1 HD");
    assert_eq!(started.json["watch_url"], "/watch/");
    assert!(request.starts_with("POST /start_stream HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with(r#"{"channel_id":7}"#), "{request}");
}

#[tokio::test]
async fn searches_are_encoded() {
    let body = r#"{"items":[],"total":0,"page":1,"page_size":20,"pages":0}"#;
    let (result, request) =
        with_answer(answer("200 OK", body), async |client| client.channels("a&b é", "", 20).await).await;
    assert_eq!(result.expect("page").value.total, 0);
    assert!(request.starts_with("GET /channels?page=1&page_size=20&search=a%26b+%C3%A9 "), "{request}");
}

#[tokio::test]
async fn refusals_are_the_servers_words() {
    let body = r#"{"error":{"code":"VALIDATION_ERROR","message":"The provider is not valid","details":{"url":"must be http"}}}"#;
    let (result, _) =
        with_answer(answer("422 Unprocessable Entity", body), async |client| client.stop().await).await;
    assert_eq!(result.expect_err("refused").to_string(), "The provider is not valid (url: must be http)");

    let body = r#"{"error":{"code":"VALIDATION_ERROR","message":"name is missing","details":{"name":"is missing","url":"must be http","requested_at":"2025-01-01T12:00:00Z"}}}"#;
    let (result, _) =
        with_answer(answer("422 Unprocessable Entity", body), async |client| client.stop().await).await;
    assert_eq!(
        result.expect_err("refused").to_string(),
        "name is missing (url: must be http)",
        "each thing once"
    );

    let body = r#"{"error":{"code":"STREAM_NOT_FOUND","message":"No channel 9","details":{"stream_id":9}}}"#;
    let (result, _) = with_answer(answer("404 Not Found", body), async |client| client.stop().await).await;
    let error = result.expect_err("refused");
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "No channel 9");

    let (result, _) =
        with_answer(answer("502 Bad Gateway", "<html>"), async |client| client.stop().await).await;
    assert_eq!(result.expect_err("refused").to_string(), "the service answered 502");
    let (result, _) = with_answer(answer("200 OK", "<html>"), async |client| client.version().await).await;
    assert!(matches!(result, Err(ClientError::Garbled { .. })));
}

#[tokio::test]
async fn a_service_that_does_not_run_is_said_how_to_start() {
    let dir = tempfile::tempdir().expect("directory");
    let socket = dir.path().join("admin.sock");
    let client = Client::new(&socket);
    let expected = format!(
        "relais is not running (no service at {}). Start it with `systemctl start relais` or `relais serve`",
        socket.display()
    );
    assert_eq!(client.stop().await.expect_err("missing").to_string(), expected);
    // A socket that a dead service left behind.
    drop(UnixListener::bind(&socket).expect("bind"));
    assert_eq!(client.stop().await.expect_err("refused").to_string(), expected);
}
