//! The program as it is run: exit codes, what goes where, and what it asks of the service.
//!
//! The service is a small stand-in behind a real Unix socket that answers as the contract says.
#![allow(clippy::expect_used, clippy::panic)] // helpers of tests are no tests to clippy

use axum::Router;
use axum::extract::{Json, Path as UrlPath, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

/// A relais with a configuration, a home and nothing else of its own.
struct Bench {
    dir: tempfile::TempDir,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Bench {
    fn without_service() -> Self {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::write(dir.path().join("relais.toml"), "").expect("write");
        Self { dir, calls: Arc::default(), runtime: None }
    }

    fn with_service() -> Self {
        let mut bench = Self::without_service();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("runtime");
        let listener = {
            let _inside = runtime.enter();
            tokio::net::UnixListener::bind(bench.socket()).expect("bind")
        };
        let service = service(bench.calls.clone());
        runtime.spawn(async move { axum::serve(listener, service).await });
        bench.runtime = Some(runtime);
        bench
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("admin.sock")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relais"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("RELAIS_CONFIG", self.dir.path().join("relais.toml"))
            .env("RELAIS_DATA_DIR", self.dir.path().join("data"))
            .env("RELAIS_ADMIN_SOCKET", self.socket())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("run")
    }

    fn feed(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("spawn");
        child.stdin.take().expect("stdin").write_all(input.as_bytes()).expect("write");
        child.wait_with_output().expect("wait")
    }

    fn calls(&self, path: &str) -> Vec<Value> {
        self.calls.lock().iter().filter(|(called, _)| called == path).map(|(_, body)| body.clone()).collect()
    }
}

type Refusal = (StatusCode, Json<Value>);
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

fn service(calls: Calls) -> Router {
    Router::new()
        .route(
            "/api/system/version",
            get(async || Json(json!({"name": "relais", "version": "0.1.0", "uptime": 60, "pid": 1}))),
        )
        .route(
            "/stream_status",
            get(async || {
                Json(json!({"active": true, "channel_id": 1, "channel_name": "News One",
            "started_at": "2025-12-24T10:30:00", "state": "live", "viewers": 2, "generation": 1}))
            }),
        )
        .route(
            "/api/feeds",
            get(async || {
                Json(json!({"feeds": [{"channel_id": 1, "name": "News One", "state": "live",
            "reason": null, "viewers": 2, "bitrate": 4000}], "total": 1, "page": 1, "per_page": 500}))
            }),
        )
        .route("/channels", get(channels))
        .route("/start_stream", post(start))
        .route("/stop_stream", post(async || Json(json!({"status": "success", "message": "Off air"}))))
        .route("/generate_link", post(link))
        .route("/api/admin/password", post(password))
        .route("/api/providers", get(providers).post(add_provider))
        .route("/api/providers/{id}", delete(remove_provider))
        .with_state(calls)
}

const CHANNELS: [(u64, &str); 3] = [(1, "News One"), (2, "News Two"), (3, "Films")];

async fn channels(Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    let search = query.get("search").map(|text| text.to_lowercase()).unwrap_or_default();
    let found = CHANNELS.iter().filter(|(_, name)| name.to_lowercase().contains(&search));
    let items: Vec<_> = found
        .map(|(id, name)| json!({"channel_id": id, "name": name, "group": "G", "category": "tv"}))
        .collect();
    Json(json!({"total": items.len(), "items": items, "page": 1, "page_size": 50, "pages": 1}))
}

fn channel(body: &Value) -> Result<&'static str, Refusal> {
    let found = CHANNELS.iter().find(|(id, _)| body["channel_id"] == *id).map(|(_, name)| *name);
    found.ok_or_else(|| {
        let error =
            json!({"error": {"code": "NOT_FOUND", "message": "There is no such channel", "details": {}}});
        (StatusCode::NOT_FOUND, Json(error))
    })
}

async fn start(State(calls): State<Calls>, Json(body): Json<Value>) -> Result<Json<Value>, Refusal> {
    let name = channel(&body)?;
    calls.lock().push(("/start_stream".to_owned(), body));
    Ok(Json(
        json!({"status": "success", "message": "On air", "channel_name": name, "m3u8_url": "/live.m3u8", "watch_url": "/watch/"}),
    ))
}

async fn link(State(calls): State<Calls>, Json(body): Json<Value>) -> Result<Json<Value>, Refusal> {
    channel(&body)?;
    calls.lock().push(("/generate_link".to_owned(), body));
    Ok(Json(
        json!({"restream_url": "/restream/x.ts", "url": "http://h/restream/x.ts", "hls_url": "http://h/restream/x.m3u8",
        "expires_at": "2025-12-25T10:30:00Z"}),
    ))
}

async fn password(State(calls): State<Calls>, Json(body): Json<Value>) -> Json<Value> {
    let made = body["password"].is_null().then_some("made-up");
    calls.lock().push(("/api/admin/password".to_owned(), body));
    Json(json!({"status": "success", "username": "admin", "password": made}))
}

fn provider() -> Value {
    json!({"id": 4, "name": "home", "kind": "xtream", "host": "http://tv.example", "channel_count": 3, "refreshing": false,
        "last_refresh": null, "error": null, "max_connections": 1, "open_connections": 0})
}

async fn providers() -> Json<Value> {
    Json(json!({"providers": [provider()], "total": 1, "page": 1, "per_page": 500}))
}

async fn add_provider(State(calls): State<Calls>, Json(body): Json<Value>) -> Response {
    calls.lock().push(("/api/providers".to_owned(), body));
    (StatusCode::CREATED, Json(json!({"status": "created", "provider": provider()}))).into_response()
}

async fn remove_provider(State(calls): State<Calls>, UrlPath(id): UrlPath<i64>) -> Json<Value> {
    calls.lock().push(("/api/providers/{id}".to_owned(), id.into()));
    Json(json!({"status": "deleted"}))
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The one line of a failure with that exit code.
fn failure(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn without_a_service_every_client_command_says_how_to_start_it() {
    let bench = Bench::without_service();
    for arguments in [
        &["start", "x"][..],
        &["stop"],
        &["status", "--json"],
        &["channel", "list"],
        &["link", "x"],
        &["admin", "passwd", "--stdin"],
        &["provider", "list"],
        &["provider", "add", "m3u", "n", "http://h/"],
    ] {
        let text = failure(&bench.run(arguments), 1);
        let expected = format!(
            "relais: relais is not running (no service at {}). Start it with",
            bench.socket().display()
        );
        // As root a service of the system's may be found instead.
        if !Path::new("/run/relais/admin.sock").exists() {
            assert!(text.starts_with(&expected), "{arguments:?}: {text}");
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    let bench = Bench::without_service();
    for arguments in [
        &["frobnicate"][..],
        &["start"],
        &["link", "x", "--hours", "0"],
        &["channel", "list", "--limit", "501"],
    ] {
        failure(&bench.run(arguments), 2);
    }
    assert!(stdout(&bench.run(&["--version"])).starts_with("relais 0."));
}

#[test]
fn a_channel_is_named_by_id_or_by_part_of_its_name() {
    let bench = Bench::with_service();
    assert_eq!(stdout(&bench.run(&["start", "2"])), "On air: News Two\n");
    assert_eq!(stdout(&bench.run(&["start", "film"])), "On air: Films\n");
    let started: Vec<_> =
        bench.calls("/start_stream").iter().map(|body| body["channel_id"].clone()).collect();
    assert_eq!(started, [json!(2), json!(3)]);

    let text = failure(&bench.run(&["start", "news"]), 1);
    assert!(
        text.starts_with("relais: \"news\" is in the names of 2 channels")
            && text.contains("\n  1  News One\n  2  News Two"),
        "{text}"
    );
    let text = failure(&bench.run(&["start", "sports"]), 1);
    assert!(text.starts_with("relais: no channel has the id or a name with \"sports\""), "{text}");
    assert_eq!(bench.calls("/start_stream").len(), 2);
}

#[test]
fn status_lists_and_links_for_people_and_for_programs() {
    let bench = Bench::with_service();
    let text = stdout(&bench.run(&["status"]));
    assert!(text.contains("On air: News One (1), live, 2 viewers, since 2025-12-24 10:30 UTC\n"), "{text}");
    let value: Value = serde_json::from_str(&stdout(&bench.run(&["status", "--json"]))).expect("json");
    assert_eq!((&value["on_air"]["state"], &value["feeds"][0]["viewers"]), (&json!("live"), &json!(2)));
    assert_eq!(stdout(&bench.run(&["stop"])), "Off air\n");

    let text = stdout(&bench.run(&["channel", "list", "--search", "film"]));
    assert_eq!(text, "ID  NAME   CATEGORY  GROUP\n3   Films  tv        G\n");
    let value: Value =
        serde_json::from_str(&stdout(&bench.run(&["--json", "channel", "list"]))).expect("json");
    assert_eq!(value["total"], 3);

    let text = stdout(&bench.run(&["link", "films", "--hours", "2"]));
    assert!(text.starts_with("TS:   http://h/restream/x.ts\nHLS:  http://h/restream/x.m3u8\n"), "{text}");
    assert_eq!(bench.calls("/generate_link"), [json!({"channel_id": 3, "ttl_hours": 2})]);
}

#[test]
fn passwords_come_from_standard_input_or_the_environment_and_are_not_repeated() {
    let bench = Bench::with_service();
    let add = ["provider", "add", "xtream", "home", "--host", "http://tv.example", "--username", "me"];
    let output = bench.feed(&[&add[..], &["--password-stdin"]].concat(), "from-stdin\n");
    assert!(stdout(&output).starts_with("Provider:    home (4)\n"));
    let output = bench.command(&add).env("XTREAM_PASSWORD", "from-environment").output().expect("run");
    assert!(!stdout(&output).contains("from-environment"));
    let text = failure(&bench.run(&add), 1);
    assert!(text.contains("--password-stdin"), "{text}");
    let passwords: Vec<_> =
        bench.calls("/api/providers").iter().map(|body| body["access"]["password"].clone()).collect();
    assert_eq!(passwords, [json!("from-stdin"), json!("from-environment")]);

    assert_eq!(
        stdout(&bench.feed(&["admin", "passwd", "--stdin"], "new one\n")),
        "The password of admin is set\n"
    );
    assert!(stdout(&bench.run(&["admin", "passwd", "--generate"])).ends_with("made-up\n"));
    assert_eq!(
        bench.calls("/api/admin/password"),
        [json!({"password": "new one"}), json!({"password": null})]
    );
    failure(&bench.feed(&["admin", "passwd", "--stdin"], "\n"), 1);
}

#[test]
fn providers_are_named_by_name_or_number() {
    let bench = Bench::with_service();
    assert!(
        stdout(&bench.run(&["provider", "list"]))
            .contains("\n4   home  xtream  3         never      not read yet\n")
    );
    assert_eq!(stdout(&bench.run(&["provider", "remove", "home"])), "Removed home\n");
    assert_eq!(stdout(&bench.run(&["provider", "remove", "4"])), "Removed home\n");
    assert_eq!(bench.calls("/api/providers/{id}"), [json!(4), json!(4)]);
    let text = failure(&bench.run(&["provider", "remove", "office"]), 1);
    assert_eq!(text, "relais: no provider is called \"office\"; there are: home\n");
}

#[test]
fn config_check_tells_every_problem_in_a_line_of_its_own() {
    let bench = Bench::without_service();
    assert!(stdout(&bench.run(&["config", "check"])).ends_with("relais.toml is valid\n"));
    let value: Value =
        serde_json::from_str(&stdout(&bench.run(&["config", "check", "--json"]))).expect("json");
    assert_eq!((&value["valid"], &value["config"]["hls"]["target_duration"]), (&json!(true), &json!(4)));

    let path = bench.dir.path().join("relais.toml");
    std::fs::write(&path, "[listen]\napi = \"x\"\n[hls]\nwindow = 1\n").expect("write");
    let text = failure(&bench.run(&["config", "check"]), 1);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with(&format!("relais: {}:2: listen.api = \"x\": must be", path.display())),
        "{text}"
    );
    assert!(
        lines[1].starts_with(&format!("relais: {}:4: hls.window = 1: must be", path.display())),
        "{text}"
    );
    let output = bench.run(&["config", "check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let value: Value = serde_json::from_slice(&output.stdout).expect("json");
    assert_eq!((&value["valid"], &value["problems"][1]["line"]), (&json!(false), &json!(4)));

    // The service does not start with it either, and says so in one line.
    let text = failure(&bench.run(&["serve"]), 1);
    assert!(text.lines().count() == 1 && text.contains("(and 1 more: see `relais config check`)"), "{text}");
}

#[test]
fn doctor_looks_at_everything_even_where_things_are_wrong() {
    let bench = Bench::without_service();
    std::fs::write(
        bench.dir.path().join("relais.toml"),
        "[listen]\napi = \"\"\npublic = \"127.0.0.1:0\"\nrtmp = \"\"\n",
    )
    .expect("write");
    let output = bench.run(&["doctor", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("json");
    let checks = value["checks"].as_array().expect("checks");
    let verdict = |name: &str| {
        let check = checks.iter().find(|check| check["name"] == name);
        check.unwrap_or_else(|| panic!("no check of {name}: {value:#}"))["verdict"].clone()
    };
    for name in [
        "configuration",
        "data directory",
        "port api",
        "port public",
        "clock",
        "memory",
        "open files",
        "ffmpeg",
    ] {
        verdict(name);
    }
    assert_eq!(verdict("port public"), "ok");
    let failed = checks.iter().any(|check| check["verdict"] == "fail");
    assert_eq!(output.status.code(), Some(i32::from(failed)));
    assert!(!bench.dir.path().join("data").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let bench = Bench::with_service();
    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let output =
        bench.command(&["channel", "list"]).stdout(writer).stderr(Stdio::piped()).output().expect("run");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
