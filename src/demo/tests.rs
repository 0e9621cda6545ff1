//! The provider as its client sees it, over real sockets with a real FFmpeg.

use super::{Demo, channels};
use crate::ffmpeg::{Tool, ToolOptions};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn demo() -> Demo {
    let tool = Tool::find(ToolOptions::default()).await.expect("FFmpeg is installed");
    Demo::start(tool).await.expect("a demo")
}

async fn open(demo: &Demo, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(demo.address).await.expect("connected");
    let request = format!("GET {path} HTTP/1.0\r\nHost: demo\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("asked");
    socket
}

async fn get(demo: &Demo, path: &str) -> (u16, Vec<u8>) {
    let mut answer = vec![];
    open(demo, path).await.read_to_end(&mut answer).await.expect("answered");
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head") + 4;
    let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
    (status, answer.split_off(end))
}

async fn api(demo: &Demo, rest: &str) -> Value {
    let (user, password) = (demo.username(), demo.password());
    let (status, body) =
        get(demo, &format!("/player_api.php?username={user}&password={password}{rest}")).await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).expect("JSON")
}

#[tokio::test]
async fn the_panel_lists_six_channels_in_two_groups() {
    let demo = demo().await;
    let login = api(&demo, "").await;
    assert_eq!(login["user_info"]["auth"], 1);
    assert_eq!(login["user_info"]["max_connections"], "6");
    assert_eq!(api(&demo, "&action=get_live_categories").await.as_array().map(Vec::len), Some(2));
    let all = api(&demo, "&action=get_live_streams").await;
    assert_eq!(all.as_array().map(Vec::len), Some(6));
    assert_eq!(all[0]["name"], "Demo 1 — Ocean");
    let warm = api(&demo, "&action=get_live_streams&category_id=2").await;
    assert_eq!(warm.as_array().map(Vec::len), Some(3));
    let (_, refused) = get(&demo, "/player_api.php?username=x&password=y").await;
    assert_eq!(serde_json::from_slice::<Value>(&refused).expect("JSON")["user_info"]["auth"], 0);
    assert_eq!(get(&demo, "/live/x/y/1.ts").await.0, 403);
    assert!(!format!("{demo:?}").contains(demo.password()));
    demo.shutdown().await;
}

#[tokio::test]
async fn a_channel_is_a_transport_stream_and_ends_with_the_demo() {
    let demo = demo().await;
    let (user, password) = (demo.username().to_owned(), demo.password().to_owned());
    assert_eq!(get(&demo, &format!("/live/{user}/{password}/7.ts")).await.0, 404);
    let mut socket = open(&demo, &format!("/live/{user}/{password}/4.ts")).await;
    let mut heard = vec![0; 188 * 400];
    let read = socket.read_exact(&mut heard);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("in time").expect("a stream");
    let head = heard.windows(4).position(|it| it == b"\r\n\r\n").expect("a head") + 4;
    assert!(heard[head..].chunks_exact(188).all(|packet| packet[0] == 0x47), "not TS");
    demo.shutdown().await;
    let mut rest = vec![];
    let end = socket.read_to_end(&mut rest);
    tokio::time::timeout(Duration::from_secs(5), end).await.expect("the stream ends").ok();
}

#[test]
fn ids_are_the_panels() {
    assert_eq!(channels::by_id("3").map(|channel| channel.name), Some("Demo 3 — Slate"));
    assert!(channels::by_id("0").is_none() && channels::by_id("03x").is_none());
}
