//! The room as a whole: documents from real sockets and files, a lineup in memory.

use super::*;
use crate::net::testing::{Request, answer, serve};
use crate::net::{Outbound, OutboundOptions};
use crate::store::now;
use crate::wire::guide::{MatchReason, SourceKind};
use crate::wire::programme::About;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use std::fmt::Write as _;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const HOUR: i64 = 3600;

/// The catalogue, as far as the guide sees it.
struct Channels {
    channels: Mutex<Vec<LineupChannel>>,
    changes: watch::Sender<u64>,
    providers: Mutex<Vec<GuideProvider>>,
    addresses: Mutex<Vec<Address>>,
}

impl Lineup for Channels {
    fn batch(&self, from: u64) -> BoxFuture<'_, Result<Batch, LineupError>> {
        // Two at a time, so that there are several batches.
        let all = self.channels.lock();
        let at = usize::try_from(from).expect("small");
        let channels: Vec<_> = all.iter().skip(at).take(2).cloned().collect();
        let next = (at + 2 < all.len()).then_some(from + 2);
        Box::pin(std::future::ready(Ok(Batch { channels, next })))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl ProviderGuides for Channels {
    fn providers(&self) -> BoxFuture<'_, Result<Vec<GuideProvider>, LineupError>> {
        Box::pin(std::future::ready(Ok(self.providers.lock().clone())))
    }

    fn addresses(&self, _: i64) -> BoxFuture<'_, Result<Vec<Address>, LineupError>> {
        Box::pin(std::future::ready(Ok(self.addresses.lock().clone())))
    }
}

struct House {
    dir: tempfile::TempDir,
    guide: Arc<Guide>,
    channels: Arc<Channels>,
}

fn channel(id: &str, name: &str, tvg_id: Option<&str>) -> LineupChannel {
    let id = id.parse().expect("id");
    let tvg_id = tvg_id.map(str::to_owned);
    LineupChannel {
        id,
        name: name.into(),
        tvg_id,
        group: None,
        provider: None,
        shift: 0,
        number: None,
        logo_url: None,
    }
}

fn id(text: &str) -> ChannelId {
    text.parse().expect("id")
}

async fn house() -> House {
    let dir = tempfile::tempdir().expect("directory");
    let channels = Arc::new(Channels {
        channels: Mutex::new(vec![
            channel("tf1", "FR: TF1 HD", None),
            channel("one", "BBC One", Some("bbc1.uk")),
            channel("one-later", "BBC One +1", Some("bbc1.uk")),
            channel("other", "Other", None),
            channel("kino", "Kino", None),
        ]),
        changes: watch::Sender::new(0),
        providers: Mutex::default(),
        addresses: Mutex::default(),
    });
    let guide = Guide::open(
        Store::open(dir.path()).expect("store"),
        Vault::new(&[3; 32]),
        Outbound::new(OutboundOptions::default()).expect("client"),
        channels.clone(),
        channels.clone(),
        Options::default(),
    );
    House { dir, guide, channels }
}

impl House {
    async fn add(&self, url: &str) -> i64 {
        let request =
            SourceRequest { name: Some("x".into()), url: Some(url.into()), ..SourceRequest::default() };
        self.guide.add(&request).await.expect("added").id
    }

    async fn file(&self, document: &str) -> String {
        let path = self.dir.path().join("guide.xml");
        tokio::fs::write(&path, document).await.expect("file");
        path.to_string_lossy().into_owned()
    }

    async fn titles(&self, channel: &str, from: i64, to: i64) -> Vec<String> {
        let mut all = self.guide.schedule(&[id(channel)], from, to).await.expect("schedule");
        all.remove(0).into_iter().map(|programme| programme.about.title).collect()
    }

    async fn source(&self) -> SourceView {
        self.guide.sources().await.expect("sources").remove(0)
    }

    async fn rows(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let read = self.guide.store.read(move |db| Ok(db.query_row(&sql, [], |row| row.get(0))?));
        read.await.expect("rows")
    }
}

