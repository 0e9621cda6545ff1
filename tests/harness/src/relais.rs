//! A relais of the test's own: the real binary, its own directories, free ports, and an end with the value.
//!
//! Contract with the service: it reads `RELAIS_DATA_DIR`, `RELAIS_CONFIG`, `RELAIS_*_LISTEN` and
//! `RELAIS_ADMIN_SOCKET`, and once it listens it writes `listeners.json` into its run directory:
//! `{"api": "127.0.0.1:NNN", "public": "127.0.0.1:NNN", "admin_socket": "/path"}`.

use crate::hell::Hell;
use crate::http1::{self, Answer, Connection, Peer};
use crate::process::{self, Guard, Stat};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Longest wait for the service to listen.
const START: Duration = Duration::from_secs(20);

/// How to start it.
#[derive(Debug, Clone)]
pub struct RelaisOptions {
    /// The executable; by default `RELAIS_BIN`.
    pub binary: Option<PathBuf>,
    /// Further TOML for its configuration file (whole tables; `run_dir` is there already).
    pub config: String,
    /// Further environment.
    pub environment: Vec<(String, String)>,
    /// `RELAIS_LOG`
    pub log: String,
}

impl Default for RelaisOptions {
    fn default() -> Self {
        Self { binary: None, config: String::new(), environment: Vec::new(), log: "info".into() }
    }
}

impl RelaisOptions {
    /// The binary that Cargo built for this integration test: `RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))`.
    pub fn of(binary: &str) -> Self {
        Self { binary: Some(binary.into()), ..Self::default() }
    }
    pub fn config(mut self, toml: &str) -> Self {
        self.config.push_str(toml);
        self.config.push('\n');
        self
    }
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A running service.
#[derive(Debug)]
pub struct Relais {
    process: Guard,
    binary: PathBuf,
    options: RelaisOptions,
    api: SocketAddr,
    public: SocketAddr,
    socket: PathBuf,
    folder: tempfile::TempDir,
    starts: u32,
}

impl Relais {
    pub async fn start(options: RelaisOptions) -> Result<Self> {
        let binary = match (&options.binary, std::env::var_os("RELAIS_BIN")) {
            (Some(binary), _) => binary.clone(),
            (None, Some(binary)) => binary.into(),
            (None, None) => bail!("where is relais? Set RELAIS_BIN or RelaisOptions::binary"),
        };
        let folder = tempfile::Builder::new().prefix("relais-test").tempdir()?;
        for name in ["data", "run", "home"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let config = format!("run_dir = {:?}\n{}", folder.path().join("run"), options.config);
        std::fs::write(folder.path().join("relais.toml"), config)?;
        let free: SocketAddr = ([127, 0, 0, 1], 0).into();
        let socket = folder.path().join("run/admin.sock");
        let process = spawn(&binary, &options, folder.path(), (free, free), 1)?;
        let mut relais =
            Self { process, binary, options, api: free, public: free, socket, folder, starts: 1 };
        relais.listening().await?;
        Ok(relais)
    }

    async fn listening(&mut self) -> Result<()> {
        let file = self.folder.path().join("run/listeners.json");
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.process.ended()? {
                bail!("relais ended at once: {status}\n{}", self.log());
            }
            if let Ok(Ok(listeners)) = std::fs::read(&file).map(|b| serde_json::from_slice::<Value>(&b)) {
                let address = |name: &str| -> Result<SocketAddr> {
                    let text =
                        listeners[name].as_str().with_context(|| format!("listeners.json: no {name}"))?;
                    Ok(text.parse()?)
                };
                (self.api, self.public) = (address("api")?, address("public")?);
                if let Some(socket) = listeners["admin_socket"].as_str() {
                    self.socket = socket.into();
                }
                let healthy = http1::call(&Peer::Tcp(self.public), "GET", "/health", &[], b"").await;
                if healthy.is_ok_and(|a| a.status() == 200) {
                    return Ok(());
                }
            }
            ensure!(Instant::now() < deadline, "relais does not listen after {START:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// `http://127.0.0.1:port` of the public listener.
    pub fn public_url(&self) -> String {
        format!("http://{}", self.public)
    }

    /// The same of the API listener.
    pub fn api_url(&self) -> String {
        format!("http://{}", self.api)
    }

    pub fn live_url(&self) -> String {
        format!("{}/live.m3u8", self.public_url())
    }

    /// The admin socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// All that it wrote to stdout and stderr, over all its starts.
    pub fn log(&self) -> String {
        let read = |n| {
            std::fs::read_to_string(self.folder.path().join(format!("relais-{n}.log"))).unwrap_or_default()
        };
        (1..=self.starts).map(read).collect()
    }

    /// Its children, and theirs.
    pub fn children(&self) -> Vec<Stat> {
        process::descendants(self.pid())
    }

    /// Its FFmpeg processes.
    pub fn ffmpegs(&self) -> Vec<Stat> {
        self.children().into_iter().filter(|p| p.name == "ffmpeg").collect()
    }

    /// SIGKILL: nothing is tidied up.
    pub fn kill9(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// SIGTERM; how long it took to end.
    pub async fn stop(&mut self, patience: Duration) -> Result<(Duration, std::process::ExitStatus)> {
        let start = Instant::now();
        process::signal(self.pid(), "TERM")?;
        let status = self.process.wait(patience).await?;
        Ok((start.elapsed(), status))
    }

    /// Starts it again on the same directories and ports, after `kill9` or `stop` (or ends it first, by SIGTERM).
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.ended()?.is_none() {
            self.stop(Duration::from_secs(10)).await?;
        }
        std::fs::remove_file(self.folder.path().join("run/listeners.json")).ok();
        self.starts += 1;
        let ports = (self.api, self.public);
        self.process = spawn(&self.binary, &self.options, self.folder.path(), ports, self.starts)?;
        self.listening().await
    }

    /// Runs the command line against this service.
    pub async fn cli(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = tokio::process::Command::new(&self.binary);
        command.args(arguments).env_clear().envs(environment(&self.options, self.folder.path()));
        command
            .env("RELAIS_ADMIN_SOCKET", &self.socket)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        let run = tokio::time::timeout(Duration::from_secs(60), command.output());
        run.await.with_context(|| format!("relais {arguments:?} does not end"))?.context("running relais")
    }

    /// The same with `--json`, which must succeed.
    pub async fn cli_json(&self, arguments: &[&str]) -> Result<Value> {
        let mut all = arguments.to_vec();
        all.push("--json");
        let output = self.cli(&all).await?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "relais {arguments:?}: {}\n{out}{err}", output.status);
        serde_json::from_str(&out).with_context(|| format!("relais {arguments:?} --json wrote {out:?}"))
    }

    /// A call as the local administrator, over the admin socket. Any status.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Answer> {
        let body = body.map(|b| b.to_string()).unwrap_or_default();
        let headers = ["Content-Type: application/json"];
        http1::call(&Peer::Unix(self.socket.clone()), method, path, &headers, body.as_bytes()).await
    }

    /// The same, 2xx and JSON demanded.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let answer = self.call(method, path, body).await?;
        answer.ok().and_then(|a| a.json()).with_context(|| format!("{method} {path}"))
    }

