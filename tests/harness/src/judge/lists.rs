//! Real parsers and clients as judges of channel lists: npm's `iptv-playlist-parser` and `@iptv/xtream-api`, in the
//! versions that `tests/judges/package-lock.json` pins and `tests/install.sh` installs.

use crate::catalogue::Channel;
use crate::hell::clip;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const M3U: &str = include_str!("../../../judges/m3u.mjs");
const XTREAM: &str = include_str!("../../../judges/xtream.mjs");
const PATIENCE: Duration = Duration::from_secs(120);

/// An M3U list as the parser reads it. What an entry does not have is "".
#[derive(Debug, Clone, Deserialize)]
pub struct Playlist {
    /// `url-tvg`, `x-tvg-url`
    pub header: BTreeMap<String, String>,
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    pub name: String,
    /// `null`: the list ended before its address.
    pub url: Option<String>,
    pub id: String,
    pub tvg_name: String,
    pub logo: String,
    pub group: String,
    pub referrer: String,
    pub user_agent: String,
    pub catchup: CatchUp,
    pub number: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct CatchUp {
    #[serde(rename = "type")]
    pub mode: String,
    pub days: String,
    pub source: String,
}

/// Reads an M3U list.
pub async fn m3u(list: &[u8]) -> Result<Playlist> {
    Ok(serde_json::from_slice(&node(M3U, list).await?)?)
}

/// Everything that the client gets out of a panel.
pub async fn xtream(url: &str, username: &str, password: &str) -> Result<Value> {
    let account = format!("{url}\n{username}\n{password}\n");
    Ok(serde_json::from_slice(&node(XTREAM, account.as_bytes()).await?)?)
}

/// A script's output, with the packages at hand.
async fn node(script: &str, input: &[u8]) -> Result<Vec<u8>> {
    let folder = clip::cache_dir().join("judges");
    ensure!(folder.join("node_modules").exists(), "no judges in {}: run tests/install.sh", folder.display());
    let mut child = Command::new("node")
        .args(["--input-type=module", "--eval", script])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node")?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let fed = async move {
        // A script that fails reads no further, and says why.
        let _ = stdin.write_all(input).await;
    };
    let both = async { tokio::join!(fed, child.wait_with_output()).1 };
    let output = tokio::time::timeout(PATIENCE, both).await.context("node takes too long")??;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "node: {}\n{errors:.2000}", output.status);
    Ok(output.stdout)
}

/// Holds a list that relais wrote against its catalogue: every channel once, in this order, under its id, name, group,
/// number and logo; addresses are all different.
pub fn hold(playlist: &Playlist, channels: &[Channel]) -> Result<()> {
    let (entries, count) = (&playlist.entries, channels.len());
    ensure!(entries.len() == count, "{} entries for {count} channels", entries.len());
    let mut addresses = HashSet::new();
    for (entry, channel) in entries.iter().zip(channels) {
        let context = || format!("{entry:?}\n  of {channel:?}");
        ensure!(entry.id == channel.id, "another id: {}", context());
        ensure!(entry.name.trim() == channel.name, "another name: {}", context());
        ensure!(entry.group == channel.group.as_deref().unwrap_or(""), "another group: {}", context());
        let number = entry.number.parse::<f64>().ok();
        ensure!(channel.number.is_none() || number == channel.number, "another number: {}", context());
        ensure!(entry.logo.is_empty() == channel.logo_url.is_none(), "a logo too many or few: {}", context());
        let url = entry.url.as_deref().with_context(|| format!("no address: {}", context()))?;
        ensure!(url.starts_with("http://") || url.starts_with("https://"), "an odd address: {}", context());
        ensure!(addresses.insert(url), "an address is there twice: {}", context());
    }
    Ok(())
}
