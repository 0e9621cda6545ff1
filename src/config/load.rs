//! From file, `.env` and environment to one `Config`.

use super::Config;
use super::check::{Checker, Written};
use super::environment::Environment;
use super::error::{ConfigError, Place, Problem};
use super::file::{self, Document, File};
use super::paths::Paths;
use super::secrets::Secrets;
use super::sections::{Listen, Proxy};
use super::values;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `--config`; wins over `RELAIS_CONFIG`. A file named by either must exist.
    pub file: Option<PathBuf>,
    /// The process's environment.
    pub environment: Environment,
    /// Whether the process runs as root, which decides the default directories.
    pub root: bool,
}

impl Request {
    /// What this process should load.
    pub fn of_this_process(file: Option<PathBuf>) -> Self {
        Self { file, environment: Environment::process(), root: rustix::process::geteuid().is_root() }
    }
}

/// Reads, merges and checks everything. Every problem that can be found in one go is in the error.
pub(super) fn load(request: Request) -> Result<Config, ConfigError> {
    let Request { file, mut environment, root } = request;
    let paths = Paths::of(&environment, root);
    let named = file.or_else(|| environment.get("RELAIS_CONFIG").map(PathBuf::from));
    let path = match &named {
        Some(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        None => paths.clone()?.config,
    };
    if let Some(dir) = path.parent() {
        environment.add_dotenv(&dir.join(".env"))?;
    }
    let text = read(&path, named.is_some())?;
    let found = text.is_some();
    let text = text.unwrap_or_default();
    let document = Document::new(&path, &text);
    Merge {
        file: document.parse()?,
        environment: &environment,
        origins: BTreeMap::new(),
        problems: Vec::new(),
    }
    .finish(&document, &path, found, paths)
}

fn read(path: &Path, must_exist: bool) -> Result<Option<String>, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ConfigError::one(Place::File(path.to_owned(), None), "", None, "there is no such file"))
        }
        Err(error) => {
            let place = Place::File(path.to_owned(), None);
            Err(ConfigError::one(place, "", None, format!("can't be read: {error}")))
        }
    }
}

struct Merge<'e> {
    file: File,
    environment: &'e Environment,
    /// Keys whose value came from a variable.
    origins: BTreeMap<&'static str, &'static str>,
    problems: Vec<Problem>,
}

