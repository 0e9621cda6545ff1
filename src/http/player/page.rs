//! `/` and `/watch/`: the page itself.

use crate::http::context::Context;
use crate::http::error::ApiError;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{CONTENT_SECURITY_POLICY, HeaderMap, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};

/// The page. Nothing but this server may be reached from it, and no script that is not one of its files.
#[utoipa::path(get, path = "/watch/", tag = "player", security(()),
    responses((status = 200, body = String, content_type = "text/html")))]
pub(in crate::http) async fn page(
    State(context): State<Context>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut response = context.assets.answer("index.html", &headers).await?;
    let policy = HeaderValue::from_str(&policy(&context.options.frame_ancestors))
        .map_err(|_| ApiError::internal("player.frame_ancestors can't stand in a header"))?;
    let answer = response.headers_mut();
    answer.insert(CONTENT_SECURITY_POLICY, policy);
    answer.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    );
    Ok(response)
}

/// `/watch` has relative URLs of another folder: it leads to `/watch/`.
#[utoipa::path(get, path = "/watch", tag = "player", security(()), responses((status = 308)))]
pub(in crate::http) async fn redirect() -> Response {
    Redirect::permanent("/watch/").into_response()
}

fn policy(frame_ancestors: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         media-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; \
         frame-ancestors {frame_ancestors}"
    )
}
