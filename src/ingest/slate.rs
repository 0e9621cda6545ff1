//! The "no signal" loop as an endless source in real time.
//!
//! Each turn of the embedded 8 s continues the one before: timestamps rise by exactly 8 s a turn, continuity counters
//! go on. `assets/slate/make.sh` makes the loop and says what it must be.

use super::Event;
use bytes::{Bytes, BytesMut};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

static LOOP: &[u8] = include_bytes!("../../assets/slate/slate.ts");
/// Length of a turn: 200 pictures at 25/s, 375 AAC frames at 48 kHz.
const TURN: Duration = Duration::from_secs(8);
const TURN_TICKS: u64 = 720_000;
/// A piece spans less than this.
const PIECE_TICKS: u64 = 9_000;
const WRAP: u64 = 1 << 33;
const PACKET: usize = 188;

/// A run of packets, and when in the turn it is due.
struct Piece {
    due: Duration,
    packets: &'static [u8],
}

static PIECES: LazyLock<Vec<Piece>> = LazyLock::new(|| pieces(LOOP));

/// How many packets each PID has in a turn, for the continuity counters.
static COUNTS: LazyLock<Vec<(u16, u64)>> = LazyLock::new(|| counts(LOOP));

/// Sends [`Event::Data`] in real time until cancelled or until nobody listens, `ahead` of the clock. Begins with
/// PAT, PMT and a keyframe. After a stall of the listener it goes on from where it was, without a burst.
pub async fn run(events: mpsc::Sender<Event>, cancel: CancellationToken, ahead: Duration) {
    let mut begun = Instant::now();
    for turn in 0u64.. {
        for piece in PIECES.iter() {
            let due = begun + piece.due;
            let now = Instant::now();
            if now > due + ahead.max(Duration::from_secs(1)) {
                begun += now - due;
            }
            let at = due.checked_sub(ahead).unwrap_or(due);
            let bytes = shifted(piece.packets, turn);
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                sent = async { tokio::time::sleep_until(at).await; events.send(Event::Data(bytes)).await } => {
                    if sent.is_err() {
                        return;
                    }
                }
            }
        }
        begun += TURN;
    }
}

/// Cuts the loop before pictures, so that no piece spans more than 100 ms.
fn pieces(ts: &'static [u8]) -> Vec<Piece> {
    let video = video_pid(ts);
    let mut pieces = Vec::new();
    let (mut first, mut begin, mut begin_at) = (None, 0, 0);
    // Tables that stand directly before a picture belong to its piece.
    let mut cut = 0;
    for (number, packet) in ts.chunks_exact(PACKET).enumerate() {
        let at = number * PACKET;
        let begins = pid(packet) == video && packet[1] & 0x40 != 0;
        if let Some(&field) = pes_times(packet).last().filter(|_| begins) {
            let dts = read_time(packet, field);
            let since = dts.wrapping_sub(*first.get_or_insert(dts));
            if since - begin_at >= PIECE_TICKS - 3_600 {
                pieces.push(Piece { due: ticks(begin_at), packets: &ts[begin..cut] });
                (begin, begin_at) = (cut, since);
            }
        }
        if !is_table(packet) {
            cut = at + PACKET;
        }
    }
    pieces.push(Piece { due: ticks(begin_at), packets: &ts[begin..] });
    pieces
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_nanos(ticks * 100_000 / 9)
}

/// The PID of the first PES packet of a picture (stream ids 0xE0 to 0xEF).
fn video_pid(ts: &[u8]) -> u16 {
    let starts = ts.chunks_exact(PACKET).filter(|packet| packet[1] & 0x40 != 0);
    let mut video = starts.filter(|packet| matches!(packet[payload(packet)..], [0, 0, 1, 0xe0..=0xef, ..]));
    video.next().map_or(0, pid)
}

fn counts(ts: &[u8]) -> Vec<(u16, u64)> {
    let mut counts: Vec<(u16, u64)> = Vec::new();
    for packet in ts.chunks_exact(PACKET).filter(|packet| packet[3] & 0x10 != 0) {
        match counts.iter_mut().find(|(known, _)| *known == pid(packet)) {
            Some((_, count)) => *count += 1,
            None => counts.push((pid(packet), 1)),
        }
    }
    counts
}

/// A piece as it stands in that turn.
fn shifted(packets: &[u8], turn: u64) -> Bytes {
    let mut bytes = BytesMut::from(packets);
    let offset = turn.wrapping_mul(TURN_TICKS) % WRAP;
    for packet in bytes.chunks_exact_mut(PACKET) {
        let count = COUNTS.iter().find(|(known, _)| *known == pid(packet)).map_or(0, |(_, count)| *count);
        let counter = (u64::from(packet[3] & 0x0f) + (turn % 16) * count) % 16;
        packet[3] = packet[3] & 0xf0 | counter as u8;
        if packet[3] & 0x20 != 0 && packet[4] > 6 && packet[5] & 0x10 != 0 {
            shift_pcr(&mut packet[6..12], offset);
        }
        for field in pes_times(packet) {
            let time = (read_time(packet, field) + offset) % WRAP;
            write_time(packet, field, time);
        }
    }
    bytes.freeze()
}

fn pid(packet: &[u8]) -> u16 {
    u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2])
}

/// PAT, SDT and the PMT: everything that is neither sound nor picture here.
fn is_table(packet: &[u8]) -> bool {
    let pid = pid(packet);
    pid < 0x20 || pid == 0x1000
}

fn payload(packet: &[u8]) -> usize {
    let skip = if packet[3] & 0x20 == 0 { 4 } else { 5 + usize::from(packet[4]) };
    skip.min(PACKET)
}

