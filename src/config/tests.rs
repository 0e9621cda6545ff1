//! The configuration as a whole: defaults, precedence, refusals, and the annotated example.

use super::*;
use std::path::Path;
use std::time::Duration;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Loads `text` as a file of root's, with `variables`.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("relais.toml");
    std::fs::write(&path, text).expect("write");
    Config::load(Request { file: Some(path), environment: environment(variables), root: true })
}

fn refusals(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let error = load(text, variables).expect_err("refused");
    error.problems().iter().map(ToString::to_string).collect()
}

/// All but what names the file itself.
fn comparable(mut config: Config) -> Config {
    config.file = PathBuf::new();
    config.file_found = false;
    config
}

#[test]
fn the_defaults_are_those_of_the_contract() {
    let config = load("", &[]).expect("valid");
    let listen = &config.listen;
    assert_eq!(listen.api, Some("0.0.0.0:8002".parse().expect("address")));
    assert_eq!(listen.public, Some("0.0.0.0:8003".parse().expect("address")));
    assert_eq!(listen.rtmp, Some("0.0.0.0:1935".parse().expect("address")));
    assert_eq!(listen.admin_socket.as_deref(), Some(Path::new("/run/relais/admin.sock")));
    assert_eq!(config.data_dir, Path::new("/var/lib/relais"));
    assert_eq!(config.log.dir, Path::new("/var/lib/relais/logs"));
    assert_eq!(config.hls.target_duration, 4);
    assert_eq!(config.feed.idle_timeout, Duration::from_secs(30));
    assert_eq!(config.access.link_hours, 24);
    assert_eq!(config.secrets, Secrets::default());
}

#[test]
fn the_environment_wins_over_dotenv_and_both_over_the_file() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("relais.toml");
    std::fs::write(
        &path,
        "data_dir = \"/file\"\n[listen]\napi = \"127.0.0.1:1\"\npublic = \"127.0.0.1:2\"\n",
    )
    .expect("write");
    std::fs::write(dir.path().join(".env"), "RELAIS_API_LISTEN=127.0.0.1:3\nRELAIS_DATA_DIR=/dotenv\n")
        .expect("write");
    let variables = environment(&[
        ("RELAIS_DATA_DIR", "/process"),
        ("RELAIS_RTMP_LISTEN", ""),
        ("RELAIS_CONFIG", &path.to_string_lossy()),
    ]);
    let config = Config::load(Request { file: None, environment: variables, root: true }).expect("valid");
    assert_eq!(config.data_dir, Path::new("/process"));
    assert_eq!(config.listen.api.expect("api").port(), 3);
    assert_eq!(config.listen.public.expect("public").port(), 2);
    assert_eq!(config.listen.rtmp, None);
}

#[test]
fn every_bad_value_is_one_line_and_all_are_told() {
    let text = "[listen]\napi = \"eight\"\n[hls]\nsegment_min = 9\nwindow = 5\n[proxy]\ntrusted = [\"::1\", \"lan\"]\n";
    let got =
        refusals(text, &[("RELAIS_PUBLIC_LISTEN", "tv:80"), ("RELAIS_LOG", "loud"), ("VERIFY_SSL", "maybe")]);
    let expected = [
        "relais.toml:2: listen.api = \"eight\": must be an address",
        "environment variable RELAIS_PUBLIC_LISTEN = tv:80: must be an address",
        "relais.toml:7: proxy.trusted = \"lan\": must be an address or a network",
        "environment variable VERIFY_SSL = maybe: must be true or false",
        "relais.toml:4: hls.segment_min = 9: must be more than 0 and at most",
        "relais.toml:5: hls.window = 5: must be at least three target durations (12 s)",
        "environment variable RELAIS_LOG = loud: must be one of off",
    ];
    assert_eq!(got.len(), expected.len(), "{got:#?}");
    for (got, expected) in got.iter().zip(expected) {
        assert!(got.contains(expected), "got  {got}\nwant {expected}");
        assert_eq!(got.lines().count(), 1);
    }
}

