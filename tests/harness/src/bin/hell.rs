//! The provider from hell as a process: `hell --port 9000 --channels 6`, or `hell --options file.json`.

use anyhow::Result;
use clap::Parser;
use harness::hell::{ChannelSpec, Hell, HellOptions};

#[derive(Parser)]
#[command(about = "A provider that misbehaves on request")]
struct Arguments {
    /// 0: any free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// So many well-behaved channels.
    #[arg(long, default_value_t = 6)]
    channels: usize,
    /// Bitrate of each in kbit/s, filled up; 0: what the pictures need.
    #[arg(long, default_value_t = 0)]
    kbits: u32,
    /// Seconds between keyframes.
    #[arg(long, default_value_t = 2)]
    gop: u32,
    /// Accounts, channels and behaviours as JSON, instead of the above.
    #[arg(long)]
    options: Option<std::path::PathBuf>,
}

const COLOURS: [&str; 6] = ["navy", "darkgreen", "maroon", "purple", "teal", "olive"];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut options = match &arguments.options {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => HellOptions::channels((0..arguments.channels).map(|n| {
            let mut spec = ChannelSpec::plain(&(n + 1).to_string(), COLOURS[n % COLOURS.len()]);
            let clip = spec.behaviour.clip.clone().gop(arguments.gop);
            spec.behaviour.clip = if arguments.kbits > 0 { clip.kbits(arguments.kbits) } else { clip };
            spec
        })),
    };
    options.port = arguments.port;
    let hell = Hell::start(options).await?;
    let account = hell.account();
    println!("url {}", hell.url());
    println!("username {} password {}", account.username, account.password);
    println!("m3u {}", hell.m3u_url("ts"));
    for channel in hell.all_channels() {
        println!("channel {} {}", channel.id, hell.media_url(&channel.id, "ts"));
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}
