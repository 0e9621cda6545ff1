//! Typed client of the admin socket: HTTP/1.1 and JSON over a Unix stream, one connection per call.
//!
//! Whoever may open the socket is an administrator, so nothing here signs in.

mod error;
mod types;

pub use error::ClientError;
pub use types::{
    AdminPassword, Channel, ChannelPage, Feed, Feeds, Link, OnAir, Provider, ProviderCreated, Providers,
    Refresh, Started, Stopped, Version,
};

use crate::wire::ChannelId;
use crate::wire::catalogue::NewProvider;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;

/// A provider is asked while the caller waits, and argon2 takes its time on a small box.
const PATIENCE: Duration = Duration::from_secs(60);
/// No answer that the command line asks for comes near this.
const LARGEST: usize = 16 << 20;

/// What came, both read and as it came: extra fields are the server's to add.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// Read.
    pub value: T,
    /// As it came.
    pub json: Value,
}

/// The service behind one admin socket. Opens nothing until it is asked something.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The service that listens at `socket`.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Where it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// `GET /api/system/version`
    pub async fn version(&self) -> Result<Answer<Version>, ClientError> {
        self.get("/api/system/version").await
    }

    /// `GET /stream_status`
    pub async fn on_air(&self) -> Result<Answer<OnAir>, ClientError> {
        self.get("/stream_status").await
    }

    /// `POST /start_stream`
    pub async fn start(&self, channel: &ChannelId) -> Result<Answer<Started>, ClientError> {
        self.post("/start_stream", &json!({"channel_id": channel})).await
    }

    /// `POST /stop_stream`
    pub async fn stop(&self) -> Result<Answer<Stopped>, ClientError> {
        self.post("/stop_stream", &json!({})).await
    }

    /// `GET /api/feeds`: those that run, at most 500.
    pub async fn feeds(&self) -> Result<Answer<Feeds>, ClientError> {
        self.get("/api/feeds?per_page=500").await
    }

    /// `GET /channels`; empty filters are left out.
    pub async fn channels(
        &self,
        search: &str,
        group: &str,
        page_size: u32,
    ) -> Result<Answer<ChannelPage>, ClientError> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("page", "1").append_pair("page_size", &page_size.to_string());
        for (name, value) in [("search", search), ("group", group)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        self.get(&format!("/channels?{}", query.finish())).await
    }

    /// `POST /generate_link`
    pub async fn link(&self, channel: &ChannelId, hours: Option<u32>) -> Result<Answer<Link>, ClientError> {
        let mut body = json!({"channel_id": channel});
        if let Some(hours) = hours {
            body["ttl_hours"] = hours.into();
        }
        self.post("/generate_link", &body).await
    }

    /// `GET /api/providers`: at most 500.
    pub async fn providers(&self) -> Result<Answer<Providers>, ClientError> {
        self.get("/api/providers?per_page=500").await
    }

    /// `GET /api/providers/{id}`
    pub async fn provider(&self, id: i64) -> Result<Answer<Provider>, ClientError> {
        self.get(&format!("/api/providers/{id}")).await
    }

    /// `POST /api/providers`
    pub async fn add_provider(&self, provider: &NewProvider) -> Result<Answer<ProviderCreated>, ClientError> {
        self.post("/api/providers", provider).await
    }

    /// `DELETE /api/providers/{id}`
    pub async fn remove_provider(&self, id: i64) -> Result<Answer<Value>, ClientError> {
        self.call(Method::DELETE, &format!("/api/providers/{id}"), None).await
    }

    /// `POST /api/providers/{id}/refresh`; `force`: also where over half of the list is gone.
    pub async fn refresh_provider(&self, id: i64, force: bool) -> Result<Answer<Refresh>, ClientError> {
        self.post(&format!("/api/providers/{id}/refresh?force={force}"), &json!({})).await
    }

    /// `POST /api/admin/password`; without a password the service makes one and answers it.
    pub async fn set_password(&self, password: Option<&str>) -> Result<Answer<AdminPassword>, ClientError> {
        self.post("/api/admin/password", &json!({"password": password})).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, ClientError> {
        self.call(Method::GET, path, None).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| self.garbled(&error))?;
        self.call(Method::POST, path, Some(body.into())).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer<T>, ClientError> {
        let exchange = tokio::time::timeout(PATIENCE, self.exchange(method, path, body)).await;
        let (status, bytes) = exchange.map_err(|_| ClientError::Slow { socket: self.socket.clone() })??;
        if !status.is_success() {
            return Err(ClientError::refused(status.as_u16(), &bytes));
        }
        // 202 and 204 may come without a body.
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let json: Value = serde_json::from_slice(bytes).map_err(|error| self.garbled(&error))?;
        let value = T::deserialize(&json).map_err(|error| self.garbled(&error))?;
        Ok(Answer { value, json })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = UnixStream::connect(&self.socket).await;
        let stream = stream.map_err(|error| ClientError::connect(&self.socket, error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.garbled(&error))?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::USER_AGENT, concat!("relais/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request =
            request.body(Full::new(body.unwrap_or_default())).map_err(|error| self.garbled(&error))?;
        let response = sender.send_request(request).await.map_err(|error| self.garbled(&error))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| self.garbled(&*error))?.to_bytes();
        connection.abort();
        Ok((status, body))
    }

    fn garbled(&self, error: &(impl std::fmt::Display + ?Sized)) -> ClientError {
        ClientError::Garbled { socket: self.socket.clone(), why: error.to_string() }
    }
}

#[cfg(test)]
mod tests;
