//! The room as a whole, against a small panel on a real socket.

use super::*;
use crate::wire::Reason;
use crate::wire::catalogue::ProviderAccess;
use crate::wire::changes::{ChannelEdit, RuleRequest};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the panel answers to a path that contains `part`: a status, a body, and what then.
#[derive(Clone)]
struct Answer {
    part: &'static str,
    status: u16,
    body: Vec<u8>,
    /// Announces more bytes than it sends, and then keeps the socket open (`true`) or closes it (`false`).
    cut: Option<bool>,
}

/// A panel that says what it is told to.
#[derive(Clone)]
struct Panel {
    base: String,
    answers: Arc<Mutex<Vec<Answer>>>,
    asked: Arc<Mutex<VecDeque<String>>>,
    /// Told when an answer that stalls was sent so far.
    stalled: Arc<Notify>,
}

impl Panel {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let base = format!("http://{}", listener.local_addr().expect("address"));
        let panel = Self { base, answers: Arc::default(), asked: Arc::default(), stalled: Arc::default() };
        let serve = panel.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve.clone().answer(socket));
            }
        });
        panel
    }

    fn says(&self, part: &'static str, body: impl Into<Vec<u8>>) {
        self.answers(Answer { part, status: 200, body: body.into(), cut: None });
    }

    fn answers(&self, answer: Answer) {
        let mut answers = self.answers.lock();
        answers.retain(|a| a.part != answer.part);
        answers.push(answer);
    }

    async fn answer(self, socket: TcpStream) {
        let mut socket = BufReader::new(socket);
        let mut head = String::new();
        while socket.read_line(&mut head).await.is_ok_and(|n| n > 2) {}
        let path = head.split(' ').nth(1).unwrap_or("").to_owned();
        self.asked.lock().push_back(head);
        // The longest part that fits: the login's is in every other path.
        let answer = self
            .answers
            .lock()
            .iter()
            .filter(|a| path.contains(a.part))
            .max_by_key(|a| a.part.len())
            .cloned();
        let Some(Answer { status, body, cut, .. }) = answer else {
            let _ = socket.write_all(b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n").await;
            return;
        };
        let length = body.len() + if cut.is_some() { 1000 } else { 0 };
        let head =
            format!("HTTP/1.1 {status} x\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n");
        let _ = socket.write_all(head.as_bytes()).await;
        let _ = socket.write_all(&body).await;
        if cut == Some(true) {
            self.stalled.notify_one();
            let _ = socket.read_u8().await;
        }
    }

    fn xtream(&self) -> NewProvider {
        let (username, password) = ("bob".into(), "pa ss".into());
        new("home", ProviderAccess::Xtream { host: self.base.clone(), username, password })
    }

    fn m3u(&self) -> NewProvider {
        new(
            "list",
            ProviderAccess::M3u { location: format!("{}/get.php?username=bob&password=pw", self.base) },
        )
    }
}

fn new(name: &str, access: ProviderAccess) -> NewProvider {
    NewProvider {
        name: name.into(),
        access,
        user_agent: Some("TV/1".into()),
        headers: vec![("X-Key".into(), "s3cret".into())],
        verify_tls: true,
        max_connections: None,
        refresh_interval: Some(0),
        enabled: true,
    }
}

/// HTTP/1.1 as far as these tests need it.
struct Plain;

impl Fetch for Plain {
    fn get(&self, ask: Ask) -> BoxFuture<'_, Result<Body, FetchFailed>> {
        Box::pin(async move {
            let failed = |detail: String| FetchFailed { reason: Reason::Network, detail };
            let url = url::Url::parse(&ask.url).expect("url");
            let host = format!("{}:{}", url.host_str().expect("host"), url.port().expect("port"));
            let mut socket = TcpStream::connect(host).await.map_err(|e| failed(e.to_string()))?;
            let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
            let mut head = format!("GET {}{query} HTTP/1.1\r\nhost: x\r\n", url.path());
            for (name, value) in
                ask.headers.iter().cloned().chain(ask.user_agent.map(|ua| ("user-agent".into(), ua)))
            {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            socket.write_all(format!("{head}\r\n").as_bytes()).await.map_err(|e| failed(e.to_string()))?;
            let mut socket = BufReader::new(socket);
            let mut head = String::new();
            while socket.read_line(&mut head).await.is_ok_and(|n| n > 2) {}
            let status: u16 = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
            if status != 200 {
                let reason = if status == 403 { Reason::Auth } else { Reason::Network };
                return Err(FetchFailed { reason, detail: format!("HTTP {status}") });
            }
            let length: usize =
                head.split("content-length: ").nth(1).and_then(|s| s.trim().parse().ok()).expect("length");
            let bytes =
                futures_util::stream::try_unfold((socket, length), move |(mut socket, left)| async move {
                    let mut part = vec![0; left.min(100)];
                    if left == 0 {
                        return Ok(None);
                    }
                    let n = socket.read(&mut part).await.map_err(|e| failed(e.to_string()))?;
                    part.truncate(n);
                    if n == 0 {
                        Err(failed("the connection was closed midway".into()))
                    } else {
                        Ok(Some((Bytes::from(part), (socket, left - n))))
                    }
                });
            Ok(Body {
                content_type: "text/html".into(),
                unchanged: false,
                validators: None,
                bytes: bytes.boxed(),
            })
        })
    }
}