/// The full hour that began last.
fn hour() -> i64 {
    now() / HOUR * HOUR
}

fn stamp(at: i64) -> String {
    let at = jiff::tz::Offset::UTC.to_datetime(Timestamp::from_second(at).expect("time"));
    format!("{} +0000", at.strftime("%Y%m%d%H%M%S"))
}

fn programme(channel: &str, start: i64, title: &str) -> String {
    let (start, stop) = (stamp(start), stamp(start + HOUR));
    format!(
        "<programme channel='{channel}' start='{start}' stop='{stop}'><title>{title}</title></programme>\n"
    )
}

/// A guide of two channels with an hourly programme from an hour ago on.
fn document(hours: i64) -> String {
    let mut text = String::from(
        "<tv><channel id='TF1.fr'><display-name>TF1</display-name></channel>\
         <channel id='bbc1.uk'><display-name>BBC One</display-name></channel>\n",
    );
    for number in 0..hours {
        for channel in ["TF1.fr", "bbc1.uk"] {
            text += &programme(channel, hour() + (number - 1) * HOUR, &format!("{channel} {number}"));
        }
    }
    text + "</tv>"
}

async fn whole(_: Request, mut socket: TcpStream, body: String) {
    answer(&mut socket, "200 OK", "ETag: \"1\"\r\n", body.as_bytes()).await;
}

#[tokio::test]
async fn from_a_document_to_what_is_on() {
    let house = house().await;
    let server = serve(|request, socket| whole(request, socket, document(48))).await;
    house.add(&format!("http://bob:hunter2@{server}/guide.xml?password=hunter2")).await;
    let done = house.guide.refresh("x", false).await.expect("refreshed");
    let expected = Imported { channels: 2, programmes: 96, odd: 0, complaint: None };
    assert_eq!(done, Refreshed::Taken(expected));

    let channels = ["tf1", "one", "one-later", "other", "unknown"].map(id);
    let now_next = house.guide.now(&channels, hour() + 60).await.expect("now");
    let titles: Vec<_> = now_next
        .iter()
        .map(|on| [&on.now, &on.next].map(|programme| programme.as_ref().map(|p| p.about.title.as_str())))
        .collect();
    let both = |now, next| [Some(now), Some(next)];
    assert_eq!(
        titles,
        [
            both("TF1.fr 1", "TF1.fr 2"),
            both("bbc1.uk 1", "bbc1.uk 2"),
            both("bbc1.uk 0", "bbc1.uk 1"),
            [None, None],
            [None, None]
        ]
    );
    let later = now_next[2].now.as_ref().expect("on");
    assert_eq!((later.start.as_second(), later.stop.map(|at| at.as_second())), (hour(), Some(hour() + HOUR)));

    assert_eq!(house.titles("tf1", hour() + 1, hour() + HOUR).await, ["TF1.fr 1"]);
    assert_eq!(house.titles("tf1", hour() + 1, hour() + HOUR + 1).await, ["TF1.fr 1", "TF1.fr 2"]);
    assert_eq!(house.titles("other", hour(), hour() + HOUR).await, [] as [&str; 0]);
    assert!(house.guide.has_guide(&id("tf1")) && !house.guide.has_guide(&id("other")));

    let source = house.source().await;
    assert_eq!((source.programme_count, source.channel_count, source.last_error.as_deref()), (96, 2, None));
    assert_eq!(source.until.map(|at| at.as_second()), Some(hour() + 47 * HOUR));
    assert!(!format!("{source:?}").contains("hunter2"), "{source:?}");
    let file = std::fs::read(house.dir.path().join(crate::store::FILE)).expect("database");
    let log = std::fs::read(house.dir.path().join("relais.db-wal")).unwrap_or_default();
    assert!(
        ![file, log].concat().windows(7).any(|bytes| bytes == b"hunter2"),
        "a secret is stored in the clear"
    );
}

