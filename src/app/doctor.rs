//! What the doctor asks of other rooms.

use crate::client::Client;
use crate::config::Config;
use crate::ffmpeg::{Tool, ToolOptions};
use crate::ops::doctor::{FfmpegFound, Probes, ProviderFound};

/// The probes; providers are known to the service alone, so it is asked where it runs.
pub async fn probes(config: &Config, client: &Client) -> Probes {
    let path = Some(config.ffmpeg.path.clone()).filter(|path| !path.as_os_str().is_empty());
    let providers = client.providers().await;
    let running = client.version().await.is_ok();
    Probes {
        ffmpeg: Box::pin(async move {
            let tool =
                Tool::find(ToolOptions { path, ledger: None }).await.map_err(|error| error.to_string())?;
            Ok(FfmpegFound {
                version: tool.abilities().version.clone(),
                path: tool.path().to_owned(),
                missing: tool.abilities().lacks(),
            })
        }),
        providers: Box::pin(async move {
            let answer = providers.map_err(|error| error.to_string())?;
            let found = |provider: crate::client::Provider| ProviderFound {
                name: provider.name,
                answer: provider.error.map_or(Ok(None), Err),
                exposed_schemes: Vec::new(),
            };
            Ok(answer.value.providers.into_iter().map(found).collect())
        }),
        running,
    }
}
