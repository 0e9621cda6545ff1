//! `relais serve`

use crate::app::{self, Settings};
use crate::config::Config;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Run an embedded demo provider with six test-pattern channels, one of them on air
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) async fn run(self, config: Config) -> anyhow::Result<()> {
        app::run(Settings { config, demo: self.demo }).await
    }
}