#[tokio::test]
async fn a_guide_that_is_still_the_same_is_not_read_again() {
    let house = house().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = asked.clone();
    let server = serve(move |request, mut socket| {
        let known = request.header("if-none-match").map(str::to_owned);
        heads.lock().push(known.clone());
        async move {
            match known.as_deref() {
                Some("\"1\"") => answer(&mut socket, "304 Not Modified", "", b"").await,
                _ => whole(request, socket, document(10)).await,
            }
        }
    })
    .await;
    house.add(&format!("http://{server}/")).await;
    assert!(matches!(house.guide.refresh("x", false).await, Ok(Refreshed::Taken(_))));
    assert_eq!(house.guide.refresh("x", false).await.expect("refreshed"), Refreshed::Unchanged);
    assert!(matches!(house.guide.refresh("x", true).await, Ok(Refreshed::Taken(_))), "by force it is");
    assert_eq!(*asked.lock(), [None, Some("\"1\"".to_owned()), None]);
    assert_eq!(house.rows("guide_programmes").await, 20, "old ones are swept away");
    assert_eq!(house.rows("guide_channels").await, 2);
}

#[tokio::test]
async fn a_good_guide_is_not_replaced_by_a_worse_one() {
    let house = house().await;
    let good = document(48);
    let path = house.file(&good).await;
    house.add(&path).await;
    house.guide.refresh("x", false).await.expect("refreshed");
    let cut = good[..good.len() - 20].to_owned();
    for (bad, words) in [
        (cut.clone(), "ends in the middle (95 programmes came)"),
        (document(10), "only 20 of 96 programmes are left"),
        ("<tv></tv>".into(), "no programme of these days"),
        ("<html>Login</html>".into(), "a web page comes where a guide should be"),
        (String::new(), "nothing"),
    ] {
        house.file(&bad).await;
        let why = house.guide.refresh("x", false).await.expect_err("refused").to_string();
        assert!(why.contains(words), "{why}");
        let source = house.source().await;
        assert!(source.last_error.is_some_and(|error| error.contains(words)));
        assert_eq!(source.programme_count, 96);
        assert_eq!(house.titles("tf1", hour(), hour() + HOUR).await, ["TF1.fr 1"]);
    }
    house.file(&cut).await;
    let Ok(Refreshed::Taken(taken)) = house.guide.refresh("x", true).await else { panic!("not taken") };
    assert_eq!(taken.programmes, 95);
    assert!(house.source().await.last_error.is_some_and(|error| error.contains("ends in the middle")));
    house.file("<tv></tv>").await;
    house.guide.refresh("x", true).await.expect("even nothing, by force");
    assert_eq!(house.rows("guide_programmes").await, 0);
    // Where there is nothing good, what came of a cut document is better than nothing.
    house.file(&cut).await;
    house.guide.refresh("x", false).await.expect("taken");
    assert_eq!(house.source().await.programme_count, 95);
}

#[tokio::test]
async fn a_download_that_breaks_off_is_a_cut_document() {
    let house = house().await;
    let server = serve(|_, mut socket: TcpStream| async move {
        let body = document(48);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = socket.write_all(head.as_bytes()).await;
        let _ = socket.write_all(&body.as_bytes()[..body.len() / 2]).await;
    })
    .await;
    house.add(&format!("http://{server}/")).await;
    let Ok(Refreshed::Taken(taken)) = house.guide.refresh("x", false).await else { panic!("not taken") };
    assert!(taken.programmes > 10 && taken.complaint.is_some_and(|why| why.contains("broke off")));
    let why = house.guide.refresh("x", false).await.expect_err("a good one is there").to_string();
    assert!(why.contains("ends in the middle"), "{why}");
}

