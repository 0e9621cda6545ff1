//! Whatever comes in, what goes out is valid: the checker reads all of it.

use super::checker::check;
use super::clips::shape;
use super::source::{AUDIO, SOUND, Source, VIDEO};
use crate::feed::part::{Origin, Part};
use crate::feed::shape::{Options, START, Shaper};
use crate::ts::MediaTime;
use proptest::prelude::*;

/// What befalls a stream.
#[derive(Debug, Clone)]
enum Fault {
    Drop { at: usize, count: usize },
    Swap { at: usize, by: usize },
    Garbage { at: usize, bytes: Vec<u8> },
    Corrupt { at: usize, byte: usize, with: u8 },
    Repeat { from: usize, count: usize },
}

fn fault() -> impl Strategy<Value = Fault> {
    let at = 0usize..2000;
    prop_oneof![
        (at.clone(), 1usize..40).prop_map(|(at, count)| Fault::Drop { at, count }),
        (at.clone(), 1usize..20).prop_map(|(at, by)| Fault::Swap { at, by }),
        (at.clone(), proptest::collection::vec(any::<u8>(), 1..600))
            .prop_map(|(at, bytes)| Fault::Garbage { at, bytes }),
        (at.clone(), 0usize..40, any::<u8>()).prop_map(|(at, byte, with)| Fault::Corrupt { at, byte, with }),
        (at, 1usize..400).prop_map(|(from, count)| Fault::Repeat { from, count }),
    ]
}

/// A run of frames on a timeline.
#[derive(Debug, Clone)]
struct Stretch {
    frames: usize,
    offset: i64,
    size: usize,
    gop: usize,
    boundary: Option<bool>,
    recovery: bool,
    has_audio: bool,
    has_video: bool,
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let offset =
        prop_oneof![Just(0i64), -1_000_000i64..1_000_000, any::<u32>().prop_map(|n| i64::from(n) * 2)];
    (
        1usize..80,
        offset,
        0usize..2,
        1usize..40,
        proptest::option::of(any::<bool>()),
        any::<bool>(),
        0..10,
        0..10,
    )
        .prop_map(|(frames, offset, size, gop, boundary, recovery, audio, video)| Stretch {
            frames,
            offset,
            size,
            gop,
            boundary,
            recovery,
            has_audio: audio > 0,
            has_video: video > 0,
        })
}

fn damage(mut packets: Vec<Vec<u8>>, faults: &[Fault]) -> Vec<u8> {
    for fault in faults {
        let count = packets.len();
        if count == 0 {
            break;
        }
        match fault {
            Fault::Drop { at, count: gone } => {
                let from = at % count;
                packets.drain(from..(from + gone).min(count));
            }
            Fault::Swap { at, by } => packets.swap(at % count, (at + by) % count),
            Fault::Garbage { at, bytes } => packets.insert(at % count, bytes.clone()),
            Fault::Corrupt { at, byte, with } => {
                let packet = &mut packets[at % count];
                let byte = byte % packet.len();
                packet[byte] = *with;
            }
            Fault::Repeat { from, count: again } => {
                let from = from % count;
                let copy = packets[from..(from + again).min(count)].to_vec();
                packets.splice(from..from, copy);
            }
        }
    }
    packets.concat()
}

proptest! {
    #[test]
    fn the_output_is_valid_whatever_comes(
        stretches in proptest::collection::vec(stretch(), 1..5),
        faults in proptest::collection::vec(fault(), 0..8),
        slices in proptest::collection::vec(1usize..5000, 1..10),
    ) {
        let mut shaper = Shaper::new(Options::default());
        let mut parts = Vec::new();
        let mut source = Source { weight: 300, ..Source::default() };
        let mut n = 0;
        shaper.begin(Origin::Source, START);
        for stretch in &stretches {
            source.offset += stretch.offset;
            (source.size, source.gop, source.recovery) = (stretch.size, stretch.gop, stretch.recovery);
            (source.has_audio, source.has_video) = (stretch.has_audio, stretch.has_video);
            source.leading = usize::from(stretch.recovery);
            let data = source.run(n..n + stretch.frames);
            n += stretch.frames;
            let data = damage(data.chunks(188).map(<[u8]>::to_vec).collect(), &faults);
            let mut rest = data.as_slice();
            let mut sizes = slices.iter().cycle();
            while !rest.is_empty() {
                let size = (*sizes.next().expect("endless")).min(rest.len());
                shaper.push(&rest[..size], &mut parts);
                if size % 7 == 0 {
                    shaper.flush(&mut parts);
                }
                rest = &rest[size..];
            }
            match stretch.boundary {
                None => {}
                Some(true) => shaper.boundary(),
                Some(false) => {
                    shaper.finish(&mut parts);
                    let origin = if stretch.size == 0 { Origin::Source } else { Origin::Slate };
                    let floor = shaper.end_time() + MediaTime(1000);
                    shaper.begin(origin, floor);
                }
            }
        }
        shaper.finish(&mut parts);
        check(&parts);
        prop_assert!(parts.last().is_none_or(|part| part.end == shaper.end_time()));
    }

    #[test]
    fn random_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..3000),
        payloads in proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 184)), 0..40),
    ) {
        let mut source = Source::default();
        let mut data = source.run(0..3);
        // Real headers, random contents.
        for (n, (video, start, payload)) in payloads.iter().enumerate() {
            let pid = if *video { VIDEO } else { AUDIO };
            data.extend([0x47, (pid >> 8) as u8 | u8::from(*start) << 6, pid as u8, 0x10 | (n % 16) as u8]);
            data.extend(if *start { &[0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5][..] } else { &[][..] });
            let used = if *start { 9 } else { 0 };
            data.extend(&payload[used..]);
        }
        data.extend(&bytes);
        data.extend(source.run(3..60));
        let (parts, _) = shape(&data, Options::default(), bytes.len() as u64);
        check(&parts);
    }

    #[test]
    fn slicing_changes_no_unit(seed in any::<u64>()) {
        let mut source = Source { weight: 300, ..Source::default() };
        let data = source.run(5..90);
        let (parts, _) = shape(&data, Options::default(), seed);
        let seen = check(&parts);
        prop_assert_eq!(seen.of(0x100).len(), 65);
        let end = START + MediaTime(65 * 3600);
        prop_assert_eq!(parts.last().map(|part| part.end), Some(end));
        prop_assert!(seen.of(0x101).len() as i64 >= 65 * 3600 / SOUND - 1);
    }
}

#[test]
fn overhead_over_the_payload_is_small() {
    let mut source = Source { weight: 12_000, ..Source::default() };
    let mut shaper = Shaper::new(Options::default());
    let mut parts: Vec<Part> = Vec::new();
    shaper.begin(Origin::Source, START);
    for n in 0..40 {
        let data = source.run(n * 25..(n + 1) * 25);
        shaper.push(&data, &mut parts);
        shaper.flush(&mut parts);
    }
    let seen = check(&parts);
    let payload: usize = seen.units.iter().map(|unit| unit.payload.len()).sum();
    let sent: usize = parts.iter().map(|part| part.bytes.len()).sum();
    assert!(sent * 100 < payload * 104, "{sent} bytes for {payload}");
    // Blocks are shared: what is taken is what is sent, and at most an eighth more.
    let taken = shaper.allocated();
    assert!(taken < sent as u64 * 115 / 100 + 600_000, "{taken} bytes of memory for {sent}");
}
