//! The provider does what it says, seen over its sockets: a misbehaviour that is none would test nothing.

use super::*;
use crate::http1;
use crate::judge::sync;
use crate::ts::{self, PACKET, Packet};
use crate::viewers::{TsReport, watch_ts};

async fn hell(change: impl FnOnce(&mut Behaviour)) -> Hell {
    let mut spec = ChannelSpec::plain("1", "navy");
    spec.behaviour.clip.name = "HELL".into();
    change(&mut spec.behaviour);
    Hell::start(HellOptions::channels([spec])).await.unwrap()
}

/// The channel from its start, for some seconds. A second of burst makes joins clean.
async fn watch(seconds: f64, change: impl FnOnce(&mut Behaviour)) -> TsReport {
    let hell = hell(|b| {
        b.join = Join::Keyframe;
        b.burst = 1.0;
        change(b);
    })
    .await;
    watch_ts(&hell.media_url("1", "ts"), Duration::from_secs_f64(seconds), true).await.unwrap()
}

fn packets(report: &TsReport) -> impl Iterator<Item = Packet<'_>> {
    report.bytes.chunks_exact(PACKET).map(Packet)
}

fn complains(report: &TsReport, word: &str) -> bool {
    report.analyser.violations.iter().any(|v| v.contains(word))
}

#[tokio::test]
async fn behaving_it_is_flawless() {
    for change in
        [(|_| {}) as fn(&mut Behaviour), |b| b.chunked = true, |b| b.one_byte = true, |b| b.nulls = 3]
    {
        let report = watch(4.0, change).await;
        assert!(report.analyser.violations.is_empty(), "{:#?}", report.analyser.violations);
        assert!(
            (3.0..7.0).contains(&report.media) && report.worst_gap < 0.6,
            "{} {}",
            report.media,
            report.worst_gap
        );
        let clip = clip::load(&ClipSpec::named("HELL", "navy")).unwrap();
        assert!(sync::measure(&report.analyser, &clip).unwrap().worst < 0.001);
        assert!(report.analyser.video().filter(|u| u.key).all(|u| u.parameter_sets && u.random_access));
    }
}

#[tokio::test]
async fn packets_are_spoilt() {
    assert!(complains(&watch(3.0, |b| b.loss = 50).await, "continuity"));
    assert!(complains(&watch(3.0, |b| b.errors = 50).await, "error indicator"));
    assert!(complains(&watch(3.0, |b| b.garbage = 50).await, "no sync byte"));
    let scrambled = watch(2.0, |b| b.scrambled = true).await;
    assert!(complains(&scrambled, "scrambled"));
    let nulls = watch(2.0, |b| b.nulls = 4).await;
    assert!(nulls.analyser.null_packets > 20);
    let plain = watch(3.0, |b| b.random_access = false).await;
    assert!(plain.analyser.video().any(|u| u.key) && !packets(&plain).any(Packet::random_access));
}

#[tokio::test]
async fn pictures_and_sounds_are_kept_back() {
    let report = watch(4.5, |b| b.parameter_sets_once = true).await;
    let with: Vec<bool> = report.analyser.video().filter(|u| u.key).map(|u| u.parameter_sets).collect();
    assert!(with[0] && with.len() > 1 && !with[1..].contains(&true), "{with:?}");
    let report = watch(3.0, |b| b.no_keyframes = 100.0).await;
    assert!(report.analyser.video().count() > 20 && !report.analyser.video().any(|u| u.key));
    let report = watch(4.0, |b| b.audio_late = 2.0).await;
    let first = |video: bool| report.analyser.units.iter().find(|u| u.video == video).unwrap().dts;
    assert!((first(false) - first(true)) >= 90_000, "{} {}", first(false), first(true));
    let report = watch(2.0, |b| b.no_audio = true).await;
    assert_eq!((report.analyser.audio().count(), report.analyser.pmt.unwrap().streams.len()), (0, 2));
    let report = watch(3.0, |b| b.no_psi = 1.5).await;
    assert!(packets(&report).position(|p| p.pid() == 0).unwrap() > 20);
}

