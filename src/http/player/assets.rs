//! `/assets/player/…`: the page's files, embedded in the executable.

use crate::http::context::Context;
use crate::http::error::ApiError;
use crate::http::fields::Segment;
use crate::http::negotiate::{has, takes_gzip};
use async_compression::tokio::write::GzipEncoder;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use tokio::io::AsyncWriteExt;
use tokio::sync::OnceCell;

#[derive(RustEmbed)]
#[folder = "assets/player/"]
#[allow_missing = true]
struct Embedded;

/// The page's files by path.
pub(in crate::http) struct Assets(HashMap<String, Asset>);

struct Asset {
    bytes: Bytes,
    etag: String,
    kind: &'static str,
    immutable: bool,
    /// Packed at the first request that wants it; `None`: packing gains nothing.
    gzip: OnceCell<Option<Bytes>>,
}

impl Assets {
    /// What the executable carries.
    pub(in crate::http) fn embedded() -> Self {
        Self::of(Embedded::iter().filter_map(|path| {
            let bytes = match Embedded::get(&path)?.data {
                std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                std::borrow::Cow::Owned(bytes) => bytes.into(),
            };
            Some((path.into_owned(), bytes))
        }))
    }

    pub(in crate::http) fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        Self(files.into_iter().map(|(path, bytes)| (path.clone(), Asset::new(&path, bytes))).collect())
    }

    /// The answer for one file.
    pub(super) async fn answer(&self, path: &str, request: &HeaderMap) -> Result<Response, ApiError> {
        match self.0.get(path) {
            Some(asset) => Ok(asset.answer(request).await),
            None => Err(ApiError::not_found("The page has no such file")),
        }
    }
}

impl Asset {
    fn new(path: &str, bytes: Bytes) -> Self {
        let hash = Sha256::digest(&bytes);
        let etag = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { etag, kind: kind(path), immutable: is_hashed(path), bytes, gzip: OnceCell::new() }
    }

    async fn answer(&self, request: &HeaderMap) -> Response {
        let packed = if takes_gzip(request) { self.packed().await } else { None };
        // One entity per encoding (RFC 9110, 8.8.3).
        let etag = match packed {
            Some(_) => format!("\"{}-gz\"", self.etag),
            None => format!("\"{}\"", self.etag),
        };
        let unchanged = has(request, &etag);
        let body = packed.cloned().unwrap_or_else(|| self.bytes.clone());
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        let caching = if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            headers.insert(ETAG, etag);
        }
        if unchanged {
            headers.remove(CONTENT_TYPE);
            *response.body_mut() = Body::empty();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else if packed.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    async fn packed(&self) -> Option<&Bytes> {
        let text = self.kind.starts_with("text/") || self.kind.contains("json") || self.kind.contains("svg");
        if !text {
            return None;
        }
        let pack = || async {
            let mut encoder = GzipEncoder::new(Vec::new());
            encoder.write_all(&self.bytes).await.ok()?;
            encoder.shutdown().await.ok()?;
            let packed = encoder.into_inner();
            (packed.len() < self.bytes.len()).then(|| packed.into())
        };
        self.gzip.get_or_init(pack).await.as_ref()
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `player.3f9a1c02.js`: a part of eight or more hexadecimal digits names the content.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split(['.', '-']).any(|part| {
        part.len() >= 8
            && part.bytes().all(|b| b.is_ascii_hexdigit())
            && part.bytes().any(|b| b.is_ascii_digit())
    })
}

/// One of the page's files.
#[utoipa::path(get, path = "/assets/player/{path}", tag = "player", security(()), params(("path" = String, Path)),
    responses((status = 200), (status = 304), (status = 404, body = crate::wire::ErrorBody)))]
pub(in crate::http) async fn asset(
    State(context): State<Context>,
    Segment(path): Segment,
    headers: HeaderMap,
) -> Response {
    context.assets.answer(&path, &headers).await.unwrap_or_else(IntoResponse::into_response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::write::GzipDecoder;
    use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
    use http_body_util::BodyExt;

    fn assets() -> Assets {
        Assets::of([
            ("a.js".to_owned(), Bytes::from("let a = 1;\n".repeat(500))),
            ("b.3f9a1c02.css".to_owned(), Bytes::from_static(b"b{}")),
            ("c.png".to_owned(), Bytes::from(vec![0; 500])),
        ])
    }

    async fn ask(
        assets: &Assets,
        path: &str,
        headers: &[(http::HeaderName, &str)],
    ) -> (StatusCode, HeaderMap, Bytes) {
        let headers =
            headers.iter().map(|(n, v)| (n.clone(), HeaderValue::from_str(v).expect("value"))).collect();
        let (parts, body) = assets.answer(path, &headers).await.expect("known").into_parts();
        (parts.status, parts.headers, body.collect().await.expect("body").to_bytes())
    }

    #[tokio::test]
    async fn packed_where_wanted_and_each_with_its_own_tag() {
        let assets = assets();
        let (status, plain, body) = ask(&assets, "a.js", &[]).await;
        assert_eq!((status, body.len()), (StatusCode::OK, 5500));
        assert_eq!(plain[CACHE_CONTROL], "no-cache");
        let (_, packed, bytes) = ask(&assets, "a.js", &[(ACCEPT_ENCODING, "br, gzip;q=0.5")]).await;
        assert_eq!(packed[CONTENT_ENCODING], "gzip");
        assert_ne!(packed[ETAG], plain[ETAG]);
        let mut decoder = GzipDecoder::new(Vec::new());
        decoder.write_all(&bytes).await.expect("gzip");
        decoder.shutdown().await.expect("gzip");
        assert_eq!(decoder.into_inner(), body);
        let (_, refused, _) = ask(&assets, "a.js", &[(ACCEPT_ENCODING, "gzip;q=0")]).await;
        assert!(!refused.contains_key(CONTENT_ENCODING));
        let (_, picture, _) = ask(&assets, "c.png", &[(ACCEPT_ENCODING, "gzip")]).await;
        assert!(!picture.contains_key(CONTENT_ENCODING));
    }

    #[tokio::test]
    async fn unchanged_files_are_not_sent_again() {
        let assets = assets();
        let (_, headers, _) = ask(&assets, "a.js", &[]).await;
        let tag = headers[ETAG].to_str().expect("tag").to_owned();
        let (status, headers, body) = ask(&assets, "a.js", &[(IF_NONE_MATCH, &tag)]).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!(headers[ETAG], tag.as_str());
        assert_eq!(ask(&assets, "a.js", &[(IF_NONE_MATCH, "\"other\"")]).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn hashed_names_are_for_ever_and_unknown_ones_are_404() {
        let assets = assets();
        let (_, headers, _) = ask(&assets, "b.3f9a1c02.css", &[]).await;
        assert!(headers[CACHE_CONTROL].to_str().expect("text").contains("immutable"));
        assert!(assets.answer("../Cargo.toml", &HeaderMap::new()).await.is_err());
        assert!(!is_hashed("hls-1.6.13.min.js") && !is_hashed("feedface.js"));
    }
}