async fn open(dir: &std::path::Path, environment: Vec<EnvProvider>) -> Arc<Catalogue> {
    let store = Store::open(dir).expect("store");
    let options = Options { refresh_interval: Duration::from_secs(3600), environment };
    Catalogue::open(store, Arc::new(Plain), Vault::new(&[3; 32]), options).await.expect("catalogue")
}

async fn fresh() -> (tempfile::TempDir, Arc<Catalogue>, Panel) {
    let dir = tempfile::tempdir().expect("directory");
    let catalogue = open(dir.path(), Vec::new()).await;
    (dir, catalogue, Panel::start().await)
}

const LOGIN: &str = r#"{"user_info":{"auth":"1","status":"Active","max_connections":"2","exp_date":null,"allowed_output_formats":["m3u8","ts"]},"server_info":{"port":80}}"#;

fn good_panel(panel: &Panel) {
    panel.says("player_api.php", LOGIN);
    panel.says(
        "get_live_categories",
        r#"[{"category_id":"1","category_name":"France"},{"category_id":2,"category_name":"Séries"},null]"#,
    );
    panel.says(
        "get_live_streams",
        r#"{"0":{"num":1,"name":"TF1 HD","stream_id":101,"category_id":"1","stream_icon":"http://l/1.png"},
            "1":{"num":"2","name":"Le Nouvel Écran","stream_id":"102","category_id":1,"epg_channel_id":"ne.fr"},
            "2":{"num":null,"name":"Friends","stream_id":103,"category_ids":[2],"stream_icon":null,"added":""},
            "3":{"name":"no id"}, "4":{"num":1,"name":"TF1 HD","stream_id":101,"category_id":"2"}, "5":[]}"#,
    );
}

async fn names(catalogue: &Catalogue, query: Query) -> Vec<String> {
    catalogue.channels(query).await.expect("page").items.into_iter().map(|c| c.name).collect()
}

fn search(text: &str) -> Query {
    Query { search: Some(text.into()), ..Query::default() }
}