#[tokio::test]
async fn clocks_jump_and_wrap_and_streams_change() {
    let hell = hell(|b| b.join = Join::Keyframe).await;
    let channel = hell.channel("1");
    channel.set(|b| b.wrap_in = 1.5).await.unwrap();
    let url = hell.media_url("1", "ts");
    let report = watch_ts(&url, Duration::from_secs(3), true).await.unwrap();
    assert!(report.analyser.violations.is_empty(), "{:#?}", report.analyser.violations);
    let raw: Vec<i64> = packets(&report).filter_map(Packet::pcr).map(|p| p / 300).collect();
    assert!(
        raw.first().unwrap() > &(ts::WRAP - 5 * HZ) && raw.last().unwrap() < &(5 * HZ),
        "{:?}",
        raw.first()
    );

    // Made before: that takes seconds where others are at work.
    clip::load(&channel.behaviour().clip.hevc()).unwrap();
    let watching = tokio::spawn(async move { watch_ts(&url, Duration::from_secs(14), true).await.unwrap() });
    for change in
        [(|b| b.jump = -100.0) as fn(&mut Behaviour), |b| b.pids = 0x321, |b| b.clip = b.clip.clone().hevc()]
    {
        tokio::time::sleep(Duration::from_secs(2)).await;
        channel.set(change).await.unwrap();
    }
    let report = watching.await.unwrap();
    assert!(complains(&report, "goes back"));
    assert_eq!(report.analyser.pmt_changes, 3);
    let pmt = report.analyser.pmt.unwrap();
    assert_eq!((pmt.streams[0].pid, pmt.streams[0].stream_type), (0x321, 0x24));
}

#[tokio::test]
async fn delivery_comes_in_bursts_stalls_and_ends() {
    let started = Instant::now();
    let report = watch(2.0, |b| b.burst = 10.0).await;
    assert!(report.media > 11.0 - 0.5 && started.elapsed() < Duration::from_secs(8), "{}", report.media);
    let report = watch(6.0, |b| b.grid = 2.0).await;
    let silence = report.longest_silence.as_secs_f64();
    assert!((1.5..2.3).contains(&silence), "{silence}");
    let report = watch(5.0, |b| b.stall_after = 1.0).await;
    assert!(!report.ended && !report.bytes.len().is_multiple_of(PACKET) && report.media < 4.0);
    let report = watch(5.0, |b| b.ends_after = 1.0).await;
    assert!(report.ended && report.media < 3.5);
    let report = watch(3.0, |b| b.rate = 64_000).await;
    assert!(report.bytes.len() < 40_000, "{}", report.bytes.len());
}

#[tokio::test]
async fn a_join_at_a_keyframe_begins_with_one_also_without_a_burst() {
    let report = watch(1.0, |b| b.burst = 0.0).await;
    assert!(report.analyser.video().next().is_some_and(|unit| unit.key));
}

#[tokio::test]
async fn the_past_is_replayed() {
    for restamped in [false, true] {
        let hell = hell(|b| b.replay = Some(Replay { seconds: 30.0, restamped })).await;
        let url = hell.media_url("1", "ts");
        let first = watch_ts(&url, Duration::from_secs(2), false).await.unwrap();
        let second = watch_ts(&url, Duration::from_secs(2), false).await.unwrap();
        assert!(second.media > 29.0, "{}", second.media);
        let again = second.analyser.units.iter().any(|u| u.dts == first.analyser.units[30].dts);
        assert_eq!(again, !restamped);
    }
}

