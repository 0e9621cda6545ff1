//! From the request to a picture in Chromium on the player page, and what becomes of it over a minute.
//!
//! Cold: the page is open, nothing is on air; a channel that nobody watched is put on air. Live: the page is opened
//! on a channel that runs. Switch: another channel that runs is put on air. A picture is there when a frame of it can
//! be seen, a switch when one of the other colour can.

use super::Effort;
use super::line::Line as BadLine;
use super::report::{Line, Target, median};
use anyhow::{Context, Result};
use harness::hell::{Behaviour, ChannelSpec, ClipSpec, Hell, HellOptions, Join};
use harness::http1::Url;
use harness::relais::{Relais, RelaisOptions};
use harness::webdriver::Browser;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds between keyframes.
const GOP: f64 = 2.0;
const KBITS: u32 = 1500;
const COLOURS: [&str; 2] = ["green", "red"];
const PATIENCE: Duration = Duration::from_secs(25);

/// Runs in every document before its own scripts: when which colour could be seen, by the clock on the wall, how often
/// the picture had to wait, and when the steps on the way there were taken first.
///
/// A frame that is presented on the element behind can be seen once the element is in front and the browser has
/// painted that: with the second animation frame from then.
const WITNESS: &str = r#"
window.witness = { first: null, colour: '', shown: {}, waits: 0, steps: {} };
{
  const step = (name) => { witness.steps[name] ??= performance.timeOrigin + performance.now(); };
  const fetches = window.fetch;
  window.fetch = async (...all) => {
    step('asked');
    const response = await fetches(...all);
    step('answered');
    return response;
  };
  const { read } = ReadableStreamDefaultReader.prototype;
  ReadableStreamDefaultReader.prototype.read = async function () {
    const result = await read.call(this);
    step('bytes');
    return result;
  };
  const { appendBuffer } = SourceBuffer.prototype;
  SourceBuffer.prototype.appendBuffer = function (bytes) {
    if (bytes.byteLength > 2000) step('appended');
    return appendBuffer.call(this, bytes);
  };
  document.addEventListener('waiting', ({ target }) => {
    if (target.classList.contains('front') && !target.seeking && target.currentTime > 0) witness.waits += 1;
  }, true);
  document.addEventListener('playing', () => step('moves'), true);
  const decoded = new WeakSet();
  document.addEventListener('loadstart', ({ target }) => decoded.delete(target), true);
  document.addEventListener('DOMContentLoaded', () => {
    const canvas = document.createElement('canvas');
    canvas.width = 16; canvas.height = 9;
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    const seen = (video, now) => {
      const when = performance.timeOrigin + now;
      witness.first ??= when;
      pen.drawImage(video, 0, 0, 16, 9);
      const [r, g] = pen.getImageData(2, 2, 1, 1).data;
      const colour = r > g + 40 ? 'red' : 'green';
      if (colour !== witness.colour) { witness.colour = colour; witness.shown[colour] = when; }
    };
    for (const video of document.querySelectorAll('video')) {
      const presented = (now) => {
        video.requestVideoFrameCallback(presented);
        step('frame');
        decoded.add(video);
        if (video.classList.contains('front')) seen(video, now);
      };
      video.requestVideoFrameCallback(presented);
      new MutationObserver(() => {
        if (!video.classList.contains('front') || !decoded.has(video)) return;
        requestAnimationFrame(() => requestAnimationFrame((now) => seen(video, now)));
      }).observe(video, { attributeFilter: ['class'] });
    }
  });
}
"#;
/// The steps that it notes, in their order. A picture stands still until the page has enough in hand.
const STEPS: [&str; 6] = ["asked", "answered", "bytes", "appended", "frame", "moves"];

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// How a source sends, and how long its first picture is away at a given time of its clock.
#[derive(Debug, Clone, Copy)]
enum Sends {
    Paced,
    Every(f64),
}

impl Sends {
    fn conduct(self, behaviour: &mut Behaviour) {
        if let Self::Every(seconds) = self {
            (behaviour.grid, behaviour.join) = (seconds, Join::Keyframe);
        }
    }

