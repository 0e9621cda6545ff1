//! The peers: nginx that serves files from memory, and FFmpeg that makes HLS of a source.

use anyhow::{Context, Result, ensure};
use harness::process::{self, Guard};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Files of peers are in memory: neither side waits for a disk.
pub fn memory_folder() -> Result<tempfile::TempDir> {
    let shm = Path::new("/dev/shm");
    let folder = tempfile::Builder::new().prefix("relais-bench").tempdir_in(shm);
    folder.context("/dev/shm: the peers' files must be in memory")
}

/// Processor seconds of a process alone so far.
pub fn own_cpu(pid: u32) -> f64 {
    process::stat(pid).map_or(0.0, |p| p.cpu)
}

/// The same with its descendants.
pub fn cpu(pid: u32) -> f64 {
    own_cpu(pid) + process::descendants(pid).iter().map(|p| p.cpu).sum::<f64>()
}

/// Proportional set size of a process and its descendants, bytes.
pub fn memory(pid: u32) -> u64 {
    let descendants = process::descendants(pid).into_iter().map(|p| p.pid);
    std::iter::once(pid).chain(descendants).filter_map(process::memory).map(|m| m.proportional * 1024).sum()
}

/// A running nginx; its document root is in memory.
#[derive(Debug)]
pub struct Nginx {
    process: Guard,
    pub address: SocketAddr,
    folder: tempfile::TempDir,
}

impl Nginx {
    pub async fn start() -> Result<Self> {
        let folder = memory_folder()?;
        let root = folder.path().join("root");
        std::fs::create_dir(&root)?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, configuration(folder.path(), address))?;
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|p| Path::new(p).exists());
        let process = Guard::spawn(
            Command::new(program.context("nginx is not installed")?)
                .arg("-c")
                .arg(&config)
                .arg("-p")
                .arg(folder.path())
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.path().join("stderr"))?),
        )?;
        let mut nginx = Self { process, address, folder };
        let deadline = Instant::now() + Duration::from_secs(5);
        while tokio::net::TcpStream::connect(address).await.is_err() {
            let said = || std::fs::read_to_string(nginx.folder.path().join("stderr")).unwrap_or_default();
            ensure!(nginx.process.ended()?.is_none() && Instant::now() < deadline, "nginx: {}", said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(nginx)
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Puts a file up; its path for a request.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<String> {
        std::fs::write(self.folder.path().join("root").join(name), bytes)?;
        Ok(format!("/{name}"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers along only when it is asked to end.
        process::signal(self.process.pid(), "TERM").ok();
        let deadline = Instant::now() + Duration::from_secs(3);
        while matches!(self.process.ended(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let user = if Path::new("/proc/self").exists() && is_root() { "user root;\n" } else { "" };
    format!(
        "{user}worker_processes auto;
worker_rlimit_nofile 16384;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_timeout 65;
  keepalive_requests 100000000;
  open_file_cache max=1000 inactive=300s;
  open_file_cache_valid 300s;
  types {{ video/mp2t ts; application/vnd.apple.mpegurl m3u8; }}
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen {address} backlog=4096; root {folder}/root; }}
}}
"
    )
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// `ffmpeg -i URL -c copy -f hls`, with default options, into memory.
#[derive(Debug)]
pub struct Ffmpeg {
    process: Guard,
    folder: PathBuf,
}

impl Ffmpeg {
    /// Starts it; `folder` gets the playlist and the segments.
    pub fn hls(url: &str, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let process = Guard::spawn(
            Command::new("ffmpeg")
                .args([
                    "-nostdin",
                    "-hide_banner",
                    "-loglevel",
                    "error",
                    "-i",
                    url,
                    "-c",
                    "copy",
                    "-f",
                    "hls",
                ])
                .arg(folder.join("index.m3u8"))
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        Ok(Self { process, folder: folder.to_owned() })
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until there is a playlist whose first segment can be fetched.
    pub async fn first_playlist(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let text = std::fs::read_to_string(self.folder.join("index.m3u8")).unwrap_or_default();
            let first = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
            if first.is_some_and(|name| self.folder.join(name).exists()) {
                return Ok(());
            }
            ensure!(self.process.ended()?.is_none(), "ffmpeg ended");
            ensure!(Instant::now() < deadline, "ffmpeg has no playlist after {patience:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}
