//! `relais start CHANNEL`

use super::output::{Output, clean};
use super::pick::with_channel;
use crate::client::Client;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Start {
    /// Its id, or an unambiguous part of its name
    channel: String,
}

impl Start {
    pub(super) async fn run(self, client: &Client, out: &Output) -> anyhow::Result<()> {
        let answer = with_channel(client, &self.channel, async |id| client.start(id).await).await?;
        out.show(&answer.json, || format!("On air: {}", clean(&answer.value.channel_name)))?;
        Ok(())
    }
}
