//! The catalogue as clients see it: refreshes begun and awaited, every page read, and the whole held against the truth
//! of a generated account.

mod compare;
mod search;

pub use compare::{Differences, compare, compare_groups, compare_stats, differences};
pub use search::{fold, naive, queries};

use crate::http1::{Connection, Peer};
use crate::relais::Relais;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Items of a page when all are read.
pub const PAGE: u64 = 500;
/// Between looks at a refresh: the API tells it to who asks.
const LOOK: Duration = Duration::from_millis(20);

/// An item of `GET /channels`.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// As text, whether it came as a number or not.
    pub id: String,
    pub name: String,
    pub group: Option<String>,
    pub category: String,
    pub logo_url: Option<String>,
    pub number: Option<f64>,
    pub tvg_id: Option<String>,
}

impl Channel {
    fn read(item: &Value) -> Result<Self> {
        let text = |key: &str| item[key].as_str().map(str::to_owned);
        let id = &item["channel_id"];
        for key in ["channel_id", "name", "group", "category", "logo_url", "number", "tvg_id", "is_active"] {
            ensure!(item.get(key).is_some(), "an item has no {key}: {item}");
        }
        Ok(Self {
            id: id.as_str().map_or_else(|| id.to_string(), str::to_owned),
            name: text("name").with_context(|| format!("no name: {item}"))?,
            group: text("group"),
            category: text("category").with_context(|| format!("no category: {item}"))?,
            logo_url: text("logo_url"),
            number: item["number"].as_f64(),
            tvg_id: text("tvg_id"),
        })
    }
}

/// A page of `GET /channels`.
#[derive(Debug, Clone)]
pub struct Page {
    pub items: Vec<Channel>,
    pub total: u64,
    pub pages: u64,
}

/// What a refresh came to.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The provider as `GET /api/providers/{name}` shows it afterwards.
    pub provider: Value,
    pub took: Duration,
}

impl Refreshed {
    /// `None`: it went well.
    pub fn error(&self) -> Option<&str> {
        self.provider["last_error"].as_str()
    }

    pub fn channels(&self) -> u64 {
        self.provider["channel_count"].as_u64().unwrap_or(0)
    }
}

/// Asks a running service about its catalogue, on one connection.
pub struct Catalogue<'a> {
    relais: &'a Relais,
    connection: Option<Connection>,
}

impl<'a> Catalogue<'a> {
    pub fn of(relais: &'a Relais) -> Self {
        Self { relais, connection: None }
    }

    /// A call as the local administrator; 2xx and JSON demanded.
    pub async fn get(&mut self, path: &str) -> Result<Value> {
        if !self.connection.as_ref().is_some_and(Connection::reusable) {
            self.connection = Some(Connection::open(&Peer::Unix(self.relais.socket().into())).await?);
        }
        let connection = self.connection.as_mut().context("no connection")?;
        let exchange = async {
            let head = connection.request("GET", path, &[], b"").await?;
            let body = connection.body().await?;
            ensure!(head.status == 200, "{}: {}", head.status, String::from_utf8_lossy(&body));
            Ok(serde_json::from_slice(&body)?)
        };
        let answer = tokio::time::timeout(Duration::from_secs(60), exchange).await;
        answer.with_context(|| format!("GET {path}: no answer"))?.with_context(|| format!("GET {path}"))
    }

    /// One page; `rest` is a further query, as `&search=x`.
    pub async fn page(&mut self, page: u64, size: u64, rest: &str) -> Result<Page> {
        let value = self.get(&format!("/channels?page={page}&page_size={size}{rest}")).await?;
        let items = value["items"].as_array().context("no items")?;
        ensure!(
            value["page"] == page && value["page_size"] == size.min(500),
            "another page: {}",
            value["page"]
        );
        Ok(Page {
            items: items.iter().map(Channel::read).collect::<Result<_>>()?,
            total: value["total"].as_u64().context("no total")?,
            pages: value["pages"].as_u64().context("no pages")?,
        })
    }

    /// Every channel that a query finds, in the order of the pages.
    pub async fn all(&mut self, rest: &str) -> Result<Vec<Channel>> {
        let mut all: Vec<Channel> = Vec::new();
        for number in 1.. {
            let page = self.page(number, PAGE, rest).await?;
            ensure!(
                page.pages == page.total.div_ceil(PAGE),
                "{} pages for {} channels",
                page.pages,
                page.total
            );
            let last = number >= page.pages;
            ensure!(last || page.items.len() as u64 == PAGE, "page {number} has {} items", page.items.len());
            all.extend(page.items);
            if last {
                ensure!(
                    all.len() as u64 == page.total,
                    "{} channels on all pages of {}",
                    all.len(),
                    page.total
                );
                break;
            }
        }
        Ok(all)
    }

    pub async fn provider(&mut self, name: &str) -> Result<Value> {
        self.get(&format!("/api/providers/{name}")).await
    }

    /// Adds a provider that is only read by hand, and waits until that was tried once.
    pub async fn add(&mut self, name: &str, body: Value) -> Result<Refreshed> {
        let mut whole = json!({"name": name, "refresh_interval": 0, "max_connections": 0});
        for (key, value) in body.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        let began = Instant::now();
        self.relais.api("POST", "/api/providers", Some(whole)).await?;
        self.ended(name, &Value::Null, began).await
    }

    pub async fn add_m3u(&mut self, name: &str, url: &str) -> Result<Refreshed> {
        self.add(name, json!({"kind": "m3u", "url": url})).await
    }

    pub async fn add_xtream(&mut self, name: &str, server: &crate::accounts::Server) -> Result<Refreshed> {
        let spec = server.spec();
        let (username, password) = (spec.username, spec.password);
        let body = json!({"kind": "xtream", "url": server.url(), "username": username, "password": password});
        self.add(name, body).await
    }

    /// Reads a provider anew and waits until that has ended, well or not.
    pub async fn refresh(&mut self, name: &str) -> Result<Refreshed> {
        self.refresh_by(name, &format!("/api/providers/{name}/refresh")).await
    }

    /// The same, though more than half of the list is gone: what an administrator does who accepts that.
    pub async fn accept(&mut self, name: &str) -> Result<Refreshed> {
        self.refresh_by(name, &format!("/api/providers/{name}/refresh?force=true")).await
    }

    async fn refresh_by(&mut self, name: &str, path: &str) -> Result<Refreshed> {
        let before = self.provider(name).await?["last_attempt"].clone();
        // Times are told in seconds: another second, or its end could not be seen.
        while self.provider(name).await?["last_attempt"] == json!(now()) {
            tokio::time::sleep(LOOK).await;
        }
        let began = Instant::now();
        let answer = self.relais.call("POST", path, None).await?;
        ensure!(answer.status() == 202, "POST {path}: {}: {}", answer.status(), answer.text());
        self.ended(name, &before, began).await
    }

    /// Waits for a try that is not the one before.
    async fn ended(&mut self, name: &str, before: &Value, began: Instant) -> Result<Refreshed> {
        let deadline = began + Duration::from_secs(240);
        loop {
            let provider = self.provider(name).await?;
            if provider["last_attempt"] != *before && provider["refreshing"] == json!(false) {
                return Ok(Refreshed { provider, took: began.elapsed() });
            }
            if Instant::now() > deadline {
                bail!("the refresh of {name} does not end: {provider}\n{}", self.relais.log());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// This second, as the API writes it.
fn now() -> String {
    let seconds =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = crate::accounts::guide::date((seconds / 86_400) as i64);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