    fn period(self) -> f64 {
        match self {
            Self::Paced => GOP,
            Self::Every(seconds) => seconds,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Paced => "paced source".into(),
            Self::Every(seconds) => format!("source that sends every {seconds} s"),
        }
    }
}

struct Stage {
    hell: Hell,
    relais: Relais,
    browser: Browser,
    ids: Vec<Value>,
}

impl Stage {
    /// `count` channels, green and red in turn, and a browser without a page.
    async fn new(sends: Sends, count: usize) -> Result<Self> {
        let channels = (0..count).map(|n| {
            let id = (n + 1).to_string();
            let clip = ClipSpec::named(&format!("CH {id}"), COLOURS[n % 2]).gop(GOP as u32).kbits(KBITS);
            let mut behaviour = Behaviour::showing(clip);
            sends.conduct(&mut behaviour);
            ChannelSpec::new(&id, behaviour)
        });
        let hell =
            Hell::start(HellOptions::channels(channels).limit(count, harness::hell::Over::Status(458), 0.0))
                .await?;
        let relais = Relais::start(RelaisOptions::default()).await?;
        relais.add_xtream(&hell).await?;
        let mut ids = Vec::new();
        for channel in hell.all_channels() {
            ids.push(relais.channel_id(&hell, &channel.id).await?);
        }
        let browser = Browser::start().await?;
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WITNESS })).await?;
        Ok(Self { hell, relais, browser, ids })
    }

    /// Puts channel `number` on air; when that was asked for.
    async fn put(&self, number: usize) -> Result<f64> {
        let asked = now();
        let body = json!({"channel_id": self.ids[number]});
        self.relais.api("POST", "/start_stream", Some(body)).await?;
        Ok(asked)
    }

    /// The time that a script gives, milliseconds since 1970, as seconds.
    async fn when(&self, script: &str) -> Result<f64> {
        let (value, _) = self.browser.wait_for(&format!("return {script}"), PATIENCE).await?;
        Ok(value.as_f64().context("no time")? / 1000.0)
    }

    /// When the steps were taken, as seconds since 1970; NaN where one was not. Waits for the last.
    async fn steps(&self) -> Result<[f64; STEPS.len()]> {
        self.when("witness.steps.moves").await?;
        let steps = self.browser.execute("return witness.steps", &[]).await?;
        Ok(STEPS.map(|step| steps[step].as_f64().unwrap_or(f64::NAN) / 1000.0))
    }

    /// Waits until the channel's clock has this share of its period behind it.
    async fn phase(&self, number: usize, period: f64, share: f64) {
        let clock = || self.hell.all_channels()[number].now() as f64 / 90_000.0;
        let wait = (period * share - clock() % period).rem_euclid(period);
        tokio::time::sleep(Duration::from_secs_f64(wait)).await;
    }

    /// How often the picture waits in so long a time.
    async fn waits(&self, span: Duration) -> Result<f64> {
        let count = "return witness.waits";
        let before = self.browser.execute(count, &[]).await?;
        tokio::time::sleep(span).await;
        let after = self.browser.execute(count, &[]).await?;
        Ok(after.as_f64().context("no count")? - before.as_f64().context("no count")?)
    }
}

pub async fn run(effort: Effort) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for sends in [Sends::Paced, Sends::Every(4.0), Sends::Every(10.0)] {
        lines.extend(cold(sends, false, effort).await?);
        if effort.quick {
            break;
        }
    }
    lines.extend(live(effort).await?);
    lines.extend(cold(Sends::Paced, true, effort).await?);
    Ok(lines)
}

