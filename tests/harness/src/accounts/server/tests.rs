use super::super::item::count;
use super::super::m3u::List;
use super::super::pieces;
use super::super::xtream::Panel;
use super::*;
use crate::http1;
use std::io::Read;

const PATIENCE: Duration = Duration::from_secs(20);

async fn get(url: &str, headers: &[&str]) -> Result<http1::Answer> {
    let url = http1::Url::parse(url)?;
    http1::call(&http1::Peer::Tcp(url.peer), "GET", &url.target, headers, b"").await
}

#[tokio::test]
async fn lists_come_whole_in_every_frame_and_pack() -> Result<()> {
    let server = Server::start(Spec::of(800)).await?;
    let expected = pieces::bytes(Box::new(pieces::M3u::new(server.spec())));
    for framing in [Framing::Length, Framing::Chunked, Framing::UntilClose] {
        server.set(Part::List, |conduct| conduct.framing = framing);
        assert_eq!(get(&server.m3u_url(), &[]).await?.body, expected, "{framing:?}");
    }
    let before = server.delivered(Part::List);
    server.preload(Part::List).await?;
    assert_eq!(get(&server.list_url(Pack::Plain), &[]).await?.body, expected);
    assert_eq!(server.delivered(Part::List), before + 1);
    server.set(Part::List, |conduct| (conduct.gzip, conduct.framing) = (true, Framing::Chunked));
    let packed = get(&server.m3u_url(), &["Accept-Encoding: br, gzip"]).await?;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_ref()).read_to_end(&mut plain)?;
    assert_eq!(plain, expected);
    assert_eq!(get(&server.list_url(Pack::Xz), &[]).await?.body[..6], *b"\xfd7zXZ\0");
    assert!(count(List::new(&server.spec()).entries_from(0).map(|(_, entry)| entry.outcome)).total > 700);
    Ok(())
}

#[tokio::test]
async fn a_panel_answers_as_panels_do() -> Result<()> {
    let server = Server::start(Spec::of(500)).await?;
    let api = |rest: &str| {
        let spec = server.spec();
        format!("{}/player_api.php?username={}&password={}{rest}", server.url(), spec.username, spec.password)
    };
    let login = get(&api(""), &[]).await?.json()?;
    assert_eq!(login["user_info"]["status"], "Active");
    assert_eq!(get(&api("&action=no_such_thing"), &[]).await?.json()?, login);
    let wrong = get(&format!("{}/player_api.php?username=x&password=y", server.url()), &[]).await?;
    assert_eq!((wrong.status(), wrong.json()?["user_info"]["auth"].as_u64()), (200, Some(0)));
    let by_word = get(&api("&action=get_series"), &[]).await?.json()?;
    assert_eq!(get(&api("&action=208"), &[]).await?.json()?, by_word);
    let sizes: usize = 100;
    assert_eq!(by_word.as_array().map(Vec::len), Some(sizes));
    assert_eq!(Panel::new(&server.spec()).size(Section::Series), 100);
    server.forget(&[Section::Series]);
    assert_eq!(get(&api("&action=get_series"), &[]).await?.json()?, login);
    let live = get(&api("&action=get_live_streams&category_id=1"), &[]).await?.json()?;
    assert!(live.as_array().is_some_and(|list| list.len() < 100));
    assert_eq!(get(&format!("{}/live/u/p/1.ts", server.url()), &["X-Token: abc"]).await?.status(), 404);
    let seen = server.seen();
    let last = seen.last().context("nothing seen")?;
    assert_eq!((last.part, last.header("x-token")), (Part::Media, Some("abc")));
    assert_eq!(server.asked(Part::Media), 1);
    Ok(())
}

#[tokio::test]
async fn faults_are_what_they_are_called() -> Result<()> {
    let server = Server::start(Spec::of(2000)).await?;
    let whole = get(&server.m3u_url(), &[]).await?.body;
    for framing in [Framing::Length, Framing::Chunked] {
        server.set(Part::List, |conduct| (conduct.framing, conduct.fault) = (framing, Fault::Cut(0.5)));
        assert!(get(&server.m3u_url(), &[]).await.is_err(), "{framing:?}");
    }
    server.set(Part::List, |conduct| conduct.framing = Framing::UntilClose);
    let cut = get(&server.m3u_url(), &[]).await?.body;
    assert!(whole.starts_with(&cut) && cut.len() > whole.len() / 3 && cut.len() < whole.len() * 2 / 3);
    let line = cut.rsplit(|&b| b == b'\n').next().unwrap_or_default();
    assert!(line.starts_with(b"#EXTINF") && line.len() == 20, "{}", String::from_utf8_lossy(line));

    server.fail(Part::List, Fault::Status(458));
    assert_eq!(get(&server.m3u_url(), &[]).await?.status(), 458);
    server.fail(Part::List, Fault::page());
    assert!(get(&server.m3u_url(), &[]).await?.text().starts_with("<!DOCTYPE"));

    server.set(Part::List, |conduct| (conduct.framing, conduct.fault) = (Framing::Length, Fault::Stall(0.3)));
    let url = server.m3u_url();
    let client = tokio::spawn(async move { get(&url, &[]).await });
    server.held(PATIENCE).await?;
    client.abort();
    server.wait(PATIENCE, "let go", |progress| progress.held == 0).await?;
    assert_eq!(server.delivered(Part::List), 1);

    server.fail(Part::List, Fault::Trickle(4096, Duration::from_millis(1)));
    assert_eq!(get(&server.m3u_url(), &[]).await?.body, whole);
    Ok(())
}

#[tokio::test]
async fn who_has_a_list_is_told_so() -> Result<()> {
    let server = Server::start(Spec::of(300)).await?;
    server.set(Part::List, |conduct| conduct.validators = true);
    let first = get(&server.m3u_url(), &[]).await?;
    let tag = format!("If-None-Match: {}", first.header("etag").context("no ETag")?);
    let since = format!("If-Modified-Since: {}", first.header("last-modified").context("no date")?);
    for header in [&tag, &since] {
        let again = get(&server.m3u_url(), &[header]).await?;
        assert_eq!((again.status(), again.body.len()), (304, 0));
    }
    assert_eq!(server.unchanged(Part::List), 2);
    server.revise(Revision { rename: 100, ..Revision::number(1) });
    assert_eq!(get(&server.m3u_url(), &[&tag]).await?.status(), 200);
    Ok(())
}