#[tokio::test]
async fn limits_tokens_and_refusals() {
    let hell = hell(|b| b.answer = Answer::Token(5.0)).await;
    let url = hell.media_url("1", "ts");
    let (_, redirect) = {
        let peer = http1::Peer::Tcp(hell.address());
        let target = http1::Url::parse(&url).unwrap().target;
        (peer.clone(), http1::call(&peer, "GET", &target, &[], b"").await.unwrap())
    };
    let token = format!("{}{}", hell.url(), redirect.header("location").unwrap());
    assert_eq!(http1::open(&token, &[]).await.unwrap().0.status, 200);
    assert_eq!(http1::open(&token, &[]).await.unwrap().0.status, 403);
    assert_eq!(http1::open(&url, &[]).await.unwrap().0.status, 200);

    let channel = hell.channel("1");
    for (answer, status) in [(Answer::Html, 200), (Answer::Status(458), 458), (Answer::OtherHost, 200)] {
        channel.set(|b| b.answer = answer).await.unwrap();
        assert_eq!(http1::open(&url, &[]).await.unwrap().0.status, status);
    }
    for answer in [Answer::Loop, Answer::Chain] {
        channel.set(|b| b.answer = answer).await.unwrap();
        assert!(http1::open(&url, &[]).await.is_err());
    }
    assert_eq!(http1::get(&hell.media_url("9", "ts")).await.unwrap().status(), 404);

    channel.set(|b| b.answer = Answer::Media).await.unwrap();
    channel.connected(0, Duration::from_secs(2)).await.unwrap();
    hell.set_account(|a| (a.max_connections, a.over, a.lag) = (1, Over::Status(458), 0.0));
    let one = http1::open(&url, &[]).await.unwrap();
    assert_eq!(http1::open(&url, &[]).await.unwrap().0.status, 458);
    hell.set_account(|a| a.over = Over::CleanEnd);
    assert_eq!(http1::get(&url).await.unwrap().body.len(), 0);
    hell.set_account(|a| a.over = Over::DisplaceOldest);
    let (_, mut oldest) = one;
    let two = http1::open(&url, &[]).await.unwrap();
    let ended = async { while let Ok(Some(_)) = oldest.chunk().await {} };
    tokio::time::timeout(Duration::from_secs(3), ended).await.unwrap();
    assert_eq!(two.0.status, 200);
    channel.connected(1, Duration::from_secs(2)).await.unwrap();
    channel.cut();
    channel.connected(0, Duration::from_secs(2)).await.unwrap();
}

#[tokio::test]
async fn hls_is_decodable_encrypted_or_broken_up() {
    use crate::judge::tools::decode;
    let changes: [fn(&mut Behaviour); 6] = [
        |_| {},
        |b| b.hls_encrypted = true,
        |b| b.hls_discontinuities = 2,
        |b| b.answer = Answer::Token(5.0),
        |b| b.clip = b.clip.clone().radio(),
        |b| b.second = Some(ClipSpec::named("OTHER", "maroon")),
    ];
    let tasks = changes.map(|change| {
        tokio::spawn(async move {
            let hell = hell(change).await;
            let decoded = decode(&hell.media_url("1", "m3u8"), 8.0, Duration::from_secs(40)).await.unwrap();
            let radio = hell.channel("1").behaviour().clip.video.is_none();
            assert!(decoded.frames >= 190 || radio, "{decoded:?}");
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn lists_name_the_channels() {
    let hell = hell(|_| {}).await;
    let account = hell.account();
    let api = |action: &str| {
        let (url, user, password) = (hell.url(), &account.username, &account.password);
        format!("{url}/player_api.php?username={user}&password={password}{action}")
    };
    let login = http1::get(&api("")).await.unwrap().json().unwrap();
    assert_eq!(login["user_info"]["auth"], 1);
    let streams = http1::get(&api("&action=get_live_streams")).await.unwrap().json().unwrap();
    assert_eq!((&streams[0]["name"], &streams[0]["stream_id"]), (&"Hell 1".into(), &1.into()));
    let wrong = format!("{}/player_api.php?username=x&password=y", hell.url());
    assert_eq!(http1::get(&wrong).await.unwrap().json().unwrap()["user_info"]["auth"], 0);
    let list = http1::get(&hell.m3u_url("ts")).await.unwrap().text();
    assert!(list.contains(&hell.media_url("1", "ts")), "{list}");
    let order = serde_json::json!({"channel": "1", "set": {"answer": {"status": 500}}}).to_string();
    let peer = http1::Peer::Tcp(hell.address());
    http1::call(&peer, "POST", "/_control", &[], order.as_bytes()).await.unwrap().ok().unwrap();
    assert_eq!(http1::get(&hell.media_url("1", "ts")).await.unwrap().status(), 500);
    hell.set_list_answer(Some((200, "<html>".into())));
    assert_eq!(http1::get(&api("")).await.unwrap().text(), "<html>");
}
