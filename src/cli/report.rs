//! How a failure is told: one line on stderr, and the exit code.

use super::output::clean;
use std::io::{self, Write};
use std::process::ExitCode;

/// It failed, and all that there is to say was said.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(super) struct Told;

/// Prints `relais: …`, causes joined by `: `, and returns the exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(closed)) {
        // `relais channel list | head`: whoever reads has enough.
        return ExitCode::SUCCESS;
    }
    if !error.is::<Told>() {
        // Without a stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "relais: {}", clean(&line(error)));
    }
    ExitCode::FAILURE
}

/// The chain in one line. Many errors quote their cause themselves: what was said is not said again.
fn line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if line.contains(&cause) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&cause);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn causes_are_joined_and_not_repeated() {
        let io = io::Error::other("disk full");
        let error = Err::<(), _>(io).context("can't write: disk full").context("no logs").expect_err("error");
        assert_eq!(line(&error), "no logs: can't write: disk full");
    }
}
