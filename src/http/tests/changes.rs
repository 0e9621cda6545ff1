//! Edits and rules over HTTP: who may, what is refused, what comes back.

use super::{ADMIN, USER, house, options};

#[tokio::test]
async fn edits_are_put_shown_and_taken_back() {
    let house = house(options()).await;
    let path = "/api/catalogue/edits/7";
    let body = r#"{"name": "Mine", "number": 5.5, "favourite": true}"#;
    assert_eq!(house.api.ask("PUT", path, &[USER], body).await.status, 403);
    let answer = house.api.ask("PUT", path, &[ADMIN], body).await;
    assert_eq!((answer.status, answer.json()["number"].as_f64()), (200, Some(5.5)));
    let shown = house.api.ask("GET", path, &[ADMIN], "").await.json();
    assert_eq!((shown["name"].as_str(), shown["hidden"].is_null()), (Some("Mine"), true));
    assert_eq!(shown["is_active"].as_bool(), Some(true));
    assert_eq!(house.api.ask("DELETE", path, &[ADMIN], "").await.status, 200);
    assert_eq!(house.api.ask("PUT", "/api/catalogue/edits/999", &[ADMIN], "{}").await.status, 404);
    let wrong = house.api.ask("PUT", path, &[ADMIN], r#"{"number": "five", "hidden": 3}"#).await;
    let details = &wrong.json()["error"]["details"];
    assert!(
        wrong.status == 422 && details["number"].is_string() && details["hidden"].is_string(),
        "{details}"
    );
}

#[tokio::test]
async fn rules_come_and_go_and_are_tried_before() {
    let house = house(options()).await;
    let rule = r#"{"pattern": "^FR", "action": "hide", "kind": "movies"}"#;
    let tried = house.api.ask("POST", "/api/catalogue/rules/preview", &[ADMIN], rule).await;
    assert_eq!((tried.status, tried.json()["total"].as_u64()), (200, Some(50)));
    let added = house.api.ask("POST", "/api/catalogue/rules", &[ADMIN], rule).await;
    assert_eq!((added.status, added.json()["field"].as_str()), (201, Some("name")));
    let changed = r#"{"pattern": "^UK", "action": "show", "enabled": false}"#;
    let changed = house.api.ask("PUT", "/api/catalogue/rules/1", &[ADMIN], changed).await;
    assert_eq!((changed.status, changed.json()["enabled"].as_bool()), (200, Some(false)));
    let rules = house.api.ask("GET", "/api/catalogue/rules", &[ADMIN], "").await.json();
    assert_eq!(
        (rules["rules"][0]["id"].as_i64(), rules["rules"][0]["pattern"].as_str()),
        (Some(1), Some("^UK"))
    );
    assert_eq!(house.api.ask("DELETE", "/api/catalogue/rules/1", &[ADMIN], "").await.status, 200);
    for id in ["1", "x"] {
        let path = format!("/api/catalogue/rules/{id}");
        assert_eq!(house.api.ask("DELETE", &path, &[ADMIN], "").await.status, 404);
    }
    let wrong = house.api.ask("POST", "/api/catalogue/rules", &[ADMIN], r#"{"kind": "x"}"#).await;
    let details = &wrong.json()["error"]["details"];
    assert!(
        wrong.status == 422 && ["kind", "pattern", "action"].iter().all(|field| details[field].is_string())
    );
}
