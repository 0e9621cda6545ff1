//! What the configuration says is done.

use anyhow::{Context, Result, ensure};
use harness::hell::{ChannelSpec, Hell, HellOptions};
use harness::relais::{Relais, RelaisOptions};
use serde_json::json;

#[tokio::test]
async fn limits_and_lives_are_those_of_the_file() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let toml = "[limits]\nbody = \"8KiB\"\n[access]\nlink_hours = 2\nsign_in = 120\n";
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais")).config(toml)).await?;
    relais.add_xtream(&hell).await?;
    let channel = relais.channel_id(&hell, "1").await?;

    let large = json!({"channel_id": channel, "filling": "x".repeat(9 << 10)});
    let status = relais.call("POST", "/generate_link", Some(large)).await?.status();
    ensure!(status == 413, "a body of 9 KiB: {status}");

    let hours = async |body| {
        let made = relais.api("POST", "/generate_link", Some(body)).await?;
        let until: jiff::Timestamp = made["expires_at"].as_str().context("no expires_at")?.parse()?;
        anyhow::Ok((until.as_second() - jiff::Timestamp::now().as_second() + 1800) / 3600)
    };
    ensure!(hours(json!({"channel_id": channel})).await? == 2);
    ensure!(hours(json!({"channel_id": channel, "ttl_hours": 8760})).await? == 8760);

    let password = relais.api("POST", "/api/admin/password", Some(json!({}))).await?;
    let login = json!({"username": "admin", "password": password["password"]});
    let signed_in = relais.api("POST", "/api/auth/login", Some(login)).await?;
    ensure!(signed_in["expires_in"] == 120, "{signed_in}");
    Ok(())
}
