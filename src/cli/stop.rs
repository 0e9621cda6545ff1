//! `relais stop`

use super::output::{Output, clean};
use crate::client::Client;

pub(super) async fn run(client: &Client, out: &Output) -> anyhow::Result<()> {
    let answer = client.stop().await?;
    let message = answer.value.message.as_deref().unwrap_or("Nothing is on air");
    out.show(&answer.json, || clean(message))?;
    Ok(())
}
