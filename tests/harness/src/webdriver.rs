//! Chromium, headless, by WebDriver (W3C): just what the player page's tests need.
//!
//! `Browser::start()` starts a chromedriver of its own on a free port and a Chromium with a fresh profile; both
//! end with the value. Every call has a time-out.

use crate::http1::{Connection, Peer};
use crate::process::Guard;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What to start Chromium with.
#[derive(Debug, Clone)]
pub struct BrowserOptions {
    /// Window size, CSS pixels.
    pub width: u32,
    pub height: u32,
    /// `navigator.language`, e.g. `fr-FR`.
    pub language: Option<String>,
    /// Further switches of Chromium.
    pub arguments: Vec<String>,
    /// Longest wait for one command (scripts included).
    pub patience: Duration,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        let patience = Duration::from_secs(90);
        Self { width: 1280, height: 800, language: None, arguments: Vec::new(), patience }
    }
}

/// A running Chromium with one window.
pub struct Browser {
    driver: SocketAddr,
    session: String,
    patience: Duration,
    capabilities: Value,
    // Dropped in this order: chromedriver (it takes Chromium with it), then the profile.
    _driver_process: Guard,
    browser_pid: Option<u32>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn start() -> Result<Self> {
        Self::start_with(BrowserOptions::default()).await
    }

    pub async fn start_with(options: BrowserOptions) -> Result<Self> {
        let profile = tempfile::Builder::new().prefix("relais-browser").tempdir()?;
        let log = profile.path().join("chromedriver.log");
        let mut process = Guard::spawn(
            Command::new("chromedriver")
                .arg("--port=0")
                .stdout(std::fs::File::create(&log)?)
                .stderr(Stdio::null())
                .env("HOME", profile.path())
                .env("TMPDIR", profile.path()),
        )?;
        let driver = port_of(&mut process, &log).await?;
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-first-run",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--disable-default-apps",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-background-timer-throttling",
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            "--mute-audio",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--window-size={},{}", options.width, options.height));
        arguments.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let mut chrome = json!({});
        if let Some(language) = &options.language {
            arguments.push(format!("--lang={language}"));
            arguments.push(format!("--accept-lang={language}"));
            chrome["prefs"] = json!({"intl.accept_languages": language});
        }
        arguments.extend(options.arguments);
        chrome["args"] = json!(arguments);
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": chrome,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let value = command(driver, "POST", "/session", Some(capabilities), Duration::from_secs(60)).await?;
        let session = value["sessionId"].as_str().context("chromedriver gave no session")?.to_owned();
        let browser_pid = value["capabilities"]["goog:processID"].as_u64().map(|pid| pid as u32);
        let browser = Self {
            driver,
            session,
            patience: options.patience,
            capabilities: value["capabilities"].clone(),
            _driver_process: process,
            browser_pid,
            _profile: profile,
        };
        let millis = options.patience.as_millis() as u64;
        browser.post("/timeouts", json!({"script": millis, "pageLoad": millis, "implicit": 0})).await?;
        Ok(browser)
    }

    /// What chromedriver said of the browser (`browserVersion`, …).
    pub fn capabilities(&self) -> &Value {
        &self.capabilities
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let path = format!("/session/{}{path}", self.session);
        command(self.driver, "POST", &path, Some(body), self.patience + Duration::from_secs(5)).await
    }

    async fn fetch(&self, path: &str) -> Result<Value> {
        let path = format!("/session/{}{path}", self.session);
        command(self.driver, "GET", &path, None, self.patience).await
    }

