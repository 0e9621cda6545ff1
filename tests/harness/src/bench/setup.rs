//! relais with the bench's channels, and what its links lead to.

use super::client;
use super::source::{self, Conduct, Source};
use anyhow::{Context, Result, ensure};
use harness::http1::Url;
use harness::relais::{Relais, RelaisOptions};
use serde_json::json;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Configuration that lets ten thousand viewers come from one address; all else is as it comes.
const CONFIG: &str = "[limits]\nsessions_per_address = 0\n";

/// A running service whose catalogue has the source's channels.
#[derive(Debug)]
pub struct Bench {
    pub relais: Relais,
    pub source: Source,
    /// Ids by name.
    ids: HashMap<String, serde_json::Value>,
}

/// `(kbit/s, conduct, how many channels)`.
pub type Kinds<'a> = &'a [(u32, Conduct, u64)];

impl Bench {
    pub async fn start(kinds: Kinds<'_>) -> Result<Self> {
        let mut rates: Vec<u32> = kinds.iter().map(|kind| kind.0).collect();
        rates.sort_unstable();
        rates.dedup();
        let source = Source::start(&rates)?;
        let relais = Relais::start(RelaisOptions::default().config(CONFIG)).await?;
        let provider =
            json!({"name": "bench", "kind": "m3u", "url": source.list(kinds), "max_connections": 0});
        relais.api("POST", "/api/providers", Some(provider)).await?;
        let wanted: u64 = kinds.iter().map(|kind| kind.2).sum();
        let deadline = Instant::now() + Duration::from_secs(20);
        let ids = loop {
            let ids = catalogue(&relais).await?;
            if ids.len() as u64 >= wanted {
                break ids;
            }
            ensure!(Instant::now() < deadline, "{} of {wanted} channels appear", ids.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        Ok(Self { relais, source, ids })
    }

    /// Where viewers connect to.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(Url::parse(&self.relais.public_url())?.peer)
    }

    /// The link's token, and the channel's id.
    async fn link(&self, kbits: u32, conduct: Conduct, number: u64) -> Result<(String, String)> {
        let id = self.ids.get(&source::name(kbits, conduct, number)).context("no such channel")?;
        let link = self.relais.api("POST", "/generate_link", Some(json!({"channel_id": id}))).await?;
        let path = link["restream_url"].as_str().context("no restream_url")?;
        let token =
            path.strip_prefix("/restream/").and_then(|p| p.strip_suffix(".ts")).context("restream_url")?;
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        Ok((id, token.to_owned()))
    }

    /// `/live/{id}/index.m3u8?token=…` of a channel.
    pub async fn hls(&self, kbits: u32, conduct: Conduct, number: u64) -> Result<String> {
        let (id, token) = self.link(kbits, conduct, number).await?;
        Ok(format!("/live/{id}/index.m3u8?token={token}"))
    }

    /// `/live/{id}.ts?token=…` of a channel.
    pub async fn ts(&self, kbits: u32, conduct: Conduct, number: u64) -> Result<String> {
        let (id, token) = self.link(kbits, conduct, number).await?;
        Ok(format!("/live/{id}.ts?token={token}"))
    }

    /// Opens an HLS session: the media playlist's URL.
    pub async fn session(&self, path: &str) -> Result<Url> {
        let url = Url { peer: self.address()?, target: path.to_owned() };
        session(&url).await
    }
}

async fn catalogue(relais: &Relais) -> Result<HashMap<String, serde_json::Value>> {
    let page = relais.api("GET", "/channels?page_size=500", None).await?;
    let items = page["items"].as_array().context("no items")?;
    Ok(items
        .iter()
        .filter_map(|item| Some((item["name"].as_str()?.to_owned(), item["channel_id"].clone())))
        .collect())
}

/// Follows a multivariant playlist; asks again where the answer is 503 (the request was held as long as could be).
pub async fn session(url: &Url) -> Result<Url> {
    for _ in 0..5 {
        let reply = client::get(&url.to_string()).await?;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        match reply.status {
            200 => return join(url, references(&text).next().context("no variant")?),
            503 => {}
            status => anyhow::bail!("{url}: {status}: {text}"),
        }
    }
    anyhow::bail!("{url}: five times unavailable")
}

/// What a reference means, `../` included.
pub fn join(url: &Url, reference: &str) -> Result<Url> {
    let mut joined = url.join(reference)?;
    while let Some(up) = joined.target.find("/../") {
        let folder = joined.target[..up].rfind('/').context("../ beyond the root")?;
        joined.target.replace_range(folder..up + 3, "");
    }
    Ok(joined)
}

/// The lines of a playlist that are no tags.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A media playlist, as far as the bench cares: sequence number of the first segment, `(seconds, reference)`.
#[derive(Debug, Clone, Default)]
pub struct Playlist {
    pub target: f64,
    pub sequence: u64,
    pub segments: Vec<(f64, String)>,
}

impl Playlist {
    pub fn parse(text: &str) -> Result<Self> {
        let mut playlist = Self::default();
        let mut seconds = 0.0;
        for line in text.lines() {
            if let Some(value) = line.strip_prefix("#EXTINF:") {
                seconds = value.split(',').next().unwrap_or("").parse().context("EXTINF")?;
            } else if let Some(value) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
                playlist.sequence = value.trim().parse().context("EXT-X-MEDIA-SEQUENCE")?;
            } else if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                playlist.target = value.trim().parse().context("EXT-X-TARGETDURATION")?;
            } else if !line.is_empty() && !line.starts_with('#') {
                playlist.segments.push((seconds, line.to_owned()));
            }
        }
        ensure!(playlist.target > 0.0, "not a media playlist: {text:.200}");
        Ok(playlist)
    }

    pub async fn fetch(url: &Url) -> Result<Self> {
        let reply = client::get(&url.to_string()).await?;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        ensure!(reply.status == 200, "{url}: {}: {text:.200}", reply.status);
        Self::parse(&text)
    }

    pub fn listed(&self) -> f64 {
        self.segments.iter().map(|s| s.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_lead_upwards() {
        let url = Url::parse("http://127.0.0.1:80/live/5/index.m3u8?token=x").unwrap();
        assert_eq!(join(&url, "../~s/main.m3u8").unwrap().target, "/live/~s/main.m3u8");
        assert_eq!(join(&url, "/live/~/a.ts").unwrap().target, "/live/~/a.ts");
    }
}
