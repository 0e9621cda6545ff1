use super::{Process, Spawn, Trouble};
use crate::ffmpeg::args::{self, Audio, Format};
use crate::ffmpeg::{Tool, ToolOptions, orphans};
use crate::net::mask::Secrets;
use crate::wire::Reason;
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

async fn tool(ledger: Option<&Path>) -> Tool {
    Tool::find(ToolOptions { path: None, ledger: ledger.map(Path::to_owned) }).await.expect("ffmpeg")
}

/// A test picture in real time for a minute, as TS.
fn pattern() -> Spawn {
    let line = "-nostdin -hide_banner -loglevel level+warning -progress pipe:2 -stats_period 0.1 -re -f lavfi -i \
                testsrc=size=64x64:rate=25 -t 60 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -f mpegts pipe:1";
    Spawn {
        name: "test".to_owned(),
        args: line.split_whitespace().map(str::to_owned).collect(),
        ..Spawn::default()
    }
}

fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).expect("pid"), signal).expect("signal");
}

#[tokio::test]
async fn output_and_progress_come_and_stop_leaves_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let ledger = dir.path().join("ffmpeg.pids");
    let mut process = Process::spawn(&tool(Some(&ledger)).await, pattern()).expect("started");
    let pid = process.pid();
    assert!(std::fs::read_to_string(&ledger).expect("ledger").contains(&format!("\n{pid} ")));
    let first = process.next().await.expect("output");
    assert_eq!(first[0], 0x47);
    while process.progress().frames == 0 {
        process.next().await.expect("more output");
    }
    let exit = process.stop().await;
    assert!(exit.stopped, "{exit:?}");
    assert!(!exists(pid));
    assert!(!std::fs::read_to_string(&ledger).expect("ledger").contains(&format!("\n{pid} ")));
    assert_eq!(orphans::reap(&ledger).expect("reap"), 0);
}

#[tokio::test]
async fn killed_from_outside_is_said() {
    let mut process = Process::spawn(&tool(None).await, pattern()).expect("started");
    process.next().await.expect("output");
    signal(process.pid(), Signal::KILL);
    while process.next().await.is_some() {}
    let exit = process.wait().await;
    assert_eq!((exit.reason, exit.stopped), (Reason::Killed, false), "{exit:?}");
    assert!(!exists(process.pid()));
}

#[tokio::test]
async fn a_hanging_process_is_ended_within_the_steps() {
    let mut process = Process::spawn(&tool(None).await, pattern()).expect("started");
    process.next().await.expect("output");
    let pid = process.pid();
    signal(pid, Signal::STOP);
    let begun = Instant::now();
    let exit = process.stop().await;
    assert!(exit.stopped && !exists(pid));
    assert!(
        (Duration::from_millis(1900)..Duration::from_secs(10)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_dropped_handle_ends_the_process() {
    let process = Process::spawn(&tool(None).await, pattern()).expect("started");
    let (pid, mut exit) = (process.pid(), process.exit.clone());
    drop(process);
    exit.wait_for(Option::is_some).await.expect("ended");
    assert!(!exists(pid));
}

#[tokio::test]
async fn garbage_has_a_reason_and_known_secrets_stay_hidden() {
    let secrets = Secrets::of_url("http://h/pipe:0");
    let spawn =
        Spawn { name: "x".to_owned(), args: args::remux(Format::Mp4, Audio::Copy), stdin: true, secrets };
    let mut process = Process::spawn(&tool(None).await, spawn).expect("started");
    let mut stdin = process.take_stdin().expect("stdin");
    let _ = stdin.write_all(&[0x5a; 4096]).await;
    drop(stdin);
    assert_eq!(process.next().await, None);
    let exit = process.wait().await;
    assert_eq!(exit.reason, Reason::NotMedia, "{exit:?}");
    assert!(!format!("{exit:?}").contains("pipe:0"), "{exit:?}");
}

#[tokio::test]
async fn a_codec_that_ts_can_not_carry_is_trouble() {
    let line = "-nostdin -hide_banner -loglevel level+warning -re -f lavfi -i sine -t 60 -c:a pcm_alaw -f mpegts pipe:1";
    let spawn = Spawn { args: line.split_whitespace().map(str::to_owned).collect(), ..Spawn::default() };
    let process = Process::spawn(&tool(None).await, spawn).expect("started");
    let trouble = tokio::time::timeout(Duration::from_secs(10), process.trouble()).await.expect("told");
    assert_eq!(trouble, Trouble::Uncarried { codec: "pcm_alaw".to_owned(), video: false });
    process.stop().await;
}

#[tokio::test]
async fn the_environment_is_clean() {
    let mut process = Process::spawn(&tool(None).await, pattern()).expect("started");
    // Before it has begun, nothing is to be read there.
    assert!(process.next().await.is_some());
    let environment = std::fs::read(format!("/proc/{}/environ", process.pid())).expect("environ");
    let names: Vec<&[u8]> = environment.split(|b| *b == 0).filter(|pair| !pair.is_empty()).collect();
    assert!(names.len() == 1 && names[0].starts_with(b"PATH="), "{names:?}");
    process.stop().await;
}
