use super::{ADMIN, MODERATOR, USER, house, options};
use serde_json::json;

#[tokio::test]
async fn start_stop_and_status_have_their_shapes() {
    let house = house(options()).await;
    let nothing = json!({"active": false, "channel_id": null, "channel_name": null, "started_at": null,
        "state": "idle", "viewers": 0, "generation": 0});
    assert_eq!(house.public.get("/stream_status").await.json(), nothing);
    let stopped = house.api.ask("POST", "/stop_stream", &[MODERATOR], "").await;
    assert_eq!(stopped.json(), json!({"status": "success", "message": "Nothing was on air"}));
    for (path, body) in [
        ("/start_stream", r#"{"channel_id": 123456}"#),
        ("/start_stream", r#"{"channel_id": "123456"}"#),
        ("/set_active_stream", r#"{"channel_id": 123456, "extra": true}"#),
    ] {
        let started = house.api.ask("POST", path, &[MODERATOR], body).await;
        let expected = json!({"status": "success", "message": "TF1 HD is on air", "channel_name": "TF1 HD",
            "m3u8_url": "/live.m3u8", "watch_url": "/watch/"});
        assert_eq!((started.status, started.json()), (200, expected));
    }
    let expected = json!({"active": true, "channel_id": 123456, "channel_name": "TF1 HD",
        "started_at": "2025-12-24T10:30:00", "state": "starting", "viewers": 0, "generation": 3});
    assert_eq!(house.public.get("/stream_status").await.json(), expected);
    house.api.ask("POST", "/start_stream", &[ADMIN], r#"{"channel_id": "hbo_hd"}"#).await;
    assert_eq!(house.api.get("/stream_status").await.json()["channel_id"], "hbo_hd");
    let feeds = house.api.ask("GET", "/api/v1/feeds", &[MODERATOR], "").await.json();
    assert_eq!(
        (feeds["total"].as_u64(), feeds["feeds"][0]["channel_id"].as_str()),
        (Some(1), Some("hbo_hd"))
    );
    let stopped = house.api.ask("POST", "/stop_stream", &[ADMIN], "{}").await;
    assert_eq!(stopped.json()["status"], "success");
    assert_eq!(house.api.get("/stream_status").await.json()["active"], false);
}

#[tokio::test]
async fn links_are_made_listed_and_revoked_by_their_owners() {
    let house = house(options()).await;
    let host = ("Host", "tv.example");
    let made =
        house.api.ask("POST", "/generate_link", &[USER, host], r#"{"channel_id": 7, "ttl_hours": 2}"#).await;
    let expected = json!({"restream_url": "/restream/link0.ts", "url": "http://tv.example/restream/link0.ts",
        "hls_url": "http://tv.example/restream/link0.m3u8", "expires_at": "2025-01-01T02:00:00Z", "id": "link0"});
    assert_eq!((made.status, made.json()), (200, expected));
    let made = house.api.ask("POST", "/restream", &[ADMIN, host], r#"{"channel_id": "hbo_hd"}"#).await;
    assert_eq!(made.json()["expires_at"], "2025-01-02T00:00:00Z");
    let refused =
        house.api.ask("POST", "/generate_link", &[USER], r#"{"channel_id": 7, "ttl_hours": 0}"#).await;
    assert_eq!(refused.error(), "VALIDATION_ERROR");
    assert_eq!(house.api.ask("POST", "/generate_link", &[USER], r#"{"channel_id": 8}"#).await.status, 404);

    let own = house.api.ask("GET", "/api/links", &[USER], "").await.json();
    assert_eq!((own["total"].as_u64(), own["links"][0]["id"].as_str()), (Some(1), Some("link0")));
    let all = house.api.ask("GET", "/api/links?per_page=1", &[MODERATOR], "").await.json();
    assert_eq!((all["total"].as_u64(), all["links"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let other = ("Authorization", "Bearer other-jwt");
    assert_eq!(house.api.ask("DELETE", "/api/links/link0", &[other], "").await.status, 404);
    assert_eq!(house.api.ask("DELETE", "/api/links/link0", &[USER], "").await.json()["status"], "deleted");
    assert_eq!(house.api.ask("DELETE", "/api/links/link1", &[USER], "").await.status, 404);
    assert_eq!(house.api.ask("DELETE", "/api/links/link1", &[ADMIN], "").await.status, 200);
}

#[tokio::test]
async fn the_catalogue_has_its_shapes() {
    let house = house(options()).await;
    let page = house.api.ask("GET", "/channels?search=HD&page_size=1&category=tv", &[USER], "").await.json();
    assert_eq!(page["items"][0]["channel_id"], 123_456);
    assert_eq!(
        (page["total"].as_u64(), page["page"].as_u64(), page["page_size"].as_u64(), page["pages"].as_u64()),
        (Some(2), Some(1), Some(1), Some(2))
    );
    let page = house.api.ask("GET", "/channels", &[USER], "").await.json();
    assert_eq!(page["page_size"], 50);
    for (query, total) in
        [("category=France", 3), ("category=Nowhere", 0), ("group=France", 3), ("category=movies", 0)]
    {
        let page = house.api.ask("GET", &format!("/channels?{query}"), &[USER], "").await.json();
        assert_eq!(page["total"], total, "{query}");
    }
    for path in ["/groups", "/categories"] {
        let groups = house.api.ask("GET", path, &[USER], "").await.json();
        assert_eq!(groups, json!({"groups": [{"id": 1, "name": "France", "count": 3}]}));
    }
    assert_eq!(house.api.ask("GET", "/stats", &[USER], "").await.json()["total"], 3);
    for running in [false, true] {
        let refresh = house.api.ask("POST", "/refresh", &[ADMIN], "").await;
        assert_eq!((refresh.status, refresh.json()["already_running"].as_bool()), (202, Some(running)));
    }
    assert_eq!(house.api.ask("GET", "/status", &[USER], "").await.json()["refreshing"], true);
    for (host, password, status, verified) in [
        ("http://p.example", "right", 200, Some(true)),
        ("http://unreachable", "right", 200, Some(false)),
        ("http://p.example", "wrong", 401, None),
    ] {
        let body = json!({"host": host, "username": "u", "password": password}).to_string();
        let answer = house.api.ask("POST", "/login", &[ADMIN], &body).await;
        assert_eq!((answer.status, answer.json()["verified"].as_bool()), (status, verified));
    }
}

#[tokio::test]
async fn providers_are_added_shown_and_removed() {
    let house = house(options()).await;
    let body = json!({"name": "home", "access": {"kind": "xtream", "host": "http://p", "username": "u",
        "password": "planted-secret"}, "headers": [["X-A", "b"]], "verify_tls": false})
    .to_string();
    let made = house.api.ask("POST", "/api/providers", &[ADMIN], &body).await;
    assert_eq!((made.status, made.json()["status"].as_str()), (201, Some("created")));
    assert_eq!(made.json()["provider"]["header_names"], json!(["X-A"]));
    let list = house.api.ask("GET", "/api/providers", &[MODERATOR], "").await;
    assert_eq!(list.json()["total"], 1);
    let flat = r#"{"name": "flat", "kind": "m3u", "url": "https://lists.example/a.m3u"}"#;
    let made = house.api.ask("POST", "/api/providers", &[ADMIN], flat).await;
    assert_eq!((made.status, made.json()["provider"]["kind"].as_str()), (201, Some("m3u")));
    assert!(!list.text().contains("planted-secret") && !made.text().contains("planted-secret"));
    assert_eq!(house.api.ask("POST", "/api/providers/home/refresh", &[ADMIN], "").await.status, 202);
    assert_eq!(house.api.ask("DELETE", "/api/providers/home", &[ADMIN], "").await.status, 200);
    for (method, path) in [
        ("DELETE", "/api/providers/home"),
        ("GET", "/api/providers/home"),
        ("POST", "/api/providers/home/refresh"),
    ] {
        assert_eq!(house.api.ask(method, path, &[ADMIN], "").await.error(), "NOT_FOUND", "{method} {path}");
    }
}