#[tokio::test]
async fn packed_documents() {
    use async_compression::tokio::write::{GzipEncoder, XzEncoder};
    let house = house().await;
    let path = house.file("").await;
    house.add(&path).await;
    let text = document(30);
    let mut gzip = GzipEncoder::new(Vec::new());
    gzip.write_all(text.as_bytes()).await.expect("gzip");
    gzip.shutdown().await.expect("gzip");
    let mut xz = XzEncoder::new(Vec::new());
    xz.write_all(text.as_bytes()).await.expect("xz");
    xz.shutdown().await.expect("xz");
    for packed in [gzip.into_inner(), xz.into_inner()] {
        tokio::fs::write(&path, &packed).await.expect("file");
        let Ok(Refreshed::Taken(taken)) = house.guide.refresh("x", false).await else { panic!("not taken") };
        assert_eq!(taken.programmes, 60);
        tokio::fs::write(&path, &packed[..packed.len() / 2]).await.expect("file");
        assert!(house.guide.refresh("x", false).await.is_err(), "a damaged archive");
    }
}

#[tokio::test]
async fn what_is_too_old_too_far_or_said_twice_is_left_out() {
    let house = house().await;
    let day = 24 * HOUR;
    let mut text = String::from("<tv>");
    for (start, title) in [
        (hour() - 4 * day, "old"),
        (hour() - HOUR, "A"),
        (hour() - HOUR, "again"),
        (hour() + 13 * day, "B"),
        (hour() + 15 * day, "far"),
    ] {
        text += &programme("TF1.fr", start, title);
    }
    text += &format!("<programme channel='TF1.fr' start='{}'/></tv>", stamp(hour()));
    let path = house.file(&text).await;
    house.add(&path).await;
    let Ok(Refreshed::Taken(taken)) = house.guide.refresh("x", false).await else { panic!("not taken") };
    assert_eq!((taken.programmes, taken.odd), (2, 2));
    assert_eq!(house.titles("tf1", hour() - 9 * day, hour() + 20 * day).await, ["A", "B"], "by the id alone");
}

#[tokio::test]
async fn what_an_administrator_says_survives_refreshes() {
    let house = house().await;
    let path = house.file(&document(48)).await;
    house.add(&path).await;
    house.guide.refresh("x", false).await.expect("refreshed");
    let said = |guide: Option<&str>| MatchRequest {
        guide_channel: guide.map(str::to_owned),
        source: None,
        shift: 0,
    };
    house.guide.set_match(id("other"), said(Some("TF1.fr"))).await.expect("set");
    house.guide.set_match(id("tf1"), said(None)).await.expect("set");
    for _ in 0..2 {
        assert_eq!(house.titles("other", hour(), hour() + HOUR).await, ["TF1.fr 1"]);
        assert_eq!(house.titles("tf1", hour(), hour() + HOUR).await, [] as [&str; 0]);
        house.guide.refresh("x", true).await.expect("refreshed");
    }
    let (views, total, matched) = house.guide.matches(0, 10).await.expect("matches");
    assert_eq!((total, matched), (5, 3));
    let order: Vec<_> = views.iter().map(|view| (view.channel_id.as_str(), view.reason)).collect();
    assert_eq!(
        order,
        [
            ("kino", MatchReason::None),
            ("one", MatchReason::Id),
            ("one-later", MatchReason::Id),
            ("other", MatchReason::Manual),
            ("tf1", MatchReason::Manual)
        ]
    );
    let (page, ..) = house.guide.matches(1, 1).await.expect("matches");
    assert_eq!(page[0].guide.as_ref().map(|guide| guide.guide_channel.as_str()), Some("bbc1.uk"));
    assert!(house.guide.clear_match(&id("tf1")).await.expect("cleared"));
    assert!(!house.guide.clear_match(&id("tf1")).await.expect("nothing to clear"));
    assert_eq!(house.titles("tf1", hour(), hour() + HOUR).await, ["TF1.fr 1"]);
    let unknown = MatchRequest { source: Some(99), ..said(Some("TF1.fr")) };
    let refused = house.guide.set_match(id("tf1"), unknown).await;
    assert!(matches!(refused, Err(GuideError::Invalid { field: "source", .. })));
}

