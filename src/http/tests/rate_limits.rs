use super::{ADMIN, MODERATOR, USER, house, options};
use crate::http::{Options, Rates};

fn limited() -> Options {
    Options {
        rates: Rates { authenticated_per_hour: 5, unauthenticated_per_hour: 3, control_per_minute: 2 },
        ..options()
    }
}

#[tokio::test]
async fn identities_are_counted_apart_and_told() {
    let house = house(limited()).await;
    for left in (0..5).rev() {
        let answer = house.api.ask("GET", "/api/me", &[USER], "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("5"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
        assert!(
            answer
                .header("x-ratelimit-reset")
                .is_some_and(|at| at.parse::<u64>().is_ok_and(|at| at > 1_700_000_000))
        );
    }
    let refused = house.api.ask("GET", "/api/v1/me", &[USER], "").await;
    assert_eq!((refused.status, refused.error().as_str()), (429, "RATE_LIMITED"));
    assert!(refused.header("retry-after").is_some() && refused.header("x-ratelimit-limit").is_some());
    assert_eq!(house.api.ask("GET", "/api/me", &[ADMIN], "").await.status, 200);
    // Only `/api` is counted.
    assert_eq!(house.api.ask("GET", "/channels", &[USER], "").await.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn strangers_are_counted_by_address() {
    let house = house(limited()).await;
    let from = ("X-Real-IP", "203.0.113.9");
    for _ in 0..2 {
        assert_eq!(house.api.ask("GET", "/api/me", &[from], "").await.status, 401);
    }
    let bad = ("Authorization", "Bearer guess");
    let answer = house.api.ask("GET", "/api/me", &[from, bad], "").await;
    assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (401, Some("0")));
    for path in ["/api/me", "/api/openapi.json", "/api/nothing"] {
        assert_eq!(house.api.ask("GET", path, &[from], "").await.error(), "RATE_LIMITED", "{path}");
    }
    assert_eq!(house.api.ask("GET", "/api/me", &[("X-Real-IP", "203.0.113.10")], "").await.status, 401);
    assert_eq!(house.api.ask("GET", "/api/me", &[from, USER], "").await.status, 200);
    assert_eq!(house.api.ask("GET", "/health", &[from], "").await.status, 200);
}

#[tokio::test]
async fn starts_and_stops_have_a_limit_of_their_own() {
    let house = house(limited()).await;
    for _ in 0..2 {
        assert_eq!(house.api.ask("POST", "/stop_stream", &[MODERATOR], "").await.status, 200);
    }
    let refused = house.api.ask("POST", "/start_stream", &[MODERATOR], r#"{"channel_id": 7}"#).await;
    assert_eq!((refused.error().as_str(), refused.header("x-ratelimit-limit")), ("RATE_LIMITED", Some("2")));
    assert_eq!(house.api.ask("POST", "/stop_stream", &[ADMIN], "").await.status, 200);
}
