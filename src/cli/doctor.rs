//! `relais doctor`

use super::output::{Output, Tone, clean};
use super::report::Told;
use crate::app;
use crate::client::Client;
use crate::config::Config;
use crate::ops::doctor::{Check, Verdict, examine};
use serde_json::json;

pub(super) async fn run(config: &Config, client: &Client, out: &Output) -> anyhow::Result<()> {
    let checks = examine(config, app::probes(config, client).await).await;
    out.show(&json!({"checks": checks}), || checks.iter().map(|check| line(out, check)).collect())?;
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    if failed { Err(Told.into()) } else { Ok(()) }
}

fn line(out: &Output, check: &Check) -> String {
    let (tone, word) = match check.verdict {
        Verdict::Ok => (Tone::Good, "ok  "),
        Verdict::Warn => (Tone::Middling, "warn"),
        Verdict::Fail => (Tone::Bad, "FAIL"),
    };
    let finding = format!("{}  {}: {}\n", out.tint(tone, word), clean(&check.name), clean(&check.words));
    match &check.remedy {
        Some(remedy) => format!("{finding}      {}\n", clean(remedy)),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do_another() {
        let out = Output::plain();
        assert_eq!(line(&out, &Check::ok("clock", "plausible")), "ok    clock: plausible\n");
        let text = line(&out, &Check::fail("port api", "taken", "stop the other"));
        assert_eq!(text, "FAIL  port api: taken\n      stop the other\n");
    }
}
