//! A viewer: one browser on the player page. What it asserts it reads from the video elements themselves,
//! not from what the page says of itself.

use anyhow::{Context, Result, bail, ensure};
use harness::webdriver::{Browser, BrowserOptions};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Which way the page is to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Auto,
    Ts,
    Hls,
}

/// Runs in every document of the browser before its own scripts.
const WITNESS: &str = r#"
window.witness = { waiting: 0, born: Math.random(), mark: 0 };
document.addEventListener('waiting', ({ target }) => {
  if (target.classList.contains('front') && !target.seeking) window.witness.waiting += 1;
}, true);
window.witness.colour = () => {
  const video = document.querySelector('video.front');
  if (!video || video.readyState < 2) return '';
  const canvas = document.createElement('canvas');
  canvas.width = 16; canvas.height = 9;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 16, 9);
  const [r, g, b] = pen.getImageData(2, 2, 1, 1).data;
  return r > g + 40 && r > b + 40 ? 'red' : g > r + 40 && g > b + 40 ? 'green' : `rgb(${r},${g},${b})`;
};
"#;

const LOOK: &str = "const video = document.querySelector('video.front');
    return { time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames,
             waiting: witness.waiting,
             state: relaisPlayer.state, engine: relaisPlayer.engine, stats: relaisPlayer.stats() };";

pub(crate) struct Viewer {
    browser: Browser,
    url: String,
    born: Value,
}

impl Viewer {
    pub(crate) async fn open(base: &str, engine: Engine) -> Result<Self> {
        Self::open_in(base, engine, "en-GB").await
    }

    pub(crate) async fn open_in(base: &str, engine: Engine, language: &str) -> Result<Self> {
        let options = BrowserOptions { language: Some(language.to_owned()), ..BrowserOptions::default() };
        let browser = Browser::start_with(options).await?;
        let source = serde_json::json!({ "source": WITNESS });
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", source).await?;
        let query = match engine {
            Engine::Auto => "",
            Engine::Ts => "?engine=ts",
            Engine::Hls => "?engine=hls",
        };
        let url = format!("{base}/watch/{query}");
        browser.open(&url).await?;
        let born = browser.execute("return witness.born", &[]).await?;
        Ok(Self { browser, url, born })
    }

    /// Waits until the picture has this colour; how long after the last [`Self::mark`], or after this call.
    pub(crate) async fn shows(&self, colour: &str, patience: Duration) -> Result<Duration> {
        let script = format!(
            "const until = performance.now() + {};
             const from = witness.mark || performance.now();
             return new Promise((tell) => {{
               const look = () => {{
                 const seen = witness.colour();
                 if (seen === '{colour}') {{ witness.mark = 0; tell({{ after: performance.now() - from }}); }}
                 else if (performance.now() > until) tell({{ seen }});
                 else setTimeout(look, 20);
               }};
               look();
             }});",
            patience.as_millis()
        );
        let answer = self.browser.execute(&script, &[]).await?;
        match answer["after"].as_f64() {
            Some(after) => Ok(Duration::from_secs_f64(after / 1000.0)),
            None => bail!("not {colour} within {patience:?} but {}; {}", answer["seen"], self.look().await?),
        }
    }

    /// Waits until what is shown moves: the page stands still on its first picture until enough is in hand.
    pub(crate) async fn runs(&self, patience: Duration) -> Result<()> {
        let script = "const video = document.querySelector('video.front');
            return video && !video.paused && video.currentTime > 0.2 && video.played.length > 0";
        let (_, took) = self.browser.wait_for(script, patience).await?;
        let look = self.look().await?;
        println!(
            "first frame {:.0} ms after the page, moving {took:.1?} later",
            number(&look["stats"], "firstFrameMs")?
        );
        Ok(())
    }

    /// From here on [`Self::shows`] measures.
    pub(crate) async fn mark(&self) -> Result<()> {
        self.browser.execute("witness.mark = performance.now()", &[]).await.map(drop)
    }

    async fn look(&self) -> Result<Value> {
        self.browser.execute(LOOK, &[]).await
    }

