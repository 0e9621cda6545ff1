use super::{ADMIN, MODERATOR, USER, house, options};
use async_compression::tokio::write::GzipDecoder;
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn what_is_on_and_what_comes() {
    let house = house(options()).await;
    let get = async |path: &str| house.api.ask("GET", path, &[USER], "").await;
    let answer = get("/api/guide?channel=123456&from=2026-01-15T20:30:00Z").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(
        (&json["from"], &json["to"]),
        (&json!("2026-01-15T20:30:00Z"), &json!("2026-01-16T20:30:00Z"))
    );
    assert_eq!(json["channels"][0]["channel_id"], 123_456);
    let programme = &json["channels"][0]["programmes"][0];
    assert_eq!(
        (&programme["title"], &programme["start"]),
        (&json!("Journal & météo"), &json!("2026-01-15T20:00:00Z"))
    );
    assert_eq!(programme["description"], json!(null), "what is not known is null, its key there");

    let json = get("/api/v1/guide/now?group=France&at=2026-01-15T10:00:00Z").await.json();
    assert_eq!((&json["total"], &json["per_page"]), (&json!(1), &json!(10)));
    assert_eq!(json["channels"][0]["now"]["title"], "Journal & météo");
    assert_eq!(
        (&json["channels"][0]["next"], &json["channels"][0]["group"]),
        (&json!(null), &json!("France"))
    );

    let json = get("/api/guide/search?q=journal").await.json();
    assert_eq!(
        (&json["total"], &json["programmes"][0]["channels"][0]["name"]),
        (&json!(1), &json!("TF1 HD"))
    );

    for (path, status, field) in [
        ("/api/guide", 422, "channel"),
        ("/api/guide?channel=a/b", 422, "channel"),
        ("/api/guide?channel=123456&from=soon", 422, "from"),
        ("/api/guide?channel=123456&from=2026-01-02&to=2026-01-01", 422, "to"),
        ("/api/guide?channel=123456&from=2026-01-02&to=2026-01-18", 422, "to"),
        ("/api/guide?channel=1,2,3,4,5,6,7,8,9,10,11,12,13,14&from=2026-01-02&to=2026-01-17", 422, "to"),
        ("/api/guide?channel=123456&from=9999-12-30T22:00:00Z", 200, ""),
        ("/api/guide?channel=999", 404, "channel_id"),
        ("/api/guide/search?q=", 422, "q"),
        ("/api/guide/now?page=0", 422, "page"),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        if status != 200 {
            assert!(answer.json()["error"]["details"].get(field).is_some(), "{path}: {}", answer.text());
        }
    }
    assert_eq!(house.api.get("/api/guide?channel=123456").await.status, 401);
}

#[tokio::test]
async fn users_read_and_administrators_change() {
    let house = house(options()).await;
    let source =
        r#"{"name": "london", "url": "http://h/?password=hunter2", "shift": -60, "zone": "Europe/London"}"#;
    for (method, path, body) in [
        ("POST", "/api/guide/sources", source),
        ("PUT", "/api/guide/sources/paris", r#"{"enabled": false}"#),
        ("POST", "/api/guide/sources/paris/refresh", ""),
        ("PUT", "/api/guide/matches/123456", r#"{"guide_channel": "TF1.fr"}"#),
        ("DELETE", "/api/guide/matches/123456", ""),
        ("DELETE", "/api/guide/sources/paris", ""),
    ] {
        for who in [USER, MODERATOR] {
            let refused = house.api.ask(method, path, &[who], body).await;
            assert_eq!(refused.status, 403, "{method} {path}");
        }
        let answer = house.api.ask(method, path, &[ADMIN], body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
    assert_eq!(house.api.ask("GET", "/api/guide/matches", &[USER], "").await.json()["matched"], 0);
    assert_eq!(house.api.ask("GET", "/api/guide/sources", &[USER], "").await.status, 403);
    let sources = house.api.ask("GET", "/api/guide/sources", &[MODERATOR], "").await.json();
    assert_eq!((&sources["total"], &sources["sources"][0]["kind"]), (&json!(1), &json!("url")));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let house = house(options()).await;
    for (method, path, body, status, field) in [
        ("POST", "/api/guide/sources", r#"{"name": "x"}"#, 422, "url"),
        ("POST", "/api/guide/sources", r#"{"url": "http://h"}"#, 422, "name"),
        ("POST", "/api/guide/sources", r#"{"name": "x", "url": "http://h", "shift": 1441}"#, 422, "shift"),
        ("POST", "/api/guide/sources", r#"{"name": "x", "url": "http://h", "shift": "1"}"#, 422, "shift"),
        ("POST", "/api/guide/sources", r#"{"name": "paris", "url": "http://h"}"#, 409, ""),
        ("PUT", "/api/guide/sources/none", "{}", 404, ""),
        ("PUT", "/api/guide/sources/paris", r#"{"enabled": 1}"#, 422, "enabled"),
        ("POST", "/api/guide/sources/none/refresh", "", 404, ""),
        ("POST", "/api/guide/sources/paris/refresh", r#"{"force": "yes"}"#, 422, "force"),
        ("DELETE", "/api/guide/sources/none", "", 404, ""),
        ("PUT", "/api/guide/matches/123456", "{}", 422, "guide_channel"),
        ("PUT", "/api/guide/matches/999", r#"{"guide_channel": null}"#, 404, ""),
        ("PUT", "/api/guide/matches/a%2Fb", r#"{"guide_channel": null}"#, 404, ""),
        ("DELETE", "/api/guide/matches/999", "", 404, ""),
    ] {
        let answer = house.api.ask(method, path, &[ADMIN], body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}: {}", answer.text());
        let details = answer.json()["error"]["details"].clone();
        assert!(field.is_empty() || details.get(field).is_some(), "{method} {path} {body}: {details}");
    }
    let none =
        house.api.ask("PUT", "/api/guide/matches/123456", &[ADMIN], r#"{"guide_channel": null}"#).await;
    assert_eq!((none.status, &none.json()["guide"]), (200, &json!(null)));
}

#[tokio::test]
async fn the_guide_for_players() {
    let house = house(options()).await;
    for (path, status) in [
        ("/epg.xml", 401),
        ("/epg.xml?token=", 401),
        ("/epg.xml?token=nobody", 401),
        ("/epg.xml?token=lapsed-token", 403),
    ] {
        for listener in [&house.public, &house.api] {
            let answer = listener.get(path).await;
            assert_eq!(answer.status, status, "{path}");
            assert!(!answer.text().contains("lapsed-token") && !answer.text().contains("nobody"));
        }
    }
    let plain = house.public.get("/epg.xml?token=john-token").await;
    assert_eq!((plain.status, plain.header("content-type")), (200, Some("application/xml; charset=utf-8")));
    assert!(plain.text().starts_with("<?xml") && plain.text().ends_with("</tv>\n"), "{}", plain.text());
    assert!(plain.text().contains("Journal &amp; météo"));
    let etag = plain.header("etag").expect("a tag").to_owned();

    let path = "/epg.xml?token=john-token";
    let packed = house.public.ask("GET", path, &[("Accept-Encoding", "gzip")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = GzipDecoder::new(Vec::new());
    unpacked.write_all(&packed.body).await.expect("gzip");
    unpacked.shutdown().await.expect("gzip");
    assert_eq!(unpacked.into_inner(), plain.body);
    assert_ne!(packed.header("etag"), Some(etag.as_str()), "another encoding is another entity");

    let same = house.public.ask("GET", path, &[("If-None-Match", &etag)], "").await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    let head = house.public.ask("HEAD", path, &[], "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
