//! `relais config …`

use super::output::{Output, clean};
use super::report::Told;
use crate::config::{Config, ConfigError, Place};
use clap::Subcommand;
use serde_json::json;
use std::io::{self, Write};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the configuration and say what is wrong with it; with --json, also show what is in force
    Check,
}

impl Command {
    pub(super) fn run(self, loaded: Result<Config, ConfigError>, out: &Output) -> anyhow::Result<()> {
        let Self::Check = self;
        match loaded {
            Ok(config) => {
                let json = json!({"valid": true, "file": config.file, "file_found": config.file_found,
                    "problems": [], "warnings": config.warnings, "config": config.to_toml()?});
                out.show(&json, || text(&config))?;
                Ok(())
            }
            Err(error) => {
                let problems: Vec<_> = error.problems().iter().map(|problem| {
                    let (file, line) = match &problem.place {
                        Place::File(path, line) => (Some(path), *line),
                        Place::Environment | Place::Default => (None, None),
                    };
                    json!({"file": file, "line": line, "key": problem.key, "value": problem.value, "why": problem.why})
                }).collect();
                let json = json!({"valid": false, "problems": problems});
                out.show(&json, String::new)?;
                for problem in error.problems() {
                    writeln!(io::stderr(), "relais: {}", clean(&problem.to_string()))?;
                }
                Err(Told.into())
            }
        }
    }
}

fn text(config: &Config) -> String {
    let mut text = match config.file_found {
        true => format!("{} is valid", config.file.display()),
        false => format!("There is no file at {}: the defaults hold", config.file.display()),
    };
    for warning in &config.warnings {
        text.push_str(&format!("\nwarning: {warning}"));
    }
    text
}
