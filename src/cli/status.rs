//! `relais status`

use super::output::{Output, Table, Tone, clean, duration, time};
use crate::client::{Client, Feeds, OnAir, Version};
use serde_json::json;

pub(super) async fn run(client: &Client, out: &Output) -> anyhow::Result<()> {
    let version = client.version().await?;
    let on_air = client.on_air().await?;
    let feeds = client.feeds().await?;
    let json = json!({"service": version.json, "on_air": on_air.json, "feeds": feeds.json["feeds"]});
    out.show(&json, || text(out, &version.value, &on_air.value, &feeds.value))?;
    Ok(())
}

fn text(out: &Output, version: &Version, on_air: &OnAir, feeds: &Feeds) -> String {
    let mut text = format!("relais {}", clean(&version.version));
    if let Some(uptime) = version.uptime {
        text.push_str(&format!(", up {}", duration(uptime)));
    }
    text.push('\n');
    text.push_str(&on_air_line(out, on_air));
    if feeds.feeds.is_empty() {
        return text;
    }
    let mut table = Table::new(&["id", "channel", "viewers", "kbit/s", "state", "reason"]);
    for feed in &feeds.feeds {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.0}"));
        table.row(vec![
            feed.channel_id.to_string(),
            feed.name.clone().unwrap_or_default(),
            feed.viewers.map_or_else(String::new, |viewers| viewers.to_string()),
            number(feed.bitrate),
            feed.state.clone(),
            feed.detail.clone().or_else(|| feed.reason.clone()).unwrap_or_default(),
        ]);
    }
    format!("{text}\n{table}")
}

fn on_air_line(out: &Output, on_air: &OnAir) -> String {
    if !on_air.active {
        return "Nothing on air\n".to_owned();
    }
    let state = on_air.state.as_deref().unwrap_or("unknown");
    let tone = match state {
        "live" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Middling,
    };
    let name = clean(on_air.channel_name.as_deref().unwrap_or("?"));
    let id = on_air.channel_id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    let viewers = match on_air.viewers {
        Some(1) => ", 1 viewer".to_owned(),
        Some(viewers) => format!(", {viewers} viewers"),
        None => String::new(),
    };
    let since =
        on_air.started_at.as_deref().map_or_else(String::new, |at| format!(", since {}", clean(&time(at))));
    format!("On air: {name}{id}, {}{viewers}{since}\n", out.tint(tone, &clean(state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_air_comes_first_and_feeds_follow_with_their_reasons() {
        let version = serde_json::from_value(json!({"version": "0.1.0", "uptime": 3700})).expect("version");
        let on_air = json!({"active": true, "channel_id": 7, "channel_name": "TF1 HD", "state": "live", "viewers": 1,
            "started_at": "2025-12-24T10:30:00"});
        let on_air: OnAir = serde_json::from_value(on_air).expect("on air");
        let feeds = json!({"feeds": [
            {"channel_id": 7, "name": "TF1 HD", "state": "live", "viewers": 1, "bitrate": 4012},
            {"channel_id": "x", "name": "X", "state": "reconnecting", "reason": "limit", "detail": null, "viewers": 0}]});
        let feeds: Feeds = serde_json::from_value(feeds).expect("feeds");
        let text = text(&Output::plain(), &version, &on_air, &feeds);
        let expected = "relais 0.1.0, up 1 h 1 min\n\
            On air: TF1 HD (7), live, 1 viewer, since 2025-12-24 10:30 UTC\n\n\
            ID  CHANNEL  VIEWERS  KBIT/S  STATE         REASON\n\
            7   TF1 HD   1        4012    live\n\
            x   X        0                reconnecting  limit\n";
        assert_eq!(text, expected);
    }
}
