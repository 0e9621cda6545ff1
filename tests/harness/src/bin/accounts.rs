//! Generated accounts for people: `accounts m3u --size 100000 list.m3u`, `accounts serve --size 100000`.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use harness::accounts::guide::{GuideSpec, Xmltv};
use harness::accounts::m3u::{self, List};
use harness::accounts::pieces::{self, M3u, Pack, Pieces};
use harness::accounts::xtream::{self, Form, Panel, Section, Streams};
use harness::accounts::{Kind, Part, Revision, Server, Spec, Truth};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Parser)]
#[command(about = "Accounts of any size with every quirk of the field, the same for the same seed")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write an M3U list
    M3u {
        #[command(flatten)]
        account: Account,
        #[arg(long, value_enum, default_value_t)]
        pack: Pack,
        /// Standard output where none is given
        file: Option<PathBuf>,
    },
    /// Write an Xtream list as get_live_streams and its like answer it
    Xtream {
        #[command(flatten)]
        account: Account,
        #[arg(value_parser = ["live", "vod", "series"])]
        section: String,
        file: Option<PathBuf>,
    },
    /// Write an XMLTV guide
    Xmltv {
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// About how large
        #[arg(long, default_value_t = 1)]
        mebibytes: u64,
        #[arg(long)]
        latin1: bool,
        #[arg(long, value_enum, default_value_t)]
        pack: Pack,
        file: Option<PathBuf>,
    },
    /// Tell what a correct import holds
    Truth {
        #[command(flatten)]
        account: Account,
    },
    /// Write an entry with each quirk, as seeds for the fuzz targets: m3u/… and xtream/…
    Seeds { folder: PathBuf },
    /// Serve an account as a panel does, until Ctrl-C
    Serve {
        #[command(flatten)]
        account: Account,
        /// 0: any free port
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Make the list beforehand
        #[arg(long)]
        preload: bool,
    },
}

#[derive(Args)]
struct Account {
    /// Entries
    #[arg(long, default_value_t = 1000)]
    size: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Without quirks
    #[arg(long)]
    plain: bool,
    /// Characters of one logo in the middle
    #[arg(long, default_value_t = 0)]
    giant: usize,
    /// The beginning of every address
    #[arg(long, default_value = "http://tv.example.org:8080")]
    address: String,
    /// Which later version of the list: a tenth renamed and a tenth moved, with other credentials, in another order
    #[arg(long, default_value_t = 0)]
    revision: u64,
}

impl Account {
    fn spec(self) -> Spec {
        let changed = if self.revision > 0 { 100 } else { 0 };
        let revision = Revision {
            rename: changed,
            regroup: changed,
            tokens: self.revision > 0,
            shuffle: self.revision > 0,
            ..Revision::number(self.revision)
        };
        Spec {
            seed: self.seed,
            size: self.size,
            quirks: !self.plain,
            giant: self.giant,
            address: self.address,
            revision,
            ..Spec::default()
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::M3u { account, pack, file } => write(pack.wrap(Box::new(M3u::new(account.spec()))), file),
        Command::Xtream { account, section, file } => {
            let section = match section.as_str() {
                "live" => Section::Live,
                "vod" => Section::Vod,
                _ => Section::Series,
            };
            write(Box::new(Streams::new(account.spec(), section, Form::List)), file)
        }
        Command::Xmltv { seed, mebibytes, latin1, pack, file } => {
            let spec = GuideSpec { seed, latin1, ..GuideSpec::of_bytes(mebibytes << 20) };
            write(pack.wrap(Box::new(Xmltv::new(spec))), file)
        }
        Command::Truth { account } => {
            let spec = account.spec();
            tell("M3U", &List::new(&spec).truth());
            tell("Xtream", &Panel::new(&spec).truth());
            Ok(())
        }
        Command::Seeds { folder } => seeds(&folder),
        Command::Serve { account, port, preload } => serve(account.spec(), port, preload).await,
    }
}

fn write(body: Box<dyn Pieces>, file: Option<PathBuf>) -> Result<()> {
    let (start, mut counted) = (Instant::now(), Counted { inner: output(file)?, bytes: 0 });
    pieces::write(body, &mut counted)?;
    let (mebibytes, seconds) = (counted.bytes as f64 / f64::from(1 << 20), start.elapsed().as_secs_f64());
    eprintln!("{mebibytes:.1} MiB in {seconds:.2} s, {:.0} MiB/s", mebibytes / seconds);
    Ok(())
}

fn output(file: Option<PathBuf>) -> Result<Box<dyn Write>> {
    Ok(match file {
        Some(path) => Box::new(BufWriter::with_capacity(1 << 20, File::create(path)?)),
        None => Box::new(std::io::stdout()),
    })
}

struct Counted {
    inner: Box<dyn Write>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn seeds(folder: &Path) -> Result<()> {
    let spec = Spec::of(3000);
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (_, entry) in List::new(&spec).entries_from(0) {
        files.entry(format!("m3u/{:?}", entry.quirk)).or_insert_with(|| {
            let (mut writer, mut list) = (m3u::Writer::new(&spec), Vec::new());
            writer.head(&spec, &mut list);
            writer.entry(&entry, &mut list);
            list
        });
    }
    for section in Section::ALL {
        for (_, entry) in Panel::new(&spec).entries_from(section, 0) {
            files.entry(format!("xtream/{section:?}-{:?}", entry.quirk)).or_insert_with(|| {
                // The target takes the first byte for the size of the pieces that follow.
                let mut list = vec![b'@'];
                Streams::element_of(&spec, section, &entry, &mut list);
                list
            });
        }
        let mut categories = vec![b'!'];
        categories.extend_from_slice(&xtream::categories(&spec, section)[..900]);
        files.insert(format!("xtream/{section:?}-categories"), categories);
    }
    for (name, whole) in [("login", "@{\"user_info\":{\"auth\":0}}"), ("null", "@null"), ("page", "@<html>")]
    {
        files.insert(format!("xtream/{name}"), whole.into());
    }
    for part in ["m3u", "xtream"] {
        std::fs::create_dir_all(folder.join(part))?;
    }
    for (name, bytes) in &files {
        std::fs::write(folder.join(name), bytes)?;
    }
    println!("{} seeds", files.len());
    Ok(())
}

fn tell(form: &str, truth: &Truth) {
    let kinds: Vec<String> =
        Kind::ALL.into_iter().map(|kind| format!("{} {}", truth.of(kind), kind.name())).collect();
    println!(
        "{form}: {} channels ({}) in {} groups; {} odd, {} repeated",
        truth.total,
        kinds.join(", "),
        truth.groups.len(),
        truth.odd,
        truth.repeated
    );
}

async fn serve(spec: Spec, port: u16, preload: bool) -> Result<()> {
    let server = Server::start_at(spec, port).await?;
    if preload {
        let bytes = server.preload(Part::List).await?;
        println!("a list of {} MiB", bytes >> 20);
    }
    let spec = server.spec();
    println!("url {}\nusername {} password {}", server.url(), spec.username, spec.password);
    println!("m3u {}\nmore {}", server.m3u_url(), server.list_url(Pack::Xz));
    println!("xmltv {}/epg.xml", server.url());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