#[tokio::test]
async fn a_providers_guide_comes_and_goes_with_it_and_its_credentials_stay_where_they_are() {
    let house = house().await;
    let server = serve(|request, socket| whole(request, socket, document(20))).await;
    let provider = GuideProvider { id: 7, name: "home".into(), enabled: true };
    *house.channels.providers.lock() = vec![provider];
    *house.channels.addresses.lock() = vec![Address {
        url: format!("http://{server}/xmltv.php?username=bob&password=hunter2"),
        user_agent: None,
        headers: Vec::new(),
        verify_tls: true,
        public_only: false,
    }];
    let stop = CancellationToken::new();
    let running = tokio::spawn(house.guide.clone().run(stop.clone()));
    until(|| async { house.guide.has_guide(&id("tf1")) }).await;
    let source = house.source().await;
    assert_eq!(
        (source.kind, source.name.as_str(), source.address.as_str()),
        (SourceKind::Provider, "home", "home")
    );
    let file = std::fs::read(house.dir.path().join("relais.db-wal")).expect("log");
    assert!(!file.windows(7).any(|bytes| bytes == b"hunter2"));
    assert!(matches!(house.guide.remove("home").await, Err(GuideError::OfProvider(_))));

    house.channels.providers.lock().clear();
    house.channels.changes.send_modify(|version| *version += 1);
    until(|| async { house.guide.sources().await.expect("sources").is_empty() }).await;
    until(|| async { house.rows("guide_programmes").await == 0 }).await;
    stop.cancel();
    running.await.expect("ended");
}

/// Waits for what another task does.
async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.expect("it never was so");
}

#[tokio::test]
async fn an_address_from_outside_may_not_lead_inside() {
    let house = house().await;
    let server = serve(|request, socket| whole(request, socket, document(20))).await;
    *house.channels.providers.lock() = vec![GuideProvider { id: 7, name: "home".into(), enabled: true }];
    *house.channels.addresses.lock() = vec![Address {
        url: format!("http://{server}/secret-path"),
        user_agent: None,
        headers: Vec::new(),
        verify_tls: true,
        public_only: true,
    }];
    house.guide.follow_providers().await.expect("followed");
    let why = house.guide.refresh("home", false).await.expect_err("refused").to_string();
    assert!(!why.contains("secret-path"), "{why}");
    house.channels.addresses.lock().clear();
    let why = house.guide.refresh("home", false).await.expect_err("refused").to_string();
    assert!(why.contains("names no guide"), "{why}");
}

#[tokio::test]
async fn a_source_that_is_removed_midway_leaves_nothing() {
    let house = house().await;
    let (sent, half) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let told = sent.clone();
    // More than a buffer holds, and no end.
    let long = format!("t</title><desc>{}</desc><title>", "long ".repeat(800));
    let programmes = (0..3200).map(|n| programme(&format!("c{}", n % 20), hour() + n / 20 * HOUR, &long));
    let many: Arc<str> = format!("<tv>{}", programmes.collect::<String>()).into();
    let server = serve(move |_, mut socket: TcpStream| {
        let (told, half, many) = (told.clone(), half.clone(), many.clone());
        async move {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n").await;
            let _ = socket.write_all(many.as_bytes()).await;
            told.notify_one();
            half.notified().await;
        }
    })
    .await;
    house.add(&format!("http://{server}/")).await;
    let guide = house.guide.clone();
    let refreshing = tokio::spawn(async move { guide.refresh("x", false).await });
    sent.notified().await;
    assert!(matches!(house.guide.refresh("x", false).await, Err(GuideError::AlreadyRunning(_))));
    assert!(!house.guide.refresh_soon("x", false).await.expect("runs already"));
    until(|| async { house.rows("guide_programmes").await > 0 }).await;
    house.guide.remove("x").await.expect("removed");
    let outcome = refreshing.await.expect("ended");
    assert!(matches!(outcome, Err(GuideError::Refresh { why: ImportError::Gone, .. })), "{outcome:?}");
    until(|| async { house.rows("guide_programmes").await + house.rows("guide_channels").await == 0 }).await;
}