async fn cold(sends: Sends, over_line: bool, effort: Effort) -> Result<Vec<Line>> {
    let runs = effort.runs();
    let stage = Stage::new(sends, runs).await?;
    let public = stage.relais.public_url();
    let line = match over_line {
        true => Some(BadLine::start(Url::parse(&public)?.peer, 50, 30, 1).await?),
        false => None,
    };
    let base = line.as_ref().map_or(public, BadLine::url);
    stage.browser.open(&format!("{base}/watch/")).await?;
    let (mut beyond, mut totals, mut waits, mut steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        stage.browser.wait_for("return relaisPlayer.state === 'idle'", PATIENCE).await?;
        stage.browser.execute("witness.first = null; witness.steps = {}", &[]).await?;
        let (period, share) = (sends.period(), (run as f64 + 0.5) / runs as f64);
        stage.phase(run, period, share).await;
        let asked = stage.put(run).await?;
        let total = stage.when("witness.first").await? - asked;
        totals.push(total);
        let wait = period * (1.0 - share);
        beyond.push(total - wait);
        steps.push(stage.steps().await?.map(|step| step - asked - wait));
        if run == 0 {
            waits.push(stage.waits(effort.time(Duration::from_secs(60))).await?);
        }
        stage.relais.stop_stream().await?;
    }
    let over = if over_line { ", line of 50 +- 30 ms, 1 % loss" } else { "" };
    let what = format!("picture beyond the keyframe wait, cold, {}{over}", sends.words());
    let mut first = Line::new("picture", what, "s", Target::AtMost(0.3)).ours(beyond);
    first = first.note(format!("in all {:.2} s", median(&totals)));
    first = first.note(format!("from the keyframe on: {}", way(&steps)));
    if let Some(line) = &line {
        let control = &line.control;
        first = first.note(format!("the line is tests/bench/line.py, in user space; TCP: {control}"));
    }
    let what = format!("waits in a minute, {}{over}", sends.words());
    Ok(vec![first, Line::new("picture", what, "waits", Target::AtMost(0.0)).ours(waits)])
}

/// The medians of the steps.
fn way(runs: &[[f64; STEPS.len()]]) -> String {
    let words = STEPS.iter().enumerate().map(|(n, step)| {
        let times: Vec<f64> = runs.iter().map(|run| run[n]).collect();
        format!("{step} {:.3}", median(&times))
    });
    words.collect::<Vec<_>>().join(", ")
}

async fn live(effort: Effort) -> Result<Vec<Line>> {
    let stage = Stage::new(Sends::Paced, 2).await?;
    let page = format!("{}/watch/", stage.relais.public_url());
    stage.put(0).await?;
    // Both channels run all the time.
    let mut keepers = Vec::new();
    for id in ["1", "2"] {
        let ts = stage.relais.link(&stage.hell, id).await?.ts;
        let (_, mut connection) = harness::http1::open(&ts, &[]).await?;
        keepers.push(tokio::spawn(async move { while let Ok(Some(_)) = connection.chunk().await {} }));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (mut joins, mut switches, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    let mut visit = None;
    for run in 0..=effort.runs() {
        stage.phase(0, GOP, run as f64 / (effort.runs() + 1) as f64).await;
        stage.browser.open(&page).await?;
        let took = stage.when("witness.first && witness.first - performance.timeOrigin + 1e-9").await?;
        match visit {
            None => visit = Some(took),
            Some(_) => {
                joins.push(took);
                let origin = stage.when("performance.timeOrigin").await?;
                steps.push(stage.steps().await?.map(|step| step - origin));
            }
        }
    }
    for run in 0..effort.runs() * 2 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let (number, colour) = ((run + 1) % 2, COLOURS[(run + 1) % 2]);
        stage.phase(number, GOP, run as f64 / (effort.runs() * 2) as f64).await;
        let asked = stage.put(number).await?;
        let shown = stage
            .when(&format!("witness.shown.{colour} > {} && witness.shown.{colour}", asked * 1000.0))
            .await?;
        switches.push(shown - asked);
    }
    for keeper in keepers {
        keeper.abort();
    }
    Ok(vec![
        Line::new(
            "picture",
            "page opened on a live channel: navigation to picture",
            "s",
            Target::AtMost(0.3),
        )
        .ours(joins)
        .note(format!("the browser's very first visit: {:.2} s", visit.unwrap_or(f64::NAN)))
        .note(way(&steps)),
        Line::new("picture", "on-air switch between live channels", "s", Target::AtMost(1.0)).ours(switches),
    ])
}