    /// Plays for so long without a `waiting` event: time and decoded frames go on, at 0.85 of the clock at least
    /// (the page slows down to 0.9 where little is in hand).
    pub(crate) async fn plays_on(&self, span: Duration) -> Result<()> {
        let (before, began) = (self.look().await?, Instant::now());
        let mut last = before.clone();
        let (mut media, mut frames) = (0.0, 0.0);
        let (mut looked, mut untold) = (began, 0.0);
        while began.elapsed() < span {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.look().await?;
            let passed = looked.elapsed().as_secs_f64();
            looked = Instant::now();
            // A new stream on the other element begins at another time, and counts its frames anew: how much was
            // played while that happened can't be told.
            let step = number(&now, "time")? - number(&last, "time")?;
            let shown = number(&now, "frames")? - number(&last, "frames")?;
            if (0.0..2.5).contains(&step) && shown >= 0.0 {
                media += step;
                frames += shown;
            } else {
                untold += passed;
            }
            last = now;
        }
        let whole = began.elapsed().as_secs_f64();
        ensure!(untold <= 2.5, "{untold:.1} s of {whole:.1} can't be told: too many new streams; {last}");
        let span = whole - untold;
        let stalls = number(&last, "waiting")? - number(&before, "waiting")?;
        ensure!(stalls == 0.0, "{stalls} stalls in {span:.1} s; {last}");
        ensure!(media >= 0.85 * span - 0.5, "{media:.1} s of media in {span:.1} s; {last}");
        ensure!(frames >= 0.8 * 25.0 * span - 15.0, "{frames} frames in {span:.1} s; {last}");
        ensure!(last["state"] == "playing", "{last}");
        Ok(())
    }

    /// After an interruption: the picture has this colour, and time goes on for 2 s without standing still.
    pub(crate) async fn moves_again(&self, colour: &str, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        let mut steady = 0;
        let mut before = number(&self.look().await?, "time")?;
        while Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = self.look().await?;
            let time = number(&now, "time")?;
            let right = self.browser.execute("return witness.colour()", &[]).await? == colour;
            steady = if right && time > before + 0.3 && now["state"] == "playing" { steady + 1 } else { 0 };
            if steady == 4 {
                return Ok(());
            }
            before = time;
        }
        bail!("does not play again within {patience:?}; {}", self.look().await?)
    }

    pub(crate) async fn engine(&self) -> Result<String> {
        let value = self.browser.execute("return relaisPlayer.engine", &[]).await?;
        Ok(value.as_str().context("no engine")?.to_owned())
    }

    /// Waits until an element has this visible text.
    pub(crate) async fn says(&self, css: &str, words: &str) -> Result<()> {
        self.says_within(css, words, Duration::from_secs(5)).await
    }

    pub(crate) async fn says_within(&self, css: &str, words: &str, patience: Duration) -> Result<()> {
        let script = format!("return document.querySelector('{css}').innerText === {words:?}");
        self.browser.wait_for(&script, patience).await.map(drop)
    }

    /// Waits until sound is decoded, and goes on being.
    pub(crate) async fn sounds(&self, patience: Duration) -> Result<()> {
        let script = "const video = document.querySelector('video.front');
            const now = video.webkitAudioDecodedByteCount;
            if (video !== witness.sounding?.video || now < witness.sounding.from) witness.sounding = { video, from: now };
            return now - witness.sounding.from > 40_000";
        let heard = self.browser.wait_for(script, patience).await;
        heard.map(drop).with_context(|| "no sound")
    }

    /// The document is the one that was opened.
    pub(crate) async fn same_page(&self) -> Result<bool> {
        Ok(self.browser.execute("return witness.born", &[]).await? == self.born)
    }

    /// The media's address stands neither in the page nor in the address bar, and the policy held.
    pub(crate) async fn keeps_its_secrets(&self) -> Result<()> {
        ensure!(self.browser.url().await? == self.url);
        let page =
            self.browser.execute("return document.body.innerText + document.body.outerHTML", &[]).await?;
        let page = page.as_str().context("no page")?;
        for part in ["internal_stream", "session=", "/live/"] {
            ensure!(!page.contains(part), "{part} stands in the page");
        }
        let refused =
            |entry: &&Value| entry["message"].as_str().is_some_and(|it| it.contains("Content Security"));
        let console = self.browser.log("browser").await?;
        ensure!(console.iter().find(refused).is_none(), "{console:?}");
        Ok(())
    }
}

fn number(value: &Value, key: &str) -> Result<f64> {
    value[key].as_f64().with_context(|| format!("no {key} in {value}"))
}