#[tokio::test]
async fn words_are_found_whatever_their_case_and_diacritics() {
    let house = house().await;
    let mut text = String::from("<tv>");
    for (number, title) in
        ["Le Journal", "Météo à la carte", "JOURNAL de la météo", "Film"].iter().enumerate()
    {
        let start = hour() + i64::try_from(number).expect("small") * HOUR;
        text += &programme("TF1.fr", start, title);
        text += &programme("bbc1.uk", start, "Something");
    }
    let start = stamp(hour() + 5 * HOUR);
    let _ = write!(
        text,
        "<programme channel='bbc1.uk' start='{start}'><title>Doc</title><sub-title>Le Journal d'Anne</sub-title></programme></tv>"
    );
    let path = house.file(&text).await;
    house.add(&path).await;
    house.guide.refresh("x", false).await.expect("refreshed");
    let search = async |words: &str, skip, take| {
        let found =
            house.guide.search(words, (hour(), hour() + 24 * HOUR), skip, take).await.expect("search");
        let titles: Vec<_> = found.0.iter().map(|hit| hit.programme.about.title.clone()).collect();
        (titles, found.1)
    };
    let owned = |titles: &[&str]| titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>();
    assert_eq!(search("METEO", 0, 10).await, (owned(&["Météo à la carte", "JOURNAL de la météo"]), 2));
    assert_eq!(search("météo journal", 0, 10).await, (owned(&["JOURNAL de la météo"]), 1));
    // The channel that is an hour later shows it, too.
    assert_eq!(search("anne", 0, 10).await, (owned(&["Doc", "Doc"]), 2));
    assert_eq!(search("something", 6, 1).await, (owned(&["Something"]), 8));
    assert_eq!(search(" ", 0, 10).await, (Vec::new(), 0));
    assert_eq!(search("nowhere", 0, 10).await, (Vec::new(), 0));
    let (hits, _) = house.guide.search("film", (hour(), hour() + HOUR * 9), 0, 1).await.expect("search");
    assert_eq!(hits[0].channels, [id("tf1")]);
    assert_eq!(hits[0].programme.start.as_second(), hour() + 3 * HOUR);
}

/// A night in a zone, as local clocks have it: each half hour from midnight on, for `hours` real hours.
fn night(zone: &str, midnight: &str) -> (String, Vec<i64>) {
    let zone = jiff::tz::TimeZone::get(zone).expect("zone");
    let midnight: jiff::civil::DateTime = midnight.parse().expect("time");
    let first = zone.to_timestamp(midnight).expect("time").as_second();
    let (mut text, mut starts) = (String::from("<tv>"), Vec::new());
    for number in 0..12 {
        let start = first + number * HOUR / 2;
        let local = zone.to_datetime(Timestamp::from_second(start).expect("time")).strftime("%Y%m%d%H%M%S");
        let _ = write!(
            text,
            "<programme channel='TF1.fr' start='{local}'><title>{number}</title></programme>\
             <programme channel='bbc1.uk' start='{}'><title>{number}</title></programme>",
            stamp(start)
        );
        starts.push(start);
    }
    (text + "</tv>", starts)
}