#[test]
fn what_depends_on_another_value_is_checked() {
    for (text, expected) in [
        (
            "[hls]\ntarget_duration = 6\nwindow = 20",
            "feed.ring_seconds: must be at least three target durations (18 s)",
        ),
        (
            "[listen]\npublic = \"0.0.0.0:8002\"",
            "listen.public = \"0.0.0.0:8002\": is the same as listen.api",
        ),
        ("data_dir = \"here\"", "data_dir = \"here\": must be an absolute path"),
        ("public_url = \"tv.example.org\"", "public_url = \"tv.example.org\": must be a URL"),
        ("[feed]\nmax_access_unit = \"2MiB\"\nring_bytes = \"1MiB\"", "must be at most feed.ring_bytes"),
    ] {
        let got = refusals(text, &[]);
        assert!(got.len() == 1 && got[0].contains(expected), "{text}: {got:?}");
    }
    let long = format!("/{}", "s".repeat(107));
    assert_eq!(refusals("", &[("RELAIS_ADMIN_SOCKET", &long)]).len(), 1);
}

#[test]
fn a_file_that_is_named_must_exist_and_one_that_is_not_need_not() {
    let missing = PathBuf::from("/nonexistent/relais.toml");
    let request = Request { file: Some(missing), environment: environment(&[]), root: true };
    let error = Config::load(request).expect_err("missing").to_string();
    assert_eq!(error, "/nonexistent/relais.toml: there is no such file");
    let home = tempfile::tempdir().expect("directory");
    let variables = environment(&[("HOME", &home.path().to_string_lossy())]);
    let config = Config::load(Request { file: None, environment: variables, root: false }).expect("valid");
    assert!(!config.file_found);
    assert_eq!(config.listen.admin_socket, Some(home.path().join(".local/share/relais/run/admin.sock")));
}

#[test]
fn secrets_come_from_the_environment_and_are_never_shown() {
    let planted = "planted-secret";
    let variables = [
        ("JWT_SECRET_KEY", planted),
        ("RELAIS_PANEL_TOKEN", planted),
        ("IPTV_HOST", "provider.example:8080"),
        ("IPTV_USERNAME", planted),
        ("IPTV_PASSWORD", planted),
        ("XTREAM_API_URL", "http://provider.example:8080/"),
        ("XTREAM_USERNAME", planted),
        ("XTREAM_PASSWORD", planted),
    ];
    let config = load("", &variables).expect("valid");
    assert!(!format!("{config:?}").contains(planted));
    assert!(!config.to_toml().expect("toml").to_string().contains(planted));
    assert_eq!(config.secrets.logins.len(), 1);
    assert_eq!(config.secrets.logins[0].host, "http://provider.example:8080");
    assert!(config.warnings.iter().any(|line| line.contains("JWT_SECRET_KEY")));

    let got = refusals(
        "public_url = \"http://u:planted-secret@h\"",
        &[("ADMIN_PASSWORD_HASH", planted), ("PANEL_AUTH_URL", "x:planted-secret")],
    );
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(!got.concat().contains(planted), "{got:?}");
}

#[test]
fn the_streaming_token_is_the_panels_unless_a_base_url_makes_it_outgoing() {
    let config = load("", &[("STREAMING_API_TOKEN", "t")]).expect("valid");
    assert_eq!(config.secrets.panel_token, Some(Secret::new("t")));
    let config =
        load("", &[("STREAMING_API_TOKEN", "t"), ("STREAMING_API_BASE_URL", "http://s/")]).expect("valid");
    assert_eq!(config.secrets.panel_token, None);
    assert_eq!(config.secrets.streaming_api.expect("server").base_url, "http://s");
}

#[test]
fn the_annotated_example_is_the_defaults_and_names_every_key() {
    let example = include_str!("../../packaging/relais.toml");
    let defaults = load("", &[]).expect("valid");
    assert_eq!(comparable(load(example, &[]).expect("as shipped")), comparable(defaults.clone()));
    // Keys are commented out as `#key = value`; prose has a space after its `#`.
    let uncommented: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(key) if key.starts_with(|c: char| c.is_ascii_lowercase()) => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let filled = load(&uncommented, &[]).expect("uncommented");
    assert_eq!(comparable(filled), comparable(defaults.clone()));
    let written: toml::Table = uncommented.parse().expect("toml");
    let known = defaults.to_toml().expect("toml");
    assert_eq!(keys(&written, ""), keys(&known, ""));
}

fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => found.extend(keys(inner, &format!("{prefix}{key}."))),
            _ => found.push(format!("{prefix}{key}")),
        }
    }
    found.sort();
    found
}
