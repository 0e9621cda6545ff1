use super::{ADMIN, USER, house, options};
use serde_json::json;

#[tokio::test]
async fn json_and_form_sign_in_at_every_alias() {
    let house = house(options()).await;
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let expected = json!({"access_token": "admin-jwt", "token_type": "Bearer", "expires_in": 3600});
    for path in ["/api/auth/login", "/api/v1/auth/login", "/auth/login", "/token"] {
        let body = r#"{"username": "admin", "password": "correct horse"}"#;
        let from = ("X-Real-IP", "203.0.113.9");
        let answer = house.api.ask("POST", path, &[from], body).await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{path}");
        assert_eq!(house.world.last_address.lock().map(|ip| ip.to_string()).as_deref(), Some("203.0.113.9"));
        let body = "grant_type=password&username=admin&password=correct+horse&scope=";
        assert_eq!(house.api.ask("POST", path, &[form], body).await.json(), expected, "{path}");
        let wrong = house.api.ask("POST", path, &[], r#"{"username": "admin", "password": "x"}"#).await;
        assert_eq!((wrong.status, wrong.error().as_str()), (401, "UNAUTHORIZED"));
        assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    }
}

#[tokio::test]
async fn signing_out_revokes_that_token() {
    let house = house(options()).await;
    assert_eq!(house.api.ask("POST", "/api/auth/logout", &[USER], "").await.json()["status"], "success");
    assert_eq!(house.api.ask("GET", "/api/me", &[USER], "").await.status, 401);
    assert_eq!(house.api.ask("GET", "/api/me", &[ADMIN], "").await.status, 200);
    house.api.ask("POST", "/api/keys", &[ADMIN], r#"{"name": "k", "role": "user"}"#).await;
    let key = ("X-API-Key", "key-1");
    assert_eq!(house.api.ask("POST", "/api/auth/logout", &[key], "").await.error(), "FORBIDDEN");
}

#[tokio::test]
async fn ones_own_profile() {
    let house = house(options()).await;
    let me = house.api.ask("GET", "/api/me", &[USER, ("Host", "tv.example")], "").await.json();
    assert_eq!((me["username"].as_str(), me["role"].as_str()), (Some("john"), Some("user")));
    assert_eq!(me["playlist_url"], "http://tv.example/playlist.m3u?token=viewer-3");
    assert!(me["email"].is_null() && me["expires_at"].is_null());
    let answer = house.api.ask("PUT", "/api/me", &[USER], r#"{"password": "tiny-pw"}"#).await;
    assert_eq!(answer.error(), "VALIDATION_ERROR");
    assert!(!answer.text().contains("tiny-pw"));
    assert_eq!(house.api.ask("PUT", "/api/me", &[USER], r#"{"email": null}"#).await.status, 200);
    assert_eq!(house.api.ask("PUT", "/api/me", &[USER], r#"{"email": 5}"#).await.status, 422);
}

#[tokio::test]
async fn the_administrators_password_is_shown_only_when_made() {
    let house = house(options()).await;
    let path = "/api/admin/password";
    let made = house.api.ask("POST", path, &[ADMIN], "").await.json();
    assert_eq!(made["password"], "made-up-password");
    let set = house.api.ask("POST", path, &[ADMIN], r#"{"password": "correct horse"}"#).await;
    assert!(set.json()["password"].is_null() && !set.text().contains("horse"));
}
