use super::{ADMIN, house, options};
use crate::http::Options;
use crate::http::routes::{self, Audience};

/// What a stranger may reach (contract, section 0), of what this table has.
const PUBLIC: [&str; 9] = [
    "/",
    "/watch",
    "/watch/",
    "/watch/events",
    "/assets/player/{*path}",
    "/stream_status",
    "/on-air.m3u",
    "/epg.xml",
    "/health",
];

#[tokio::test]
async fn the_public_listener_has_its_list_and_nothing_else() {
    let house = house(options()).await;
    for route in routes::table() {
        let listed = PUBLIC.contains(&route.path);
        assert_eq!(route.rule.audience == Audience::Everyone, listed, "{}", route.path);
        if !listed {
            let path = route.path.replace("{id}", "1").replace("{channel_id}", "1");
            let answer = house.public.ask(route.method.as_str(), &path, &[ADMIN], "").await;
            assert_eq!((answer.status, answer.error().as_str()), (404, "NOT_FOUND"), "{path}");
        }
    }
    assert_eq!(house.public.get("/health").await.json(), serde_json::json!({"status": "healthy"}));
    assert_eq!(house.public.ask("HEAD", "/health", &[], "").await.status, 200);
    assert_eq!(house.public.ask("POST", "/health", &[], "").await.error(), "METHOD_NOT_ALLOWED");
    assert_eq!(house.public.ask("POST", "/restream", &[ADMIN], "").await.status, 404);
    let redirect = house.public.get("/watch").await;
    assert_eq!((redirect.status, redirect.header("location")), (308, Some("/watch/")));
}

#[tokio::test]
async fn the_list_for_tuners_has_an_absolute_url() {
    let house = house(options()).await;
    let list = house.public.ask("GET", "/on-air.m3u", &[("Host", "tv.example:8003")], "").await;
    assert_eq!(list.header("content-type"), Some("audio/x-mpegurl; charset=utf-8"));
    let text = list.text();
    assert!(text.starts_with("#EXTM3U\n#EXTINF:-1 "), "{text}");
    assert!(text.ends_with("\nhttp://tv.example:8003/live.m3u8\n"), "{text}");
    let forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "tv.example")];
    let text = house.public.ask("GET", "/on-air.m3u", &forwarded, "").await.text();
    assert!(text.ends_with("\nhttps://tv.example/live.m3u8\n"), "{text}");
    // Byte-stable, whatever is on air.
    house.api.ask("POST", "/start_stream", &[ADMIN], r#"{"channel_id": 7}"#).await;
    assert_eq!(house.public.ask("GET", "/on-air.m3u", &forwarded, "").await.text(), text);

    let house = super::house(Options { public_url: Some("https://box.example/".into()), ..options() }).await;
    let text = house.api.get("/on-air.m3u").await.text();
    assert!(text.ends_with("\nhttps://box.example/live.m3u8\n"), "{text}");
}

#[tokio::test]
async fn the_page_may_reach_this_server_alone() {
    let house = house(Options { frame_ancestors: "https://a.example".into(), ..options() }).await;
    for path in ["/", "/watch/"] {
        for listener in [&house.public, &house.api] {
            let page = listener.get(path).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
            let policy = page.header("content-security-policy").expect("policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
            assert!(policy.ends_with("; frame-ancestors https://a.example"), "{policy}");
            assert!(!policy.contains("unsafe") && page.header("x-frame-options").is_none());
            let tag = page.header("etag").expect("tag");
            assert_eq!(listener.ask("GET", path, &[("If-None-Match", tag)], "").await.status, 304);
        }
    }
    let script = house.public.get("/assets/player/player.js").await;
    assert_eq!((script.status, script.header("cache-control")), (200, Some("no-cache")));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    let head = house.public.ask("HEAD", "/assets/player/player.js", &[], "").await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("10")));
}