/// Where PTS and DTS stand in a packet that begins a PES packet (ISO 13818-1, 2.4.3.6).
fn pes_times(packet: &[u8]) -> Vec<usize> {
    let start = payload(packet);
    let begins = packet[1] & 0x40 != 0 && !is_table(packet) && packet.len() >= start + 19;
    if !begins || packet[start..start + 3] != [0, 0, 1] {
        return Vec::new();
    }
    match packet[start + 7] >> 6 {
        2 => vec![start + 9],
        3 => vec![start + 9, start + 14],
        _ => Vec::new(),
    }
}

fn read_time(packet: &[u8], at: usize) -> u64 {
    let byte = |n: usize| u64::from(packet[at + n]);
    (byte(0) >> 1 & 7) << 30 | byte(1) << 22 | (byte(2) >> 1) << 15 | byte(3) << 7 | byte(4) >> 1
}

fn write_time(packet: &mut [u8], at: usize, time: u64) {
    packet[at] = packet[at] & 0xf1 | (time >> 29) as u8 & 0x0e;
    packet[at + 1] = (time >> 22) as u8;
    packet[at + 2] = (time >> 14) as u8 & 0xfe | 1;
    packet[at + 3] = (time >> 7) as u8;
    packet[at + 4] = (time << 1) as u8 | 1;
}

/// The 33-bit base; the extension stays.
fn shift_pcr(field: &mut [u8], offset: u64) {
    let base = field[..4].iter().fold(0u64, |base, byte| base << 8 | u64::from(*byte)) << 1
        | u64::from(field[4] >> 7);
    let base = (base + offset) % WRAP;
    field[..4].copy_from_slice(&((base >> 1) as u32).to_be_bytes());
    field[4] = field[4] & 0x7f | ((base & 1) as u8) << 7;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Decode times and continuity of several turns, as one stream.
    fn turns(from: u64, count: u64) -> Vec<u8> {
        let all = (from..from + count)
            .flat_map(|turn| PIECES.iter().map(move |piece| shifted(piece.packets, turn)));
        all.flatten().collect()
    }

    #[test]
    fn the_loop_is_whole_and_small() {
        assert_eq!(LOOP.len() % PACKET, 0);
        assert!(LOOP.len() < 150 << 10, "{}", LOOP.len());
        assert_eq!(turns(0, 1), LOOP);
        let starts = |stream_id: u8| {
            let begins = |packet: &&[u8]| {
                packet[1] & 0x40 != 0 && packet[payload(packet)..].starts_with(&[0, 0, 1, stream_id])
            };
            LOOP.chunks_exact(PACKET).filter(begins).count()
        };
        assert_eq!(starts(0xe0), 200);
        assert!(starts(0xc0) > 20);
        let adts = memchr::memmem::find_iter(LOOP, &[0xff, 0xf1]).count();
        assert!(adts >= 375, "{adts}");
    }

    #[test]
    fn pieces_are_short_and_begin_with_tables_and_a_keyframe() {
        assert_eq!(PIECES[0].due, Duration::ZERO);
        for pair in PIECES.windows(2) {
            let span = pair[1].due - pair[0].due;
            assert!(span <= Duration::from_millis(100) && span > Duration::ZERO, "{span:?}");
        }
        assert!(TURN - PIECES[PIECES.len() - 1].due <= Duration::from_millis(100));
        assert!(is_table(PIECES[0].packets));
    }

    #[test]
    fn turns_join_without_a_break_in_time_or_continuity() {
        // Up to turn 11,930 the clock wraps once.
        for from in [0, 15, 11_928] {
            let stream = turns(from, 4);
            let mut counters: HashMap<u16, u8> = HashMap::new();
            let mut last: HashMap<u16, u64> = HashMap::new();
            let mut last_pcr = None;
            for packet in stream.chunks_exact(PACKET) {
                let pid = pid(packet);
                if packet[3] & 0x10 != 0 {
                    let counter = packet[3] & 0x0f;
                    if let Some(before) = counters.insert(pid, counter) {
                        assert_eq!(counter, (before + 1) % 16, "continuity of {pid}");
                    }
                }
                if let Some(&field) = pes_times(packet).last() {
                    let time = read_time(packet, field);
                    if let Some(before) = last.insert(pid, time) {
                        let step = (time + WRAP - before) % WRAP;
                        assert!((1..=20_000).contains(&step), "step of {step} on {pid}");
                        assert!(pid != video_pid(LOOP) || step == 3_600);
                    }
                }
                if packet[3] & 0x20 != 0 && packet[4] > 6 && packet[5] & 0x10 != 0 {
                    let base = packet[6..10].iter().fold(0u64, |base, byte| base << 8 | u64::from(*byte))
                        << 1
                        | u64::from(packet[10] >> 7);
                    if let Some(before) = last_pcr.replace(base) {
                        assert!((1..=9_000).contains(&((base + WRAP - before) % WRAP)));
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn runs_in_real_time_and_ends_when_told() {
        let (events, mut received) = mpsc::channel(4);
        let cancel = CancellationToken::new();
        let begun = Instant::now();
        let task = tokio::spawn(run(events, cancel.clone(), Duration::from_millis(200)));
        let mut sent = Vec::new();
        for _ in 0..10 {
            match received.recv().await {
                Some(Event::Data(piece)) => sent.extend_from_slice(&piece),
                other => panic!("{other:?}"),
            }
        }
        assert!(LOOP.starts_with(&sent));
        // The tenth is due when nine have run out, less what is sent ahead.
        let (took, due) = (begun.elapsed(), PIECES[9].due - Duration::from_millis(200));
        assert!((due..due + Duration::from_secs(2)).contains(&took), "{took:?}");
        cancel.cancel();
        task.await.expect("ended");
        while received.recv().await.is_some() {}
    }
}