#[tokio::test]
async fn nights_when_clocks_change() {
    for (zone, midnight) in [
        ("Europe/Paris", "2026-03-29T00:00"),
        ("Europe/Paris", "2026-10-25T00:00"),
        ("America/New_York", "2026-03-08T00:00"),
        ("America/New_York", "2026-11-01T00:00"),
    ] {
        let house = house().await;
        let (text, starts) = night(zone, midnight);
        // Such nights are not always within the days that are kept: the import alone is asked.
        let path = house.file(&text).await;
        let number = house.add(&path).await;
        let import = house.guide.store.write(move |tx| crate::store::guide::import::begin(tx, number));
        let job = super::import::Job {
            store: &house.guide.store,
            import: import.await.expect("begun").expect("a source"),
            options: xmltv::Options { zone: jiff::tz::TimeZone::get(zone).expect("zone"), language: None },
            shift: 0,
            window: 0..i64::MAX,
            force: true,
            progress: &|_| {},
        };
        let opened = fetch::file(std::path::Path::new(&path)).await;
        let documents = Box::pin(futures_util::stream::once(std::future::ready(opened)));
        assert_eq!(job.run(documents).await.expect("imported").programmes, 24, "{zone} {midnight}");
        house.guide.rematch().await.expect("matched");
        let (from, to) = (starts[0], starts[11] + HOUR);
        for (channel, later) in [("tf1", 0), ("one", 0), ("one-later", HOUR)] {
            let shown =
                house.guide.schedule(&[id(channel)], from + later, to + later).await.expect("schedule");
            let begin: Vec<_> =
                shown[0].iter().map(|programme| programme.start.as_second() - later).collect();
            assert_eq!(begin, starts, "{channel} in {zone} on {midnight}");
            for (programme, next) in shown[0].iter().zip(&starts[1..]) {
                assert_eq!(programme.stop.map(|stop| stop.as_second() - later), Some(*next));
            }
        }
    }
}

#[tokio::test]
async fn changes_of_a_source_hold_and_read_it_anew() {
    let house = house().await;
    let path = house.file(&document(48)).await;
    house.add(&path).await;
    house.guide.refresh("x", false).await.expect("refreshed");
    let off = SourceRequest { enabled: Some(false), ..SourceRequest::default() };
    assert!(!house.guide.change("x", &off).await.expect("changed").enabled);
    assert!(!house.guide.has_guide(&id("tf1")), "what is off is not used");
    let on = SourceRequest { enabled: Some(true), name: Some("y".into()), ..SourceRequest::default() };
    assert_eq!(house.guide.change("x", &on).await.expect("changed").name, "y");
    assert!(house.guide.has_guide(&id("tf1")));
    let shifted = SourceRequest { shift: Some(60), ..SourceRequest::default() };
    house.guide.change("y", &shifted).await.expect("changed");
    house.guide.refresh("y", true).await.expect("refreshed");
    assert_eq!(house.titles("tf1", hour(), hour() + HOUR).await, ["TF1.fr 0"], "an hour later");
    assert!(matches!(house.guide.change("x", &on).await, Err(GuideError::UnknownSource(_))));
    let again = SourceRequest { name: Some("y".into()), url: Some(path), ..SourceRequest::default() };
    let why = house.guide.add(&again).await.expect_err("taken").to_string();
    assert!(why.contains("already exists"), "{why}");
}

#[tokio::test]
async fn programmes_of_the_past_are_pruned_and_the_one_that_runs_is_not() {
    let house = house().await;
    let path = house.file(&document(4)).await;
    house.add(&path).await;
    house.guide.refresh("x", false).await.expect("refreshed");
    let prune = |before: i64| {
        let store = house.guide.store.clone();
        async move {
            let mut after = Some(0);
            while let Some(number) = after {
                let pruned = store.write(move |tx| crate::store::guide::import::prune(tx, number, before, 1));
                after = pruned.await.expect("pruned");
            }
        }
    };
    prune(hour() - 2 * HOUR).await;
    assert_eq!(house.rows("guide_programmes").await, 8);
    prune(hour() + HOUR + 60).await;
    assert_eq!(house.titles("tf1", 0, i64::MAX).await, ["TF1.fr 2", "TF1.fr 3"]);
    assert_eq!(house.titles("one", 0, i64::MAX).await, ["bbc1.uk 2", "bbc1.uk 3"]);
    let about = About { title: "TF1.fr 2".into(), ..About::default() };
    let now = house.guide.now(&[id("tf1")], hour() + HOUR + 60).await.expect("now");
    assert_eq!(now[0].now.as_ref().map(|programme| &programme.about), Some(&about));
}