async fn refused(catalogue: &Arc<Catalogue>, name: &str) -> ImportError {
    match catalogue.refresh(name, false).await {
        Err(CatalogueError::Refresh { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_xtream_panel_with_its_quirks() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    catalogue.add(&panel.xtream()).await.expect("add");
    let done = catalogue.refresh("home", false).await.expect("refresh");
    assert_eq!(done, Imported { channels: 3, odd: 3, repeated: 1, unchanged: false });
    let head = panel.asked.lock().pop_back().expect("asked");
    assert!(head.contains("user-agent: TV/1") && head.contains("X-Key: s3cret"), "{head}");

    assert_eq!(names(&catalogue, Query::default()).await, ["TF1 HD", "Le Nouvel Écran", "Friends"]);
    assert_eq!(names(&catalogue, search("ecran")).await, ["Le Nouvel Écran"]);
    assert_eq!(names(&catalogue, search("F1")).await, ["TF1 HD"]);
    let of = |category: &str| Query { category: Some(category.into()), ..Query::default() };
    assert_eq!(names(&catalogue, of("series")).await, ["Friends"]);
    assert_eq!(names(&catalogue, of("france")).await.len(), 2);
    assert_eq!(names(&catalogue, of("nowhere")).await.len(), 0);
    let groups = catalogue.groups().await.expect("groups");
    assert_eq!(
        groups.iter().map(|g| (g.name.as_str(), g.count)).collect::<Vec<_>>(),
        [("France", 2), ("Séries", 1)]
    );
    let by_id = Query { group: Some(groups[1].id.to_string()), ..Query::default() };
    assert_eq!(names(&catalogue, by_id).await, ["Friends"]);
    let stats = catalogue.stats().await.expect("stats");
    assert_eq!((stats.tv, stats.series, stats.total), (2, 1, 3));
    let page = catalogue.channels(Query { page: 2, page_size: 2, ..Query::default() }).await.expect("page");
    assert_eq!((page.items.len(), page.total, page.pages), (1, 3, 2));

    let playable = catalogue.playable(&102.into()).await.expect("playable").expect("channel");
    assert_eq!(playable.sources[0].url, format!("{}/live/bob/pa%20ss/102.ts", panel.base));
    assert_eq!(playable.provider.as_ref().expect("slots").max_connections, 2);
    assert!(!format!("{playable:?}").contains("bob"));
    assert_eq!(catalogue.playable(&999.into()).await.expect("playable"), None);
    catalogue.set_enabled("home", false).await.expect("disable");
    assert_eq!(catalogue.playable(&102.into()).await.expect("playable"), None);
    assert_eq!(names(&catalogue, Query::default()).await.len(), 0);
}

#[tokio::test]
async fn an_account_for_hls_only_plays_hls() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    panel.says(
        "player_api.php",
        r#"{"user_info":{"auth":1,"max_connections":null,"allowed_output_formats":"m3u8"}}"#,
    );
    let direct = r#"[{"stream_id":7,"name":"x","direct_source":"http://10.0.0.1/x.ts"}]"#;
    panel.says("get_live_streams", direct);
    catalogue.add(&panel.xtream()).await.expect("add");
    catalogue.refresh("home", false).await.expect("refresh");
    let playable = catalogue.playable(&7.into()).await.expect("playable").expect("channel");
    let urls: Vec<_> = playable.sources.iter().map(|s| s.url.as_str()).collect();
    assert_eq!(urls, ["http://10.0.0.1/x.ts", &format!("{}/live/bob/pa%20ss/7.m3u8", panel.base)]);
    assert_eq!(playable.provider.expect("slots").max_connections, 1, "unsaid: one");
}

#[tokio::test]
async fn whatever_goes_wrong_the_old_list_stays() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    let many: Vec<_> =
        (0..20).map(|n| serde_json::json!({"stream_id": n, "name": format!("c{n}")})).collect();
    panel.says("get_live_streams", serde_json::to_vec(&many).expect("json"));
    catalogue.add(&panel.xtream()).await.expect("add");
    catalogue.refresh("home", false).await.expect("refresh");
    let text = serde_json::to_vec(&many).expect("json");
    type Case = (&'static str, u16, Vec<u8>, Option<bool>, fn(&ImportError) -> bool);
    let cases: Vec<Case> = vec![
        ("get_live_streams", 200, b"[]".to_vec(), None, |e| matches!(e, ImportError::Empty)),
        ("get_live_streams", 200, b"null".to_vec(), None, |e| matches!(e, ImportError::Empty)),
        ("get_live_streams", 200, text[..300].to_vec(), None, |e| matches!(e, ImportError::Truncated(_))),
        ("get_live_streams", 200, text[..300].to_vec(), Some(false), |e| matches!(e, ImportError::Fetch(_))),
        ("get_live_streams", 200, LOGIN.into(), None, |e| matches!(e, ImportError::NotAList(_))),
        ("get_live_streams", 200, b"<html>blocked".to_vec(), None, |e| matches!(e, ImportError::NotAList(_))),
        ("get_live_streams", 403, Vec::new(), None, |e| e.reason() == Reason::Auth),
        ("get_live_streams", 200, serde_json::to_vec(&many[..9]).expect("json"), None, |e| {
            matches!(e, ImportError::Shrunk { old: 20, new: 9 })
        }),
        ("player_api.php", 200, b"{\"user_info\":{\"auth\":0}}".to_vec(), None, |e| {
            matches!(e, ImportError::Login(_))
        }),
        ("player_api.php", 200, b"<html>".to_vec(), None, |e| matches!(e, ImportError::NotAList(_))),
    ];
    for (part, status, body, cut, expected) in cases {
        good_panel(&panel);
        panel.answers(Answer { part, status, body, cut });
        let why = refused(&catalogue, "home").await;
        assert!(expected(&why), "{part} {status}: {why:?}");
        let status = catalogue.status().await.expect("status");
        assert_eq!((status.channel_count, status.stale, status.refreshing), (20, true, false));
        let error = status.error.expect("error");
        assert!(error.starts_with("home: ") && !error.contains("bob") && !error.contains("pa ss"), "{error}");
        assert_eq!(names(&catalogue, Query::default()).await.len(), 20);
    }
    good_panel(&panel);
    panel.says("get_live_streams", serde_json::to_vec(&many[..9]).expect("json"));
    assert_eq!(catalogue.refresh("home", true).await.expect("forced").channels, 9);
    assert_eq!(catalogue.status().await.expect("status").error, None);
}

#[tokio::test]
async fn an_import_that_is_killed_midway_leaves_the_old_list_and_no_rows() {
    let (dir, catalogue, panel) = fresh().await;
    let list = |n: usize| {
        (0..n)
            .map(|i| format!("#EXTINF:-1 group-title=\"G\",Channel {i}\nhttp://h/u/p/{i}.ts\n"))
            .collect::<String>()
    };
    panel.says("get.php", list(3));
    catalogue.add(&panel.m3u()).await.expect("add");
    catalogue.refresh("list", false).await.expect("refresh");

    panel.answers(Answer { part: "get.php", status: 200, body: list(2500).into(), cut: Some(true) });
    let mut news = catalogue.news();
    let running = tokio::spawn({
        let catalogue = catalogue.clone();
        async move { catalogue.refresh("list", false).await }
    });
    panel.stalled.notified().await;
    while !matches!(news.recv().await.expect("news").news, News::Progress(n) if n > 0) {}
    assert!(catalogue.status().await.expect("status").refreshing);
    let second = catalogue.refresh("list", false).await;
    assert!(matches!(second, Err(CatalogueError::AlreadyRunning(_))), "{second:?}");
    assert!(catalogue.refresh_all().await.expect("all").already_running);
    running.abort();
    assert!(running.await.expect_err("aborted").is_cancelled());
    assert!(!catalogue.status().await.expect("status").refreshing);
    assert_eq!(names(&catalogue, Query::default()).await.len(), 3);
    drop(catalogue);

    let catalogue = open(dir.path(), Vec::new()).await;
    let rows = |catalogue: &Catalogue| {
        let store = catalogue.store.clone();
        async move {
            store
                .read(|db| Ok(db.query_row("SELECT count(*) FROM channels", [], |r| r.get::<_, i64>(0))?))
                .await
        }
    };
    assert!(rows(&catalogue).await.expect("rows") > 1000, "staged rows are there");
    let store = catalogue.store.clone();
    while store.write(|tx| crate::store::imports::sweep(tx, &[], 500)).await.expect("sweep") > 0 {}
    assert_eq!(rows(&catalogue).await.expect("rows"), 3);
    panel.says("get.php", list(2500));
    assert_eq!(catalogue.refresh("list", false).await.expect("refresh").channels, 2500);
}

#[tokio::test]
async fn a_list_keeps_its_ids_and_seals_its_addresses() {
    let (dir, catalogue, panel) = fresh().await;
    let list = "\u{feff}#EXTM3U\r\n#EXTINF:-1 tvg-id=\"tf1\" tvg-chno=\"5\" group-title=\"FR\",TF1 ᴴᴰ\r\n#EXTVLCOPT:http-referrer=http://r/\r\nhttp://127.0.0.1:1/u/s3cretpath/1.ts|User-Agent=K\r\n\
        #EXTINF:-1 group-title=\"UK\",TF1 HD\nhttp://127.0.0.1:1/2.ts\n#EXTINF:-1 group-title=\"UK\",TF1 HD\nhttp://127.0.0.1:1/3.ts\n#EXTINF:-1,日本\nhttp://127.0.0.1:1/4.ts\n";
    panel.says("get.php", list);
    let view = catalogue.add(&panel.m3u()).await.expect("add");
    assert!(view.address.starts_with("http://127.0.0.1:") && view.address.ends_with("/…"));
    catalogue.refresh("list", false).await.expect("refresh");
    let ids = async |catalogue: &Catalogue| -> Vec<String> {
        let page = catalogue.channels(Query::default()).await.expect("page");
        page.items.into_iter().map(|c| c.channel_id.to_string()).collect()
    };
    let before = ids(&catalogue).await;
    assert_eq!(before[0], "tf1-hd");
    assert!(before[1].starts_with("tf1-hd-") && before[2].starts_with("tf1-hd-") && before[1] != before[2]);
    assert!(before[3].starts_with("m3u-"));
    let playable =
        catalogue.playable(&"tf1-hd".parse().expect("id")).await.expect("playable").expect("channel");
    let source = &playable.sources[0];
    assert_eq!(
        (source.url.as_str(), source.user_agent.as_deref()),
        ("http://127.0.0.1:1/u/s3cretpath/1.ts", Some("K"))
    );
    assert_eq!(source.headers[0], ("Referer".to_owned(), "http://r/".to_owned()));
    assert!(!source.public_only, "the list's own host");
    assert_eq!(playable.provider.expect("slots").max_connections, 0);

    // The first one is gone, others keep their names; an odd new one comes first.
    let next: String = list.splitn(5, '\n').last().expect("rest").to_owned();
    panel.says("get.php", format!("#EXTINF:-1,New\nhttp://127.0.0.1:1/9.ts\n{next}"));
    catalogue.refresh("list", false).await.expect("refresh");
    let after = ids(&catalogue).await;
    assert_eq!((after[0].as_str(), &after[1..]), ("new", &before[before.len() + 1 - after.len()..]));

    drop(catalogue);
    for file in ["relais.db", "relais.db-wal"] {
        let Ok(bytes) = std::fs::read(dir.path().join(file)) else { continue };
        for secret in ["s3cret", "password=pw", "s3cretpath"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret} in {file}");
        }
    }
}

#[tokio::test]
async fn find_takes_ids_names_and_parts_of_names() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    let names = ["TF1", "TF1 HD", "TF1 4K", "Arte", "101"];
    let streams: Vec<_> =
        names.iter().zip(100..).map(|(n, id)| serde_json::json!({"stream_id": id, "name": n})).collect();
    panel.says("get_live_streams", serde_json::to_vec(&streams).expect("json"));
    catalogue.add(&panel.xtream()).await.expect("add");
    catalogue.refresh("home", false).await.expect("refresh");
    for (text, expected) in [
        ("102", "TF1 4K"),
        ("tf1", "TF1"),
        ("TF1 hd", "TF1 HD"),
        ("4k", "TF1 4K"),
        ("ART", "Arte"),
        ("101", "TF1 HD"),
    ] {
        match catalogue.find(text).await.expect("find") {
            Found::One(channel) => assert_eq!(channel.name, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(catalogue.find("t").await.expect("find"), Found::Many(all) if all.len() == 4));
    for nothing in ["xyz", "", " ", "tf1 arte"] {
        assert_eq!(catalogue.find(nothing).await.expect("find"), Found::None, "{nothing:?}");
    }
}

#[tokio::test]
async fn the_environment_is_never_stored() {
    let (dir, catalogue, panel) = fresh().await;
    drop(catalogue);
    good_panel(&panel);
    let given = |password: &str| EnvProvider {
        name: "iptv".into(),
        host: panel.base.clone(),
        username: "bob".into(),
        password: password.into(),
        verify_tls: false,
        refresh_interval: None,
    };
    let catalogue = open(dir.path(), vec![given("pl4nted")]).await;
    catalogue.refresh("iptv", false).await.expect("refresh");
    let id = catalogue.show("iptv").await.expect("view").id;
    let playable = catalogue.playable(&101.into()).await.expect("playable").expect("channel");
    assert!(playable.sources[0].url.contains("pl4nted") && !playable.sources[0].verify_tls);
    drop(catalogue);
    for file in ["relais.db", "relais.db-wal"] {
        let Ok(bytes) = std::fs::read(dir.path().join(file)) else { continue };
        assert!(!bytes.windows(7).any(|w| w == b"pl4nted"), "in {file}");
    }
    let catalogue = open(dir.path(), vec![given("changed")]).await;
    assert_eq!(catalogue.show("iptv").await.expect("view").id, id, "the same provider");
    assert_eq!(names(&catalogue, Query::default()).await.len(), 3, "with its list");
    drop(catalogue);
    let catalogue = open(dir.path(), Vec::new()).await;
    assert!(catalogue.providers().await.expect("providers").is_empty());
    assert_eq!(catalogue.playable(&101.into()).await.expect("playable"), None);
}

#[tokio::test]
async fn the_scheduler_fetches_what_is_new_and_stops() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    let stop = tokio_util::sync::CancellationToken::new();
    let mut news = catalogue.news();
    let task = tokio::spawn(catalogue.clone().run(stop.clone()));
    catalogue.add(&panel.xtream()).await.expect("add");
    loop {
        match news.recv().await.expect("news").news {
            News::Done(done) => break assert_eq!(done.channels, 3),
            News::Progress(_) => {}
            News::Failed(why) => panic!("{why}"),
        }
    }
    catalogue.remove("home").await.expect("remove");
    assert!(matches!(catalogue.remove("home").await, Err(CatalogueError::UnknownProvider(_))));
    assert_eq!(names(&catalogue, Query::default()).await.len(), 0);
    stop.cancel();
    task.await.expect("stopped");
}

#[tokio::test]
async fn a_file_is_a_list_too() {
    let (dir, catalogue, _panel) = fresh().await;
    let path = dir.path().join("list.m3u");
    std::fs::write(&path, "#EXTINF:-1,A\nudp://@239.0.0.1:1234\n").expect("file");
    let location = path.to_str().expect("path").to_owned();
    catalogue.add(&new("file", ProviderAccess::M3u { location })).await.expect("add");
    catalogue.refresh("file", false).await.expect("refresh");
    let playable = catalogue.playable(&"a".parse().expect("id")).await.expect("playable").expect("channel");
    assert_eq!(playable.sources[0].url, "udp://@239.0.0.1:1234");
    std::fs::remove_file(&path).expect("remove");
    assert!(matches!(refused(&catalogue, "file").await, ImportError::File(_)));
    assert_eq!(names(&catalogue, Query::default()).await, ["A"]);
}

#[tokio::test]
async fn removing_a_provider_ends_its_refresh() {
    let (_dir, catalogue, panel) = fresh().await;
    let body = b"#EXTM3U\n#EXTINF:-1,One\nhttp://x/1\n".to_vec();
    panel.answers(Answer { part: "get.php", status: 200, body, cut: Some(true) });
    catalogue.add(&panel.m3u()).await.expect("add");
    let refresh = tokio::spawn({
        let catalogue = catalogue.clone();
        async move { catalogue.refresh("list", false).await }
    });
    panel.stalled.notified().await;
    catalogue.remove("list").await.expect("remove");
    let ended =
        tokio::time::timeout(Duration::from_secs(10), refresh).await.expect("it goes on").expect("task");
    assert!(matches!(ended, Err(CatalogueError::Refresh { why: error::ImportError::Gone, .. })), "{ended:?}");
}

#[tokio::test]
async fn an_account_is_checked_before_anything_is_kept_of_it() {
    let (panel, dir) = (Panel::start().await, tempfile::tempdir().expect("directory"));
    let catalogue = open(dir.path(), Vec::new()).await;
    panel.says("player_api.php", r#"{"user_info":{"auth":1,"status":"Active"}}"#);
    assert!(catalogue.check(&panel.xtream()).await.expect("accepted"));
    panel.says("player_api.php", r#"{"user_info":{"auth":0}}"#);
    let refused = catalogue.check(&panel.xtream()).await.expect_err("refused");
    assert!(matches!(refused, CatalogueError::Refresh { why: ImportError::Login(_), .. }), "{refused}");
    let forbidden = Answer { part: "player_api.php", status: 403, body: Vec::new(), cut: None };
    panel.answers(forbidden);
    let refused = catalogue.check(&panel.xtream()).await.expect_err("refused");
    assert!(matches!(refused, CatalogueError::Refresh { why: ImportError::Login(_), .. }), "{refused}");
    panel.says("player_api.php", "<html>");
    assert!(!catalogue.check(&panel.xtream()).await.expect("not told"));
    assert!(catalogue.providers().await.expect("providers").is_empty());
}

#[tokio::test]
async fn a_list_that_is_a_pipe_is_refused_at_once() {
    let dir = tempfile::tempdir().expect("directory");
    let catalogue = open(dir.path(), Vec::new()).await;
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let location = pipe.to_str().expect("path").to_owned();
    catalogue.add(&new("pipe", ProviderAccess::M3u { location })).await.expect("added");
    let error = catalogue.refresh("pipe", false).await.expect_err("no list").to_string();
    assert!(error.contains("not a regular file"), "{error}");
}

/// Ids and numbers by name.
async fn listed(catalogue: &Catalogue) -> Vec<(String, String, Option<f64>)> {
    let page = catalogue.channels(Query { page_size: 500, ..Query::default() }).await.expect("page");
    page.items.into_iter().map(|c| (c.channel_id.to_string(), c.name, c.number)).collect()
}

#[tokio::test]
async fn a_channel_is_the_same_whatever_it_is_called_and_wherever_it_stands() {
    let (_dir, catalogue, panel) = fresh().await;
    let entry = |name: &str, group: &str, number: u32, url: &str| {
        format!(
            "#EXTINF:-1 tvg-id=\"{name}.tv\" tvg-chno=\"{number}\" group-title=\"{group}\",{name}\n{url}\n"
        )
    };
    let url = |n: u32, token: &str| format!("http://h/live/bob/{token}/{n}.ts");
    let names = ["One", "Two", "Three", "Four"];
    let first: String = (1..).zip(names).map(|(n, name)| entry(name, "A", n, &url(n, "pw"))).collect();
    panel.says("get.php", first.clone());
    catalogue.add(&panel.m3u()).await.expect("add");
    catalogue.refresh("list", false).await.expect("refresh");
    let before = listed(&catalogue).await;

    // Renamed, moved, renumbered, with another token, behind a new one that is called like an old one.
    let next = [
        entry("Two", "A", 2, &url(9, "new")),
        entry("Zwei", "B", 7, &url(2, "new")),
        entry("Four", "B", 9, "http://elsewhere/4.m3u8"),
        entry("One", "A", 1, &url(1, "new")),
    ];
    panel.says("get.php", next.concat());
    catalogue.refresh("list", false).await.expect("refresh");
    let after = listed(&catalogue).await;
    let row =
        |id: &str| after.iter().find(|row| row.0 == id).cloned().unwrap_or_else(|| panic!("{id}: {after:?}"));
    assert_eq!(row(&before[1].0), ("two".into(), "Zwei".into(), Some(2.0)), "by its address");
    assert_eq!(row(&before[3].0), ("four".into(), "Four".into(), Some(4.0)), "by its name in guides");
    assert_eq!(row(&before[0].0), ("one".into(), "One".into(), Some(1.0)));
    let newcomer = &after[0];
    assert!(newcomer.0.starts_with("two-") && newcomer.2 != Some(2.0), "{newcomer:?}");

    // The same again: nothing is written.
    let again = catalogue.refresh("list", false).await.expect("refresh");
    assert!(again.unchanged && again.channels == 4, "{again:?}");
    assert_eq!(listed(&catalogue).await, after);
    // The same with one more at its end, then one less.
    panel.says("get.php", next.concat() + &entry("Five", "A", 5, &url(5, "x")));
    assert!(!catalogue.refresh("list", false).await.expect("refresh").unchanged);
    assert_eq!(listed(&catalogue).await[..4], after);
    panel.says("get.php", next.concat());
    assert!(!catalogue.refresh("list", false).await.expect("refresh").unchanged);
    assert_eq!(listed(&catalogue).await, after);
}

#[tokio::test]
async fn edits_and_rules_outlive_refreshes() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    catalogue.add(&panel.xtream()).await.expect("add");
    catalogue.refresh("home", false).await.expect("refresh");
    let rule = |field: &str, pattern: &str, action: &str, value: Option<&str>| RuleRequest {
        field: field.into(),
        pattern: pattern.into(),
        kind: None,
        action: action.into(),
        value: value.map(str::to_owned),
        enabled: true,
    };
    let preview =
        catalogue.preview(rule("name", "^TF1", "rename", Some("La Une")), 10).await.expect("preview");
    assert_eq!((preview.total, preview.items[0].new_name.as_str()), (1, "La Une HD"));
    let added = catalogue.add_rule(rule("name", "^TF1", "rename", Some("La Une"))).await.expect("rule");
    catalogue.add_rule(rule("name", "friends", "hide", None)).await.expect("rule");
    catalogue.add_rule(rule("group", "^France$", "regroup", Some("Télé"))).await.expect("rule");
    let edit = ChannelEdit {
        name: Some("Écran".into()),
        group: None,
        number: Some(50.0),
        hidden: None,
        favourite: true,
        is_active: false,
    };
    assert!(catalogue.edit(&102.into(), edit.clone()).await.expect("edit"));
    assert!(!catalogue.edit(&999.into(), edit.clone()).await.expect("edit"));
    for refresh in [false, true] {
        if refresh {
            panel.says("get_live_categories", r#"[{"category_id":"1","category_name":"France"}]"#);
            catalogue.refresh("home", false).await.expect("refresh");
        }
        assert_eq!(names(&catalogue, Query::default()).await, ["La Une HD", "Écran"]);
        assert_eq!(names(&catalogue, search("une")).await, ["La Une HD"]);
        assert_eq!(names(&catalogue, search("tf1")).await, Vec::<String>::new());
        let hidden = Query { hidden: Some(true), ..Query::default() };
        assert_eq!(names(&catalogue, hidden).await, ["Friends"]);
        let favourites = Query { favourites: true, ..Query::default() };
        assert_eq!(names(&catalogue, favourites).await, ["Écran"]);
        let of_group = Query { group: Some("tele".into()), sort: Sort::NameDown, ..Query::default() };
        assert_eq!(names(&catalogue, of_group).await, ["La Une HD", "Écran"]);
        assert_eq!(catalogue.groups().await.expect("groups")[0].name, "Télé");
        assert_eq!(catalogue.playable(&102.into()).await.expect("playable"), None, "not active");
        let channel = catalogue.channel(&102.into()).await.expect("channel").expect("there");
        assert_eq!((channel.number, channel.is_active, channel.favourite), (Some(50.0), false, true));
        assert_eq!(catalogue.edit_of(&102.into()).await.expect("edit"), Some(edit.clone()));
    }
    assert!(catalogue.remove_rule(added.id).await.expect("remove"));
    assert!(!catalogue.remove_rule(added.id).await.expect("remove"));
    assert_eq!(names(&catalogue, search("tf1")).await, ["TF1 HD"]);
    assert_eq!(catalogue.rules().await.expect("rules").len(), 2);
}

#[tokio::test]
async fn films_and_series_come_with_the_account() {
    let (_dir, catalogue, panel) = fresh().await;
    good_panel(&panel);
    panel.says("get_vod_categories", r#"[{"category_id":"1","category_name":"Action"}]"#);
    panel.says(
        "get_vod_streams",
        r#"[{"stream_id":101,"name":"Heat","category_id":"1","container_extension":"mkv"},{"stream_id":"500","title":"Alien"}]"#,
    );
    panel.says("action=get_series_categories", "[]");
    panel.says("action=get_series", r#"{"0":{"series_id":101,"name":"The Wire","cover":"http://l/w.png"}}"#);
    catalogue.add(&panel.xtream()).await.expect("add");
    assert_eq!(catalogue.refresh("home", false).await.expect("refresh").channels, 6);
    let ids: Vec<String> = listed(&catalogue).await.into_iter().map(|row| row.0).collect();
    assert_eq!(ids, ["101", "102", "103", "home-movie-101", "500", "series-101"]);
    let stats = catalogue.stats().await.expect("stats");
    assert_eq!((stats.tv, stats.movies, stats.series), (2, 2, 2));
    let film =
        catalogue.playable(&"home-movie-101".parse().expect("id")).await.expect("playable").expect("film");
    assert_eq!(film.sources[0].url, format!("{}/movie/bob/pa%20ss/101.mkv", panel.base));
    let series =
        catalogue.playable(&"series-101".parse().expect("id")).await.expect("playable").expect("series");
    assert!(series.sources.is_empty(), "a series has episodes");
}

#[tokio::test]
async fn a_disabled_provider_keeps_its_ids_and_shows_nothing() {
    let (_dir, catalogue, panel) = fresh().await;
    panel.says("get.php", "#EXTINF:-1 tvg-chno=\"4\",One\nhttp://h/live/u/p/1.ts\n");
    catalogue.add(&panel.m3u()).await.expect("add");
    catalogue.refresh("list", false).await.expect("refresh");
    let before = listed(&catalogue).await;
    catalogue.set_enabled("list", false).await.expect("disable");
    panel.says("get.php", "#EXTINF:-1 tvg-chno=\"9\",Renamed\nhttp://h/live/u/q/1.ts\n");
    catalogue.refresh("list", false).await.expect("refresh");
    assert_eq!(listed(&catalogue).await, []);
    catalogue.set_enabled("list", true).await.expect("enable");
    let after = listed(&catalogue).await;
    assert_eq!((&after[0].0, after[0].2, after[0].1.as_str()), (&before[0].0, before[0].2, "Renamed"));
}
