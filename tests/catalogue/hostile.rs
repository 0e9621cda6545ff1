//! Lists that are made to hurt: none hangs the service, ends it, or takes memory without bound.

use super::{Form, holds, panel, relais};
use anyhow::{Context, Result, ensure};
use harness::accounts::pieces::bytes;
use harness::accounts::{Fault, Pack, Part, Pieces, Spec};
use harness::catalogue::Catalogue;
use harness::relais::Relais;

/// More than an honest list of any length may take, in MiB above idle.
const MOST: u64 = 200;

/// The most that the service ever had resident, MiB.
fn mark(relais: &Relais) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", relais.pid()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? / 1024)
}

/// Something, and then so many MiB of one byte.
struct Bomb {
    head: &'static [u8],
    byte: u8,
    mebibytes: usize,
}

impl Pieces for Bomb {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(std::mem::take(&mut self.head));
        out.resize(out.len() + (1 << 20), self.byte);
        self.mebibytes -= 1;
        self.mebibytes > 0
    }
}

/// That, packed to less than a hundredth.
fn bomb(head: &'static [u8], byte: u8, mebibytes: usize) -> Fault {
    let packed = bytes(Pack::Gzip.wrap(Box::new(Bomb { head, byte, mebibytes })));
    Fault::Instead("application/octet-stream", packed)
}

/// A list of one good channel and something else.
fn list(other: &str) -> Fault {
    let text = format!("#EXTM3U\n#EXTINF:-1,Good\nhttp://h.example.org/1.ts\n{other}\n");
    Fault::Instead("audio/x-mpegurl", text.into())
}

#[tokio::test]
async fn m3u_lists_that_are_made_to_hurt() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 901, ..Spec::of(1000) }).await?;
    catalogue.add_m3u("home", &server.m3u_url()).await?;
    let before = mark(&relais)?;
    let groups: String = (0..40_000)
        .map(|n| format!("#EXTINF:-1 group-title=\"{n:0>100}\",Channel {n}\nhttp://h.example.org/{n}\n"))
        .collect();
    let directives = "#EXTVLCOPT:http-user-agent=x\n#EXTGRP:y\n#KODIPROP:a_headers=b=c&d=e\n".repeat(50_000);
    let headers: String = (0..5000).map(|n| format!("X-{n}=v{n}&")).collect();
    let hurt = [
        ("one line of 200 MiB", bomb(b"#EXTM3U\n#EXTINF:-1,Endless", b'x', 200), None),
        ("16 MiB of line feeds", bomb(b"#EXTM3U\n", b'\n', 16), None),
        (
            "a name of 4 MiB",
            list(&format!("#EXTINF:-1,{}\nhttp://h.example.org/2", "n".repeat(4 << 20))),
            Some(2),
        ),
        (
            "an address of 4 MiB",
            list(&format!("#EXTINF:-1,A\nhttp://h.example.org/{}", "u".repeat(4 << 20))),
            None,
        ),
        (
            "a million quotes",
            list(&format!("#EXTINF:-1 tvg-id={},Q\nhttp://h.example.org/2", "\"".repeat(1 << 20))),
            Some(2),
        ),
        (
            "a million attributes",
            list(&format!("#EXTINF:-1{},Q\nhttp://h.example.org/2", " a=\"b\"".repeat(1 << 20))),
            Some(2),
        ),
        (
            "a million commas",
            list(&format!("#EXTINF:-1 {}\nhttp://h.example.org/2", ",".repeat(1 << 20))),
            None,
        ),
        (
            "directives without end",
            list(&format!("{directives}#EXTINF:-1,D\nhttp://h.example.org/2")),
            Some(2),
        ),
        ("5,000 headers", list(&format!("#EXTINF:-1,H\nhttp://h.example.org/2|{headers}")), Some(2)),
        ("40,000 groups", list(&groups), Some(40_001)),
        ("bytes that are no text", list(&String::from_utf8_lossy(&[0xff, 0xfe, 0, 1, 2, 3, 0x80])), None),
        (
            "odd numbers",
            list(
                "#EXTINF:-1 tvg-chno=\"1e999\",N\nhttp://h.example.org/2\n#EXTINF:nan tvg-chno=\"-0\",M\nhttp://h.example.org/3",
            ),
            Some(3),
        ),
    ];
    for (what, fault, channels) in hurt {
        server.fail(Part::List, fault);
        let name = format!("hurt-{}", what.replace([' ', ','], "-"));
        let done = catalogue.add_m3u(&name, &server.m3u_url()).await.with_context(|| what.to_owned())?;
        // Else taken or refused: what is understood of it is relais's choice.
        if let Some(channels) = channels {
            ensure!(done.channels() == channels && done.error().is_none(), "{what}: {}", done.provider);
        }
        super::remove(&relais, &name).await?;
        let now = mark(&relais)?;
        ensure!(now < before + MOST, "{what}: {now} MiB, {before} before");
    }
    server.fail(Part::List, Fault::None);
    holds(&mut catalogue, &server.spec(), Form::M3u).await
}

#[tokio::test]
async fn json_lists_that_are_made_to_hurt() -> Result<()> {
    let relais = relais().await?;
    let mut catalogue = Catalogue::of(&relais);
    let server = panel(Spec { seed: 902, ..Spec::of(500) }).await?;
    catalogue.add_xtream("home", &server).await?;
    let good = catalogue.all("").await?;
    let before = mark(&relais)?;
    let one = "{\"stream_id\":1,\"name\":\"Good\",\"category_id\":\"1\"}";
    let with = |other: &str| Fault::json(&format!("[{one},{other}]"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let hurt = [
        (Part::Live, "depth", with(&deep)),
        (Part::Live, "depth that never ends", Fault::json(&"[".repeat(4 << 20))),
        (Part::Live, "an object that never ends", Fault::json(&"{\"a\":".repeat(1 << 20))),
        (
            Part::Live,
            "a name of 4 MiB",
            with(&format!("{{\"stream_id\":2,\"name\":\"{}\"}}", "n".repeat(4 << 20))),
        ),
        (
            Part::Live,
            "an id of 1 MiB",
            with(&format!("{{\"stream_id\":\"{}\",\"name\":\"x\"}}", "9".repeat(1 << 20))),
        ),
        (Part::Live, "an id that is a path", with("{\"stream_id\":\"../../etc/passwd\",\"name\":\"x\"}")),
        (
            Part::Live,
            "numbers beyond all numbers",
            with("{\"stream_id\":1e400,\"num\":-1e308,\"name\":\"x\"}"),
        ),
        (Part::Live, "a string that never ends", Fault::json(&format!("[{one},\"{}", "s".repeat(8 << 20)))),
        (Part::Live, "200 MiB of blanks", bomb(b"[", b' ', 200)),
        (Part::Categories, "200 MiB of brackets", bomb(b"[", b'[', 200)),
        (
            Part::Login,
            "a login of 64 MiB",
            Fault::json(&format!("{{\"user_info\":{{\"a\":\"{}\"}}}}", "x".repeat(64 << 20))),
        ),
        (Part::Login, "a login of brackets", Fault::json(&deep)),
    ];
    for (number, (part, what, fault)) in hurt.into_iter().enumerate() {
        server.fail(part, fault);
        let name = format!("hurt{number}");
        catalogue.add_xtream(&name, &server).await.with_context(|| what.to_owned())?;
        super::remove(&relais, &name).await?;
        server.fail(part, Fault::None);
        let now = mark(&relais)?;
        ensure!(now < before + MOST, "{what}: {now} MiB, {before} before");
    }
    ensure!(catalogue.all("").await? == good);
    Ok(())
}
