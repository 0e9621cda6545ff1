use super::{ADMIN, House, house, options};
use crate::http::testing::{read_to_end, read_until};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

async fn listen(house: &House) -> TcpStream {
    let mut socket = house.public.connect().await;
    socket.write_all(b"GET /watch/events HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    socket
}

fn states(text: &str) -> Vec<Value> {
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).expect("json"))
        .collect()
}

#[tokio::test]
async fn the_page_is_told_at_once() {
    let house = house(options()).await;
    let mut page = listen(&house).await;
    let first = read_until(&mut page, "\"delay\":2.0}\n\n").await;
    assert!(first.contains("content-type: text/event-stream"), "{first}");
    assert!(first.contains("event: state\n"));
    let idle = &states(&first)[0];
    assert_eq!((idle["state"].as_str(), idle["session"].as_str()), (Some("idle"), Some("ticket-1")));
    assert_eq!((idle["engine"].as_str(), idle["active"].as_bool()), (Some("auto"), Some(false)));

    let asked = Instant::now();
    house.api.ask("POST", "/start_stream", &[ADMIN], r#"{"channel_id": 123456}"#).await;
    let started = read_until(&mut page, "\"delay\":2.0}\n\n").await;
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    let state = &states(&started)[0];
    assert_eq!((state["channel_name"].as_str(), state["generation"].as_u64()), (Some("TF1 HD"), Some(1)));
    assert_eq!(state["session"], "ticket-2");
}

#[tokio::test]
async fn a_crowd_that_comes_is_told_once_a_second() {
    let house = house(options()).await;
    let mut page = listen(&house).await;
    read_until(&mut page, "\"viewers\":0").await;
    let started = Instant::now();
    for viewers in 1..=50 {
        house.world.on_air.send_modify(|status| status.viewers = viewers);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let told = read_until(&mut page, "\"viewers\":50").await;
    assert!(started.elapsed() >= Duration::from_millis(700), "{:?}", started.elapsed());
    assert_eq!(told.matches("event: state").count(), 1, "{told}");
}

#[tokio::test]
async fn stopping_ends_listeners_at_once() {
    let house = house(options()).await;
    let mut page = listen(&house).await;
    read_until(&mut page, "data: ").await;
    let stop = Instant::now();
    house.public.shutdown.cancel();
    read_to_end(&mut page).await;
    house.public.task.await.expect("served");
    assert!(stop.elapsed() < Duration::from_secs(1), "{:?}", stop.elapsed());
}
