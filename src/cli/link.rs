//! `relais link CHANNEL`

use super::output::{Output, clean, time};
use super::pick::with_channel;
use crate::client::Client;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Link {
    /// Its id, or an unambiguous part of its name
    channel: String,
    /// How many hours the link works [default: as configured, 24]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: Option<u32>,
}

impl Link {
    pub(super) async fn run(self, client: &Client, out: &Output) -> anyhow::Result<()> {
        let answer =
            with_channel(client, &self.channel, async |id| client.link(id, self.hours).await).await?;
        let link = &answer.value;
        out.show(&answer.json, || {
            let mut lines = vec![format!("TS:   {}", link.url)];
            lines.extend(link.hls_url.as_ref().map(|url| format!("HLS:  {url}")));
            lines.extend(link.expires_at.as_ref().map(|at| format!("Until {}", time(at))));
            clean(&lines.join("\n"))
        })?;
        Ok(())
    }
}
