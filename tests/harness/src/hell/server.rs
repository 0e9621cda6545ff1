//! Accepts connections and says which answer a request gets.

use super::account::{Grant, Over};
use super::behaviour::Answer;
use super::request::{self, Reply, Request};
use super::{Channel, World, catalogue, hls, media};
use anyhow::Result;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Blocked</title></head><body><h1>Access denied</h1>\
                    <p>Your provider has blocked this page.</p></body></html>";

pub(super) async fn serve(listener: TcpListener, world: Arc<World>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let world = world.clone();
        tokio::spawn(async move {
            // A client that goes away in the middle is no event here.
            let _ = connection(socket, world).await;
        });
    }
}

/// What is to be done with a request.
enum Deed {
    Reply(Reply),
    Stream(Arc<Channel>, Option<Grant>),
    Noise(Arc<Channel>, Option<Grant>),
    Silence,
}

async fn connection(socket: TcpStream, world: Arc<World>) -> Result<()> {
    socket.set_nodelay(true)?;
    let host = socket.local_addr()?;
    let (mut reader, mut writer) = socket.into_split();
    let mut buffer = Vec::new();
    while let Some(request) = request::read(&mut reader, &mut buffer).await? {
        match answer(&request, &world, host).await? {
            Deed::Reply(reply) => reply.send(&mut writer, &request).await?,
            Deed::Stream(channel, grant) => return media::stream(&mut reader, writer, &channel, grant).await,
            Deed::Noise(channel, grant) => return media::noise(&mut reader, writer, &channel, grant).await,
            Deed::Silence => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                return Ok(());
            }
        }
        if !request.keep_alive() {
            break;
        }
    }
    Ok(())
}

async fn answer(request: &Request, world: &World, host: std::net::SocketAddr) -> Result<Deed> {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let listed = || world.list_answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(match parts.as_slice() {
        ["_control"] => Deed::Reply(control(request, world).await),
        ["_stats"] => Deed::Reply(Reply::json(&stats(world))),
        ["player_api.php" | "panel_api.php" | "get.php" | "list.m3u"] if listed().is_some() => {
            let (status, body) = listed().unwrap_or_default();
            Deed::Reply(Reply::new(status, "text/html", body))
        }
        ["player_api.php" | "panel_api.php"] => Deed::Reply(catalogue::player_api(request, world)),
        ["get.php" | "list.m3u"] => Deed::Reply(catalogue::m3u(request, world)),
        ["live", user, password, file] | [user, password, file] if *user != "token" => {
            media_request(request, world, host, (user, password), file, false).await?
        }
        ["hls", user, password, id, file] => match (world.channel(id), world.account(user, password)) {
            (Some(channel), Some(_)) => Deed::Reply(hls::file(&channel, file).await?),
            _ => Deed::Reply(Reply::status(403)),
        },
        ["token", name] => match world.redeem(name) {
            Some(path) => {
                let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
                let [.., user, password, file] = parts.as_slice() else {
                    return Ok(Deed::Reply(Reply::status(404)));
                };
                media_request(request, world, host, (user, password), file, true).await?
            }
            None => Deed::Reply(Reply::status(403)),
        },
        ["chain", number, rest @ ..] => {
            let next = number.parse::<u64>().unwrap_or(0) + 1;
            Deed::Reply(Reply::redirect(format!("/chain/{next}/{}", rest.join("/"))))
        }
        _ => Deed::Reply(Reply::status(404)),
    })
}

async fn media_request(
    request: &Request,
    world: &World,
    host: std::net::SocketAddr,
    (user, password): (&str, &str),
    file: &str,
    by_token: bool,
) -> Result<Deed> {
    let (id, form) = file.rsplit_once('.').unwrap_or((file, "ts"));
    let Some(account) = world.account(user, password) else { return Ok(Deed::Reply(Reply::status(401))) };
    let Some(channel) = world.channel(id) else { return Ok(Deed::Reply(Reply::status(404))) };
    if account.rules().status != "Active" {
        return Ok(Deed::Reply(Reply::status(403)));
    }
    let refuse = |deed: Deed| {
        channel.counts.other();
        account.counts.other();
        Ok(deed)
    };
    let conduct = channel.behaviour().answer;
    match conduct {
        Answer::Html => return refuse(Deed::Reply(Reply::new(200, "text/html", PAGE))),
        Answer::Empty => return refuse(Deed::Reply(Reply::new(200, "video/mp2t", ""))),
        Answer::Status(status) => return refuse(Deed::Reply(Reply::status(status))),
        Answer::Token(seconds) if !by_token => {
            let to = world
                .token(&format!("{}.{form}", request.path.trim_end_matches(&format!(".{form}"))), seconds);
            return refuse(Deed::Reply(Reply::redirect(to)));
        }
        Answer::Loop => return refuse(Deed::Reply(Reply::redirect(request.path.clone()))),
        Answer::Chain => return refuse(Deed::Reply(Reply::redirect(format!("/chain/1{}", request.path)))),
        Answer::OtherHost if host != world.other => {
            return refuse(Deed::Reply(Reply::redirect(format!("http://{}{}", world.other, request.path))));
        }
        Answer::Elsewhere(to) => return refuse(Deed::Reply(Reply::redirect(to))),
        Answer::Silence => return refuse(Deed::Silence),
        _ => {}
    }
    if form == "m3u8" {
        channel.counts.other();
        return Ok(Deed::Reply(hls::playlist(&channel, &format!("/hls/{user}/{password}/{id}")).await?));
    }
    if request.method == "HEAD" {
        return Ok(Deed::Reply(Reply::new(200, "video/mp2t", "")));
    }
    match account.enter() {
        Ok(grant) if conduct == Answer::Noise => Ok(Deed::Noise(channel, Some(grant))),
        Ok(grant) => Ok(Deed::Stream(channel, Some(grant))),
        Err(Over::Status(status)) => refuse(Deed::Reply(Reply::status(status))),
        Err(_) => refuse(Deed::Reply(Reply::new(200, "video/mp2t", ""))),
    }
}

async fn control(request: &Request, world: &World) -> Reply {
    let change = async {
        let order: Value = serde_json::from_slice(&request.body)?;
        if let Some(id) = order["channel"].as_str() {
            let channel = world.channel(id).ok_or_else(|| anyhow::anyhow!("no channel {id}"))?;
            if order["set"].is_object() {
                channel.patch(&order["set"]).await?;
            }
            if order["cut"] == true {
                channel.cut();
            }
        }
        if order["account"].is_object() {
            let account = &world.accounts[0];
            let mut rules = serde_json::to_value(account.rules())?;
            for (key, value) in order["account"].as_object().into_iter().flatten() {
                rules[key] = value.clone();
            }
            let rules = serde_json::from_value(rules)?;
            account.set(|a| *a = rules);
        }
        anyhow::Ok(())
    };
    match change.await {
        Ok(()) => Reply::json(&json!({"status": "done"})),
        Err(error) => Reply::new(422, "application/json", json!({"error": error.to_string()}).to_string()),
    }
}

fn stats(world: &World) -> Value {
    let channels: serde_json::Map<String, Value> = world
        .channels
        .iter()
        .map(|c| (c.id.clone(), json!({"counts": c.counts(), "behaviour": c.behaviour()})))
        .collect();
    let accounts: Vec<Value> = world
        .accounts
        .iter()
        .map(|a| json!({"username": a.rules().username, "counts": a.counts.get(), "believed": a.believed()}))
        .collect();
    json!({"channels": channels, "accounts": accounts})
}