impl Merge<'_> {
    /// The variable's value over the file's, both as text. `""` counts as a value: it turns a listener off.
    fn text(&mut self, key: &'static str, variable: &'static str, written: Option<String>) -> Option<String> {
        match self.environment.raw(variable) {
            Some(value) => {
                self.origins.insert(key, variable);
                Some(value.trim().to_owned())
            }
            None => written,
        }
    }

    /// The variable's value over the file's; a blank one counts as not set.
    fn filled(
        &mut self,
        key: &'static str,
        variable: &'static str,
        written: Option<String>,
    ) -> Option<String> {
        match self.environment.get(variable) {
            Some(_) => self.text(key, variable, None),
            None => written.filter(|value| !value.is_empty()),
        }
    }

    fn path(
        &mut self,
        key: &'static str,
        variable: &'static str,
        written: Option<PathBuf>,
    ) -> Option<PathBuf> {
        let given = self.filled(key, variable, None).map(PathBuf::from);
        given.or(written).filter(|path| !path.as_os_str().is_empty())
    }

    /// Like [`Self::text`], read by `parse`; what it refuses is a problem of that key.
    fn parsed<T>(
        &mut self,
        (key, variable): (&'static str, &'static str),
        written: Option<String>,
        document: &Document<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> T {
        let Some(text) = self.text(key, variable, written) else { return default };
        parse(&text).unwrap_or_else(|why| {
            let (place, key, value) = self.place(key, document);
            self.problems.push(Problem { place, key, value, why });
            default
        })
    }

    /// Where a key's value was written: the place, its name there, and the value as written.
    fn place(&self, key: &str, document: &Document<'_>) -> Written {
        match self.origins.get(key) {
            Some(variable) => {
                let value = self.environment.raw(variable).and_then(file::show);
                (self.environment.place(variable), (*variable).to_owned(), value)
            }
            None => {
                let (place, value) = document.place(key);
                (place, key.to_owned(), value)
            }
        }
    }

    fn finish(
        mut self,
        document: &Document<'_>,
        path: &Path,
        found: bool,
        paths: Result<Paths, ConfigError>,
    ) -> Result<Config, ConfigError> {
        let written = std::mem::take(&mut self.file);
        let data_dir = match self.path("data_dir", "RELAIS_DATA_DIR", written.data_dir) {
            Some(dir) => dir,
            None => paths.clone()?.data,
        };
        let run_default = paths.ok().and_then(|paths| paths.run);
        let run_dir = self.path("run_dir", "RELAIS_RUN_DIR", written.run_dir);
        let run_dir = run_dir.or(run_default).unwrap_or_else(|| data_dir.join("run"));

        let listen = self.listen(written.listen, document, &run_dir);
        let proxy = self.proxy(written.proxy, document);
        let public_url = self.filled("public_url", "RELAIS_PUBLIC_URL", written.public_url);
        let public_url = public_url.and_then(|text| match values::base_url(&text) {
            Ok(url) => Some(url),
            Err(why) => {
                let (place, key, value) = self.place("public_url", document);
                self.problems.push(Problem { place, key, value, why });
                None
            }
        });

        let mut log = written.log;
        if let Some(level) = self.filled("log.level", "RELAIS_LOG", None) {
            log.level = level;
        }
        if log.dir.as_os_str().is_empty() {
            log.dir = data_dir.join("logs");
        }
        let mut provider = written.provider;
        if provider.user_agent.is_empty() {
            provider.user_agent = concat!("relais/", env!("CARGO_PKG_VERSION")).to_owned();
        }
        let seconds = |text: &str| {
            text.parse().map(Duration::from_secs).map_err(|_| "must be a whole number of seconds".to_owned())
        };
        if self.environment.get("CACHE_TTL_SECONDS").is_some() {
            provider.refresh = self.parsed(
                ("provider.refresh", "CACHE_TTL_SECONDS"),
                None,
                document,
                seconds,
                provider.refresh,
            );
        }
        if self.environment.get("VERIFY_SSL").is_some() {
            provider.verify_tls = self.parsed(
                ("provider.verify_tls", "VERIFY_SSL"),
                None,
                document,
                values::truth,
                provider.verify_tls,
            );
        }
        let mut warnings = Vec::new();
        let secrets = Secrets::read(self.environment, &mut self.problems, &mut warnings);
        let config = Config {
            file: path.to_owned(),
            file_found: found,
            public_url,
            data_dir,
            run_dir,
            listen,
            proxy,
            provider,
            guide: written.guide,
            hls: written.hls,
            feed: written.feed,
            player: written.player,
            on_air: written.on_air,
            ffmpeg: written.ffmpeg,
            log,
            limits: written.limits,
            access: written.access,
            web: written.web,
            secrets,
            warnings,
        };
        let place = |key: &str| self.place(key, document);
        let mut checker = Checker { problems: Vec::new(), place: &place };
        checker.config(&config);
        let checked = checker.problems;
        self.problems.extend(checked);
        ConfigError::from_problems(self.problems)?;
        Ok(config)
    }

    fn listen(&mut self, written: file::Listen, document: &Document<'_>, run_dir: &Path) -> Listen {
        let defaults = values::default_listen();
        let mut one = |key, variable, written, default| {
            self.parsed((key, variable), written, document, values::listen, default)
        };
        let api = one("listen.api", "RELAIS_API_LISTEN", written.api, defaults.0);
        let public = one("listen.public", "RELAIS_PUBLIC_LISTEN", written.public, defaults.1);
        let rtmp = one("listen.rtmp", "RELAIS_RTMP_LISTEN", written.rtmp, defaults.2);
        let socket = self.text("listen.admin_socket", "RELAIS_ADMIN_SOCKET", written.admin_socket);
        let admin_socket = match socket.as_deref() {
            Some("") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => Some(run_dir.join("admin.sock")),
        };
        let admin_group = written.admin_group.unwrap_or_else(|| "relais".to_owned());
        Listen { api, public, rtmp, admin_socket, admin_group }
    }

    fn proxy(&mut self, written: file::Proxy, document: &Document<'_>) -> Proxy {
        let Some(texts) = written.trusted else { return Proxy { trusted: values::loopback() } };
        let mut trusted = Vec::new();
        for text in texts {
            match values::network(&text) {
                Ok(network) => trusted.push(network),
                Err(why) => {
                    let (place, key, _) = self.place("proxy.trusted", document);
                    self.problems.push(Problem { place, key, value: file::show(&format!("{text:?}")), why });
                }
            }
        }
        Proxy { trusted }
    }
}