    /// Opens a page and waits for its `load`.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.post("/url", json!({"url": url})).await.with_context(|| format!("opening {url}")).map(drop)
    }

    pub async fn reload(&self) -> Result<()> {
        self.post("/refresh", json!({})).await.map(drop)
    }

    /// The address bar.
    pub async fn url(&self) -> Result<String> {
        Ok(self.fetch("/url").await?.as_str().unwrap_or_default().to_owned())
    }

    pub async fn title(&self) -> Result<String> {
        Ok(self.fetch("/title").await?.as_str().unwrap_or_default().to_owned())
    }

    /// The page as it is now.
    pub async fn source(&self) -> Result<String> {
        Ok(self.fetch("/source").await?.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of a function in the page (`return …`; `arguments[0]` …). A promise is awaited.
    pub async fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("/execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// Runs a script whose last argument is a call-back to be called with the result.
    pub async fn execute_async(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        self.post("/execute/async", json!({"script": script, "args": arguments})).await
    }

    /// Polls a script every 50 ms until it returns something truthy; gives that and how long it took.
    pub async fn wait_for(&self, script: &str, patience: Duration) -> Result<(Value, Duration)> {
        let start = Instant::now();
        let mut last = Value::Null;
        while start.elapsed() < patience {
            last = self.execute(script, &[]).await?;
            let truthy = match &last {
                Value::Null => false,
                Value::Bool(b) => *b,
                Value::Number(n) => n.as_f64() != Some(0.0),
                Value::String(s) => !s.is_empty(),
                _ => true,
            };
            if truthy {
                return Ok((last, start.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("not within {patience:?}: {script} (last: {last})")
    }

    async fn element(&self, css: &str) -> Result<String> {
        let value = self.post("/element", json!({"using": "css selector", "value": css})).await?;
        let id = value.as_object().and_then(|o| o.values().next()).and_then(Value::as_str);
        Ok(id.with_context(|| format!("no element {css}"))?.to_owned())
    }

    /// A real click (a user gesture) on the first element that matches.
    pub async fn click(&self, css: &str) -> Result<()> {
        let id = self.element(css).await?;
        self.post(&format!("/element/{id}/click"), json!({}))
            .await
            .with_context(|| format!("clicking {css}"))
            .map(drop)
    }

    /// The visible text of the first element that matches.
    pub async fn text(&self, css: &str) -> Result<String> {
        let id = self.element(css).await?;
        Ok(self.fetch(&format!("/element/{id}/text")).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Keys into the first element that matches (WebDriver's private-use characters for special keys).
    pub async fn send_keys(&self, css: &str, text: &str) -> Result<()> {
        let id = self.element(css).await?;
        self.post(&format!("/element/{id}/value"), json!({"text": text})).await.map(drop)
    }

    /// One key pressed and released, wherever the focus is: `"f"`, `" "`, `"\u{E00C}"` (Escape).
    pub async fn press(&self, key: &str) -> Result<()> {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post("/actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}))
            .await
            .map(drop)
    }

    /// Resizes the window.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.post("/window/rect", json!({"width": width, "height": height})).await.map(drop)
    }

    /// A Chrome DevTools command (`Network.emulateNetworkConditions`, `Emulation.setDeviceMetricsOverride`, …).
    pub async fn devtools(&self, cmd: &str, params: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", json!({"cmd": cmd, "params": params})).await
    }

    /// New entries of a log: `browser` (console) or `performance` (network events).
    pub async fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let value = self.post("/se/log", json!({"type": kind})).await?;
        Ok(value.as_array().cloned().unwrap_or_default())
    }

    /// A picture of the window as PNG, also written to `path` where one is given.
    pub async fn screenshot(&self, path: Option<&Path>) -> Result<Vec<u8>> {
        let value = self.fetch("/screenshot").await?;
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(value.as_str().context("no picture")?)?;
        if let Some(path) = path {
            std::fs::write(path, &bytes)?;
        }
        Ok(bytes)
    }

    /// Closes the browser; dropping does it too, less politely.
    pub async fn close(mut self) -> Result<()> {
        let path = format!("/session/{}", self.session);
        command(self.driver, "DELETE", &path, None, Duration::from_secs(10)).await?;
        self.browser_pid = None;
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let Some(pid) = self.browser_pid else { return };
        // Its helpers end with it.
        if crate::process::stat(pid).is_some_and(|p| p.name.contains("chrom")) {
            crate::process::signal(pid, "TERM").ok();
        }
    }
}

async fn port_of(process: &mut Guard, log: &Path) -> Result<SocketAddr> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Some(status) = process.ended()? {
            bail!("chromedriver ended at once: {status}");
        }
        let text = std::fs::read_to_string(log).unwrap_or_default();
        // "ChromeDriver was started successfully on port 12345."
        let port = text.lines().find(|l| l.contains("started successfully on port")).and_then(|line| {
            line.trim_end_matches('.').rsplit(' ').next().and_then(|word| word.parse::<u16>().ok())
        });
        if let Some(port) = port {
            return Ok(SocketAddr::from(([127, 0, 0, 1], port)));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("chromedriver did not say its port")
}

async fn command(
    driver: SocketAddr,
    method: &str,
    path: &str,
    body: Option<Value>,
    patience: Duration,
) -> Result<Value> {
    let exchange = async {
        let mut connection = Connection::open(&Peer::Tcp(driver)).await?;
        let body = body.map(|b| b.to_string()).unwrap_or_default();
        let headers = ["Content-Type: application/json", "Connection: close"];
        let head = connection.request(method, path, &headers, body.as_bytes()).await?;
        let answer: Value = serde_json::from_slice(&connection.body().await?)?;
        let value = &answer["value"];
        ensure!(
            head.status == 200,
            "WebDriver {path}: {}: {}",
            value["error"].as_str().unwrap_or("?"),
            value["message"].as_str().unwrap_or("?").lines().next().unwrap_or("?"),
        );
        Ok(value.clone())
    };
    tokio::time::timeout(patience, exchange).await.with_context(|| format!("WebDriver {path}: no answer"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drives_a_real_browser() {
        let options = BrowserOptions { language: Some("fr-FR".into()), ..BrowserOptions::default() };
        let browser = Browser::start_with(options).await.unwrap();
        let page = "data:text/html,<title>t</title><button id=b onclick=\"this.textContent='oui'\">non</button>\
                    <script>onkeydown=e=>document.title=e.key</script>";
        browser.open(page).await.unwrap();
        browser.click("#b").await.unwrap();
        assert_eq!(browser.text("#b").await.unwrap(), "oui");
        browser.press("f").await.unwrap();
        browser.wait_for("return document.title == 'f'", Duration::from_secs(2)).await.unwrap();
        let sum = browser.execute("return Promise.resolve(arguments[0] + 1)", &[json!(41)]).await.unwrap();
        assert_eq!(sum, 42);
        assert_eq!(browser.execute("return navigator.language", &[]).await.unwrap(), "fr-FR");
        assert!(browser.screenshot(None).await.unwrap().starts_with(b"\x89PNG"));
        assert!(browser.execute("return nothing.here", &[]).await.is_err());
        let pid = browser.browser_pid.unwrap();
        browser.close().await.unwrap();
        let gone = Instant::now() + Duration::from_secs(5);
        while crate::process::stat(pid).is_some_and(|p| p.state != 'Z') && Instant::now() < gone {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(Instant::now() < gone, "Chromium outlived its session");
    }
}
