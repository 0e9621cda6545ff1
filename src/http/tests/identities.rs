use super::{ADMIN, MODERATOR, USER, house, options};
use crate::http::local::LocalAdmins;
use crate::http::routes::{self, Access};
use crate::http::server::{Limits, Service, serve};
use crate::http::testing::ask;
use crate::http::{Context, admin_socket};
use crate::wire::Role;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

/// A path that the pattern matches.
fn path_of(pattern: &str) -> String {
    pattern.replace("{*path}", "none.js").replace("{id}", "999")
}

/// Every route of the table, with every identity, over both prefixes: 401 without one, 403 below its role.
#[tokio::test]
async fn every_route_asks_for_its_role() {
    let mut looked_at = 0;
    for route in routes::table() {
        // Answers without end have tests of their own.
        if route.path == "/watch/events" {
            continue;
        }
        let mut paths = vec![path_of(route.path)];
        if let Some(rest) = route.path.strip_prefix("/api/") {
            paths.push(path_of(&format!("/api/v1/{rest}")));
        }
        let least = match route.rule.access {
            Access::Open => None,
            Access::AtLeast(role) => Some(role),
        };
        for path in paths {
            let house = house(options()).await;
            for (role, header) in [
                (None, ("X-Nothing", "")),
                (None, ("Authorization", "Bearer of nobody")),
                (None, ("Authorization", "Basic YWRtaW46YWRtaW4=")),
                (Some(Role::User), USER),
                (Some(Role::Moderator), MODERATOR),
            ] {
                let answer = house.api.ask(route.method.as_str(), &path, &[header], "").await;
                let context = format!("{} {path} {role:?}: {}", route.method, answer.head);
                match least {
                    Some(_) if role.is_none() => assert_eq!(answer.error(), "UNAUTHORIZED", "{context}"),
                    Some(least) if role < Some(least) => assert_eq!(answer.error(), "FORBIDDEN", "{context}"),
                    Some(_) => assert!(!matches!(answer.status, 401 | 403 | 405 | 500), "{context}"),
                    None => assert!(!matches!(answer.status, 403 | 405 | 500), "{context}"),
                }
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 200, "{looked_at}");
}

#[tokio::test]
async fn the_panels_token_opens_none_of_these() {
    let house = house(options()).await;
    for path in ["/channels", "/api/keys", "/api/me"] {
        let answer = house.api.ask("GET", path, &[("Authorization", "Bearer panel-token")], "").await;
        assert_eq!((answer.status, answer.error().as_str()), (403, "FORBIDDEN"), "{path}");
    }
    assert_eq!(house.api.get("/health").await.status, 200);
}

#[tokio::test]
async fn keys_open_by_either_header_until_they_are_deleted() {
    let house = house(options()).await;
    let body = r#"{"name": "panel", "role": "moderator", "expires_at": null}"#;
    let made = house.api.ask("POST", "/api/keys", &[ADMIN], body).await;
    assert_eq!(made.status, 201);
    let json = made.json();
    assert_eq!((json["id"].as_i64(), json["role"].as_str()), (Some(1), Some("moderator")));
    let key = json["key"].as_str().expect("shown once").to_owned();
    let bearer = format!("Bearer {key}");
    for header in [("X-API-Key", key.as_str()), ("Authorization", bearer.as_str())] {
        assert_eq!(house.api.ask("GET", "/api/feeds", &[header], "").await.status, 200);
        assert_eq!(house.api.ask("GET", "/api/keys", &[header], "").await.status, 403);
    }
    assert_eq!(house.api.ask("POST", "/api/keys", &[ADMIN], body).await.error(), "ALREADY_EXISTS");
    let list = house.api.ask("GET", "/api/keys?page=1&per_page=9999", &[ADMIN], "").await;
    assert!(!list.text().contains(&key));
    assert_eq!((list.json()["total"].as_u64(), list.json()["per_page"].as_u64()), (Some(1), Some(500)));
    let deleted = house.api.ask("DELETE", "/api/keys/1", &[ADMIN], "").await;
    assert_eq!(deleted.json()["status"], "deleted");
    assert_eq!(house.api.ask("DELETE", "/api/keys/1", &[ADMIN], "").await.error(), "NOT_FOUND");
    assert_eq!(house.api.ask("GET", "/api/feeds", &[("X-API-Key", &key)], "").await.status, 401);
}

/// The admin socket's peer is the local administrator, if the machine knows it as one.
#[tokio::test]
async fn the_admin_socket_knows_its_peers() {
    let folder = tempfile::tempdir().expect("folder");
    for (local, status) in [(LocalAdmins::of_this_machine(), 200), (LocalAdmins::default(), 401)] {
        // Root is an administrator in any case.
        let status = if rustix::process::geteuid().is_root() { 200 } else { status };
        let world = Arc::new(super::World::new());
        let shutdown = CancellationToken::new();
        let rates = crate::http::Rates { authenticated_per_hour: 1, ..super::options().rates };
        let options = super::Options { local, rates, ..options() };
        let context = Context::new(world.services(), options, shutdown.clone());
        let path = folder.path().join("admin.sock");
        let (listener, socket) = admin_socket::bind(&path, None).expect("bound");
        let service = Service::new(routes::api(&context));
        let task = tokio::spawn(serve(listener, service, shutdown.clone(), Limits::default()));
        for _ in 0..3 {
            let connection = UnixStream::connect(&path).await.expect("connected");
            let answer = ask(connection, "GET", "/api/keys", &[], "").await;
            assert_eq!(answer.status, status, "{}", answer.head);
            assert_eq!(answer.header("x-ratelimit-limit"), None);
        }
        if status == 200 {
            let connection = UnixStream::connect(&path).await.expect("connected");
            let me = ask(connection, "GET", "/api/me", &[], "").await.json();
            assert_eq!((me["role"].as_str(), me["id"].is_null()), (Some("admin"), true));
            let connection = UnixStream::connect(&path).await.expect("connected");
            let list = ask(connection, "GET", "/on-air.m3u", &[], "").await.text();
            assert!(list.contains("\nhttp://127.0.0.1:8003/live.m3u8\n"), "{list}");
        }
        shutdown.cancel();
        task.await.expect("served");
        drop(socket);
        assert!(!path.exists());
    }
}
