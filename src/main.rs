//! relais: parses the command line and dispatches.

use clap::Parser;
use relais::cli::{self, Cli};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut runtime = match cli.is_service() {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    let outcome = match runtime.enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(cli.run());
            // A thread that waits for a dead disk must not hold up the end.
            runtime.shutdown_timeout(Duration::from_millis(500));
            outcome
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::report(&error),
    }
}