    /// A path of the public listener, redirects shown.
    pub async fn public(&self, path: &str) -> Result<Answer> {
        http1::call(&Peer::Tcp(self.public), "GET", path, &[], b"").await
    }

    /// Opens an endless answer of the public listener.
    pub async fn open(&self, path: &str) -> Result<(http1::Head, Connection)> {
        http1::open(&format!("{}{path}", self.public_url()), &[]).await
    }

    /// Adds hell's first account as an Xtream provider called `hell`, and waits for its channels.
    pub async fn add_xtream(&self, hell: &Hell) -> Result<()> {
        let account = hell.account();
        let body = json!({"name": "hell", "kind": "xtream", "url": hell.url(),
            "username": account.username, "password": account.password});
        self.add(hell, body).await
    }

    /// Adds hell's M3U list as the provider `hell`; `form` is `ts` or `m3u8`.
    pub async fn add_m3u(&self, hell: &Hell, form: &str) -> Result<()> {
        let body = json!({"name": "hell", "kind": "m3u", "url": hell.m3u_url(form), "max_connections": 0});
        self.add(hell, body).await
    }

    async fn add(&self, hell: &Hell, body: Value) -> Result<()> {
        self.api("POST", "/api/providers", Some(body)).await?;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let page = self.api("GET", "/channels?page_size=500", None).await?;
            if page["total"].as_u64() >= Some(hell.all_channels().len() as u64) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "the provider's channels do not appear: {page}\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The catalogue's id of hell's channel (an M3U list gives ids of relais's own).
    pub async fn channel_id(&self, hell: &Hell, id: &str) -> Result<Value> {
        let name = &hell.channel(id).name;
        let page = self.api("GET", "/channels?page_size=500", None).await?;
        let items = page["items"].as_array().context("no items")?;
        let found = items.iter().find(|i| i["name"] == json!(name)).map(|i| i["channel_id"].clone());
        found.with_context(|| format!("no channel {name}"))
    }

    /// Puts hell's channel on air.
    pub async fn start_stream(&self, hell: &Hell, id: &str) -> Result<()> {
        let channel = self.channel_id(hell, id).await?;
        self.api("POST", "/start_stream", Some(json!({"channel_id": channel}))).await.map(drop)
    }

    pub async fn stop_stream(&self) -> Result<()> {
        self.api("POST", "/stop_stream", None).await.map(drop)
    }

    /// A link to hell's channel.
    pub async fn link(&self, hell: &Hell, id: &str) -> Result<Link> {
        let channel = self.channel_id(hell, id).await?;
        let link = self.api("POST", "/generate_link", Some(json!({"channel_id": channel}))).await?;
        let path = link["restream_url"].as_str().context("no restream_url")?;
        let name = path.strip_suffix(".ts").context("restream_url ends in .ts")?;
        let token = name.rsplit('/').next().unwrap_or_default();
        let channel = channel.as_str().map_or_else(|| channel.to_string(), str::to_owned);
        let url = self.public_url();
        Ok(Link {
            ts: format!("{url}{path}"),
            hls: format!("{url}{name}.m3u8"),
            live_ts: format!("{url}/live/{channel}.ts?token={token}"),
            live_hls: format!("{url}/live/{channel}/index.m3u8?token={token}"),
        })
    }

    pub async fn stream_status(&self) -> Result<Value> {
        self.public("/stream_status").await?.ok()?.json()
    }

    /// What runs, from `GET /api/feeds`.
    pub async fn feeds(&self) -> Result<Vec<Value>> {
        let list = self.api("GET", "/api/feeds?per_page=500", None).await?;
        list["feeds"].as_array().cloned().context("no feeds")
    }

    /// The feed of hell's channel, where one is open.
    pub async fn feed(&self, hell: &Hell, id: &str) -> Result<Option<Value>> {
        let name = json!(hell.channel(id).name);
        Ok(self.feeds().await?.into_iter().find(|f| f["name"] == name))
    }

    /// Waits until hell's channel's feed satisfies a condition; gives it and how long that took.
    pub async fn wait_feed(
        &self,
        hell: &Hell,
        id: &str,
        patience: Duration,
        what: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Result<(Value, Duration)> {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < patience {
            last = self.feed(hell, id).await?;
            if let Some(feed) = last.as_ref().filter(|f| condition(f)) {
                return Ok((feed.clone(), start.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("channel {id}: not {what} within {patience:?}; it is {last:?}\n{}", tail(&self.log(), 30))
    }

    /// Waits until it is in that state (`live`, `reconnecting`, `failed` …).
    pub async fn wait_state(
        &self,
        hell: &Hell,
        id: &str,
        state: &str,
        patience: Duration,
    ) -> Result<Duration> {
        let condition = |feed: &Value| feed["state"] == state;
        Ok(self.wait_feed(hell, id, patience, state, condition).await?.1)
    }

    /// Waits until it gives that reason (a name of the list in `wire`).
    pub async fn wait_reason(
        &self,
        hell: &Hell,
        id: &str,
        reason: &str,
        patience: Duration,
    ) -> Result<Duration> {
        let condition = |feed: &Value| feed["reason"] == reason;
        Ok(self.wait_feed(hell, id, patience, reason, condition).await?.1)
    }
}

/// The addresses of one channel, on the public listener.
#[derive(Debug, Clone)]
pub struct Link {
    /// `/restream/{id}.ts`
    pub ts: String,
    /// `/restream/{id}.m3u8`
    pub hls: String,
    /// `/live/{channel}.ts?token=…`
    pub live_ts: String,
    /// `/live/{channel}/index.m3u8?token=…`
    pub live_hls: String,
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn environment(options: &RelaisOptions, folder: &Path) -> Vec<(String, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut all: Vec<(String, String)> = vec![
        ("PATH".into(), std::env::var("PATH").unwrap_or_default()),
        ("HOME".into(), path("home")),
        ("TMPDIR".into(), std::env::temp_dir().display().to_string()),
        ("RELAIS_DATA_DIR".into(), path("data")),
        ("RELAIS_RUN_DIR".into(), path("run")),
        ("RELAIS_CONFIG".into(), path("relais.toml")),
        ("RELAIS_RTMP_LISTEN".into(), String::new()),
        ("RELAIS_ADMIN_SOCKET".into(), path("run/admin.sock")),
        ("RELAIS_LOG".into(), options.log.clone()),
        ("RUST_BACKTRACE".into(), "1".into()),
    ];
    all.extend(options.environment.iter().cloned());
    all
}

fn spawn(
    binary: &Path,
    options: &RelaisOptions,
    folder: &Path,
    (api, public): (SocketAddr, SocketAddr),
    start: u32,
) -> Result<Guard> {
    let log = std::fs::File::create(folder.join(format!("relais-{start}.log")))?;
    let mut command = Command::new(binary);
    command.arg("serve").env_clear().envs(environment(options, folder));
    command.env("RELAIS_API_LISTEN", api.to_string()).env("RELAIS_PUBLIC_LISTEN", public.to_string());
    Guard::spawn(command.stdout(log.try_clone()?).stderr(log))
}

impl Drop for Relais {
    fn drop(&mut self) {
        // What it leaves behind is another test's finding; here nothing may stay.
        let children = self.children();
        self.process.kill().ok();
        for child in children.iter().filter(|c| process::alive(c)) {
            process::signal(child.pid, "KILL").ok();
        }
        if std::thread::panicking() || std::env::var_os("RELAIS_TEST_LOGS").is_some() {
            eprintln!("--- relais ---\n{}", tail(&self.log(), 120));
        }
    }
}
