//! One static executable, that runs in an empty root directory.

use anyhow::{Context, Result, ensure};
use harness::http1;
use harness::process::Guard;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_relais");

#[test]
fn nothing_is_linked_dynamically() -> Result<()> {
    let output = Command::new("ldd").arg(BINARY).output().context("ldd")?;
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    ensure!(text.contains("statically linked") || text.contains("not a dynamic executable"), "ldd: {text}");
    Ok(())
}

/// `chroot` where this is root, else inside a user namespace.
fn in_root(root: &Path) -> Command {
    if harness::judge::tools::is_root() {
        let mut command = Command::new("chroot");
        command.arg(root);
        return command;
    }
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "chroot"]).arg(root);
    command
}

#[tokio::test]
async fn it_serves_from_an_empty_root() -> Result<()> {
    let root = tempfile::tempdir()?;
    std::fs::copy(BINARY, root.path().join("relais"))?;
    let output = in_root(root.path()).args(["/relais", "--version"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success() && text.contains("relais"), "--version: {text} {output:?}");

    let log = std::fs::File::create(root.path().join("log"))?;
    let mut command = in_root(root.path());
    command.args(["/relais", "serve"]).env_clear();
    for (name, value) in [
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/"),
        ("RELAIS_DATA_DIR", "/data"),
        ("RELAIS_RUN_DIR", "/run"),
        ("RELAIS_API_LISTEN", "127.0.0.1:0"),
        ("RELAIS_PUBLIC_LISTEN", "127.0.0.1:0"),
        ("RELAIS_RTMP_LISTEN", ""),
        ("RELAIS_ADMIN_SOCKET", "/admin.sock"),
        ("RELAIS_CONFIG", "/relais.toml"),
    ] {
        command.env(name, value);
    }
    std::fs::write(root.path().join("relais.toml"), "run_dir = \"/run\"\n")?;
    for folder in ["data", "run"] {
        std::fs::create_dir(root.path().join(folder))?;
    }
    let mut process = Guard::spawn(command.stdout(log.try_clone()?).stderr(log))?;
    let words = || std::fs::read_to_string(root.path().join("log")).unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(20);
    let listeners = loop {
        if let Ok(Ok(listeners)) = std::fs::read(root.path().join("run/listeners.json"))
            .map(|b| serde_json::from_slice::<serde_json::Value>(&b))
        {
            break listeners;
        }
        ensure!(process.ended()?.is_none(), "relais ended: {}", words());
        ensure!(Instant::now() < deadline, "relais does not listen: {}", words());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let public = listeners["public"].as_str().context("no public listener")?;
    let health = http1::get(&format!("http://{public}/health")).await?.ok()?.json()?;
    ensure!(health["status"] == "healthy", "{health}");
    Ok(())
}
