//! `GET /epg.xml`: the guide for players, on the public listener too.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Query;
use crate::http::negotiate::{has, takes_gzip};
use crate::wire::ErrorBody;
use async_compression::Level;
use async_compression::tokio::bufread::GzipEncoder;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio_util::io::{ReaderStream, StreamReader};

/// The guide as XMLTV, of the channels that this viewer may watch and that have one. Channels are called by their ids
/// here. The same as long as the guide is: ask with `If-None-Match`.
#[utoipa::path(get, path = "/epg.xml", tag = "guide", security(()), params(("token" = String, Query)),
    responses((status = 200, body = String, content_type = "application/xml"), (status = 304),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(in crate::http) async fn epg_xml(
    State(context): State<Context>,
    Query(mut query): Query,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(token) = query.secret("token") else {
        return Err(ApiError::unauthorized("The address lacks its token"));
    };
    let viewer = context.services.viewers.by_token(&token).await?;
    let document = context.services.guide.document(&viewer).await?;
    let packed = takes_gzip(&request);
    // One entity per encoding (RFC 9110, 8.8.3).
    let etag = format!("\"{}{}\"", document.version, if packed { "-gz" } else { "" });
    let unchanged = has(&request, &etag);
    let body = match (unchanged, packed) {
        (true, _) => Body::empty(),
        (false, false) => Body::from_stream(document.body),
        (false, true) => {
            // Guides repeat themselves: the quickest way makes a tenth of them.
            let reader = StreamReader::new(document.body);
            Body::from_stream(ReaderStream::new(GzipEncoder::with_quality(reader, Level::Fastest)))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
