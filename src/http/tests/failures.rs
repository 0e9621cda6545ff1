use super::{ADMIN, USER, house, options};

#[tokio::test]
async fn every_failure_has_the_error_body() {
    let house = house(options()).await;
    let too_large = format!(r#"{{"username": "{}"}}"#, "x".repeat(300 * 1024));
    for (method, path, header, body, status, code) in [
        ("GET", "/nothing/here", ADMIN, "", 404, "NOT_FOUND"),
        ("GET", "/api/nothing", ADMIN, "", 404, "NOT_FOUND"),
        ("GET", "/api/v2/me", ADMIN, "", 404, "NOT_FOUND"),
        ("GET", "/api/v1", ADMIN, "", 404, "NOT_FOUND"),
        ("GET", "/api/auth/login", ADMIN, "", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/api/v1/keys", ADMIN, "", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/health", ADMIN, "", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/channels", ADMIN, "", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/api/auth/login", USER, "{\"username\": \"hunter2\"", 422, "VALIDATION_ERROR"),
        ("POST", "/api/auth/login", USER, "[]", 422, "VALIDATION_ERROR"),
        ("POST", "/api/auth/login", USER, "\u{0}", 422, "VALIDATION_ERROR"),
        ("POST", "/api/auth/login", USER, "", 422, "VALIDATION_ERROR"),
        ("POST", "/api/auth/login", USER, &too_large, 413, "PAYLOAD_TOO_LARGE"),
        ("POST", "/start_stream", ADMIN, r#"{"channel_id": "a/b"}"#, 422, "VALIDATION_ERROR"),
        ("POST", "/start_stream", ADMIN, r#"{"channel_id": -1}"#, 422, "VALIDATION_ERROR"),
        ("POST", "/start_stream", ADMIN, r#"{"channel_id": 999}"#, 404, "NOT_FOUND"),
        ("PUT", "/api/me", USER, "{\"email\": \"a\\r\\nb\"}", 422, "VALIDATION_ERROR"),
        ("GET", "/channels?page=zero", ADMIN, "", 422, "VALIDATION_ERROR"),
        ("GET", "/api/links?per_page=-5", ADMIN, "", 422, "VALIDATION_ERROR"),
        ("DELETE", "/api/keys/abc", ADMIN, "", 404, "NOT_FOUND"),
        ("DELETE", "/api/links/%FF", ADMIN, "", 404, "NOT_FOUND"),
        ("GET", "/assets/player/none.js", ADMIN, "", 404, "NOT_FOUND"),
    ] {
        let answer = house.api.ask(method, path, &[header], body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{method} {path}");
        assert!(!answer.text().contains("hunter2"));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        if status == 405 {
            assert!(answer.header("allow").is_some_and(|allow| !allow.is_empty()), "{}", answer.head);
        }
    }
}

#[tokio::test]
async fn a_fault_shows_its_id_alone() {
    let house = house(options()).await;
    let answer =
        house.api.ask("POST", "/token", &[], r#"{"username": "broken", "password": "planted-secret"}"#).await;
    assert_eq!((answer.status, answer.error().as_str()), (500, "INTERNAL"));
    assert!(!answer.text().contains("planted"), "{}", answer.text());
}

#[tokio::test]
async fn validation_names_each_field() {
    let house = house(options()).await;
    let body = r#"{"name": "", "role": "king", "expires_at": "2001-01-01"}"#;
    let answer = house.api.ask("POST", "/api/keys", &[ADMIN], body).await;
    let details = answer.json()["error"]["details"].clone();
    for field in ["name", "role", "expires_at"] {
        assert!(details[field].is_string(), "{field}: {details}");
    }
    assert!(!answer.text().contains("king"));
    let body = r#"{"name": "p", "access": {"kind": "xtream", "host": "h", "username": 5}}"#;
    let answer = house.api.ask("POST", "/api/providers", &[ADMIN], body).await;
    let details = answer.json()["error"]["details"].clone();
    assert!(details["access.username"].is_string() && details["access.password"].is_string(), "{details}");
}
