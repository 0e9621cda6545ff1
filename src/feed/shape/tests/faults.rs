//! What becomes of sources with faults.

use super::checker::{Seen, check};
use super::clips::shape;
use super::source::{AUDIO, DATA, FRAME, PCR, SOUND, SPLICE, Source, VIDEO, entry, number, splice};
use crate::feed::part::{Origin, Part};
use crate::feed::shape::{Options, START, Shaper};
use crate::ts::{MediaTime, clock};
use crate::wire::Reason;

/// `(number, decode time, epoch)` of all frames, or sounds, in order.
pub(super) fn numbers(seen: &Seen, pid: u16) -> Vec<(usize, i64, u32)> {
    let what = if pid == 0x100 { "frame" } else { "sound" };
    seen.of(pid).iter().filter_map(|u| Some((number(&u.payload, what)?, u.dts?, u.epoch))).collect()
}

pub(super) fn only(seen: &Seen, pid: u16) -> Vec<usize> {
    numbers(seen, pid).iter().map(|(n, _, _)| *n).collect()
}

/// In every epoch each frame and each sound is where the source's clock has it, to the tick.
pub(super) fn in_step(seen: &Seen) {
    let mut offsets = std::collections::HashMap::new();
    for (n, dts, epoch) in numbers(seen, 0x100) {
        let offset = *offsets.entry(epoch).or_insert(dts - n as i64 * FRAME);
        assert_eq!(dts - n as i64 * FRAME, offset, "frame {n} of epoch {epoch}");
    }
    let mut sounds = 0;
    for (m, dts, epoch) in numbers(seen, 0x101) {
        // A sound that goes with the next epoch's picture may still lie in the old part.
        let offset = offsets.get(&epoch).copied().expect("an epoch with a picture");
        assert_eq!(dts - m as i64 * SOUND, offset, "sound {m} of epoch {epoch}");
        sounds += 1;
    }
    assert!(sounds > 10);
}

fn feed(data: &[u8]) -> (Vec<Part>, Shaper, Seen) {
    let (parts, shaper) = shape(data, Options::default(), 11);
    let seen = check(&parts);
    (parts, shaper, seen)
}

#[test]
fn a_plain_stream_loses_nothing() {
    let (parts, shaper, seen) = feed(&Source::default().run(0..200));
    assert_eq!(only(&seen, 0x100), (0..200).collect::<Vec<_>>());
    assert_eq!(only(&seen, 0x101), (0..375).collect::<Vec<_>>());
    in_step(&seen);
    assert_eq!(numbers(&seen, 0x100)[0].1, START.0);
    assert_eq!(parts[0].start, START);
    assert_eq!(shaper.end_time(), START + MediaTime(200 * FRAME));
    assert_eq!(shaper.stats().gop, Some(MediaTime(25 * FRAME)));
    assert_eq!((seen.late, seen.discontinuities, shaper.stats().epochs), (0, 0, 1));
    assert!(parts[0].bytes.len() < 10_000, "the first keyframe goes out alone");
    let audio = &parts.last().expect("parts").shape.audio[0];
    assert_eq!((audio.codec, audio.language.as_deref(), audio.sample_rate), ("aac", Some("deu"), 48_000));
}

#[test]
fn a_start_in_the_middle_waits_for_a_keyframe() {
    let (_, _, seen) = feed(&Source::default().run(7..100));
    assert_eq!(only(&seen, 0x100), (25..100).collect::<Vec<_>>());
    in_step(&seen);
    assert_eq!(only(&seen, 0x101)[0], 47, "the first sound at or after the picture");
}

#[test]
fn packets_before_the_first_tables_are_not_lost() {
    let mut source = Source::default();
    source.frame(0);
    let mut data = source.take();
    data.extend(source.run(1..60));
    let (_, _, seen) = feed(&data);
    assert_eq!(only(&seen, 0x100), (0..60).collect::<Vec<_>>());
}

#[test]
fn a_wrap_is_invisible() {
    let mut source = Source { offset: clock::WRAP - 50 * FRAME + 17, ..Source::default() };
    let (_, shaper, seen) = feed(&source.run(0..150));
    assert_eq!(only(&seen, 0x100).len(), 150);
    in_step(&seen);
    assert_eq!((shaper.stats().epochs, shaper.stats().dropped_units), (1, 0));
}

#[test]
fn a_jump_is_a_new_epoch_without_a_gap() {
    for by in [-500_000, -80_000, 700_000, 1 << 32, -(1i64 << 31)] {
        let mut source = Source::default();
        let mut data = source.run(0..100);
        source.offset += by;
        data.extend(source.run(100..200));
        let (parts, shaper, seen) = feed(&data);
        in_step(&seen);
        assert_eq!(shaper.stats().epochs, 2, "jump by {by}");
        assert_eq!(only(&seen, 0x100), (0..200).collect::<Vec<_>>(), "jump by {by}");
        let sounds = only(&seen, 0x101);
        assert!(sounds.len() >= 374, "jump by {by}: {} sounds", sounds.len());
        let second = parts.iter().find(|part| part.epoch == 2).expect("a second epoch");
        assert_eq!(second.start, START + MediaTime(100 * FRAME));
        assert_eq!(seen.discontinuities, 1);
    }
}

#[test]
fn a_jump_amid_a_group_waits_for_the_next_keyframe() {
    let mut source = Source::default();
    let mut data = source.run(0..60);
    source.offset -= 10_000_000;
    data.extend(source.run(60..150));
    let (_, _, seen) = feed(&data);
    in_step(&seen);
    let frames = only(&seen, 0x100);
    assert_eq!(frames, (0..60).chain(75..150).collect::<Vec<_>>());
}

#[test]
fn sound_that_jumps_first_waits_for_the_picture() {
    let mut source = Source::default();
    let mut data = source.run(0..100);
    // The next second of sound comes before its pictures, on the new timeline.
    let old = source.offset;
    source.offset += 50_000_000;
    for m in 188..220 {
        source.sound(m);
    }
    source.has_audio = false;
    let jumped = source.offset;
    for n in 100..117 {
        source.offset = jumped;
        source.frame(n);
    }
    source.has_audio = true;
    data.extend(source.take());
    data.extend(source.run(118..118));
    for n in 117..200 {
        source.frame(n);
        for m in (n as i64 * FRAME + SOUND - 1) / SOUND..((n as i64 + 1) * FRAME + SOUND - 1) / SOUND {
            source.sound(m as usize);
        }
    }
    data.extend(source.take());
    let (_, _, seen) = feed(&data);
    assert_ne!(old, source.offset);
    in_step(&seen);
    assert_eq!(only(&seen, 0x100), (0..200).collect::<Vec<_>>());
    assert_eq!(only(&seen, 0x101), (0..375).collect::<Vec<_>>());
}

#[test]
fn a_spike_costs_one_unit() {
    for spike in [1 << 30, -300_000, 800_000] {
        let mut source = Source::default();
        let mut data = source.run(0..60);
        source.frame_at(60, source.offset + 60 * FRAME + spike);
        data.extend(source.take());
        data.extend(source.run(61..120));
        let (_, shaper, seen) = feed(&data);
        assert_eq!((shaper.stats().epochs, shaper.stats().dropped_units), (1, 1), "spike {spike}");
        assert_eq!(only(&seen, 0x100), (0..60).chain(61..120).collect::<Vec<_>>());
        in_step(&seen);
    }
}

#[test]
fn a_keyframe_with_a_damaged_display_time_opens_no_epoch() {
    let mut source = Source::default();
    let mut data = source.run(0..60);
    // The topmost bit of the first keyframe's PTS.
    let at = data.windows(5).position(|w| w == [0, 0, 1, 0xE0, 0]).expect("a unit") + 9;
    data[at] ^= 0x08;
    let (_, shaper, seen) = feed(&data);
    assert_eq!(only(&seen, 0x100), (25..60).collect::<Vec<_>>());
    assert_eq!((shaper.stats().epochs, shaper.stats().dropped_units), (1, 1));
}

#[test]
fn a_spike_of_sound_costs_one_unit() {
    let mut source = Source::default();
    let mut data = source.run(0..60);
    source.sound_at(999, 7_000_000_000);
    data.extend(source.take());
    data.extend(source.run(60..120));
    let (_, shaper, seen) = feed(&data);
    assert_eq!((shaper.stats().epochs, shaper.stats().dropped_units), (1, 1));
    assert_eq!(only(&seen, 0x101), (0..225).collect::<Vec<_>>());
}

#[test]
fn equal_and_lower_decode_times_are_dropped() {
    let mut source = Source::default();
    let mut data = source.run(0..60);
    source.frame(59);
    source.frame(58);
    data.extend(source.take());
    data.extend(source.run(60..100));
    let (_, shaper, seen) = feed(&data);
    assert_eq!(only(&seen, 0x100), (0..100).collect::<Vec<_>>());
    assert_eq!(shaper.stats().dropped_units, 2);
}

#[test]
fn lost_packets_cost_the_units_they_hit() {
    let mut source = Source::default();
    let data = source.run(0..150);
    let mut packets: Vec<_> = data.chunks(188).collect();
    // One packet of a frame amid its packets.
    let hit = packets
        .iter()
        .enumerate()
        .filter(|(_, p)| p[1] & 0x1F == 2 && p[2] == 0 && p[1] & 0x40 == 0)
        .nth(300)
        .map(|(n, _)| n)
        .expect("a packet");
    packets.remove(hit);
    let (_, shaper, seen) = feed(&packets.concat());
    assert_eq!((shaper.stats().continuity_errors, shaper.stats().dropped_units), (1, 1));
    assert_eq!(only(&seen, 0x100).len(), 149);
    in_step(&seen);
}

#[test]
fn repeated_packets_and_garbage_are_left_out() {
    let mut source = Source::default();
    let data = source.run(0..100);
    let mut broken = Vec::new();
    for (n, packet) in data.chunks(188).enumerate() {
        broken.extend_from_slice(packet);
        if n % 50 == 7 {
            broken.extend_from_slice(packet);
        }
        if n % 100 == 60 {
            broken.extend_from_slice(&[0x13; 500]);
        }
    }
    let (_, shaper, seen) = feed(&broken);
    assert_eq!(only(&seen, 0x100).len(), 100);
    assert_eq!(only(&seen, 0x101).len(), 188);
    assert!(shaper.stats().duplicate_packets > 3 && shaper.stats().bytes_skipped > 1000);
    assert_eq!(shaper.stats().dropped_units, 0);
}

#[test]
fn a_provider_that_never_counts_is_not_believed() {
    let (_, shaper, seen) = feed(&Source { never_counts: true, ..Source::default() }.run(0..200));
    let frames = only(&seen, 0x100);
    assert!(frames.len() >= 150, "{} frames", frames.len());
    assert!(shaper.stats().continuity_errors < 200);
}

#[test]
fn scrambled_programmes_say_so() {
    let mut data = Source::default().run(0..100);
    for packet in data.chunks_mut(188).filter(|p| p[1] & 0x1F == 2) {
        packet[3] |= 0x80;
    }
    let (parts, shaper, _) = feed(&data);
    assert!(parts.is_empty());
    assert_eq!(shaper.stats().trouble(), Some(Reason::Scrambled));
}

#[test]
fn text_is_not_media() {
    let (parts, shaper, _) = feed("<html>Not found</html>".repeat(4000).as_bytes());
    assert!(parts.is_empty());
    assert_eq!(shaper.stats().trouble(), Some(Reason::NotMedia));
}

#[test]
fn no_keyframe_is_trouble() {
    let mut source = Source { gop: 100_000, ..Source::default() };
    let (parts, shaper, _) = feed(&source.run(1..600));
    assert!(parts.is_empty());
    assert_eq!(shaper.stats().trouble(), Some(Reason::NoKeyframe));
}

#[test]
fn missing_parameter_sets_are_put_in() {
    for recovery in [false, true] {
        let mut source = Source { sets_at: vec![25], recovery, ..Source::default() };
        let plain = source.picture(50);
        let (_, _, seen) = feed(&source.run(0..120));
        assert_eq!(only(&seen, 0x100), (25..120).collect::<Vec<_>>());
        let frame = seen.of(0x100)[25];
        assert!(frame.random_access && frame.payload.len() > plain.len());
        let first = seen.of(0x100)[0];
        // Delimiter, then the sets, then all the rest as it was.
        assert_eq!(frame.payload[..6], plain[..6]);
        assert!(frame.payload.ends_with(&plain[6..]));
        assert_eq!(frame.payload[6..11], first.payload[6..11]);
    }
}

#[test]
fn leading_pictures_of_the_first_keyframe_are_dropped_and_others_kept() {
    let mut source = Source { leading: 2, recovery: true, ..Source::default() };
    let (_, _, seen) = feed(&source.run(0..100));
    assert_eq!(only(&seen, 0x100), [0].into_iter().chain(3..100).collect::<Vec<_>>());
    in_step(&seen);
}

#[test]
fn a_new_size_is_a_new_epoch_on_the_same_timeline() {
    let mut source = Source::default();
    let mut data = source.run(0..50);
    source.size = 1;
    data.extend(source.run(50..100));
    let (parts, _, seen) = feed(&data);
    assert_eq!(only(&seen, 0x100), (0..100).collect::<Vec<_>>());
    in_step(&seen);
    let sizes: Vec<_> = parts.iter().map(|p| (p.epoch, p.shape.video.as_ref().map(|v| v.height))).collect();
    assert!(
        sizes.iter().all(|(epoch, height)| *height == Some(if *epoch == 1 { 1080 } else { 720 })),
        "{sizes:?}"
    );
}

#[test]
fn pcr_on_a_pid_of_its_own_is_carried_on_the_picture() {
    for pcr_pid in [PCR, AUDIO, 0x1FFF] {
        let (_, _, seen) = feed(&Source { pcr_pid, ..Source::default() }.run(0..100));
        assert!(seen.maps.iter().all(|map| map.pcr_pid == 0x100));
        // Before the first PCR comes the delay is a guess.
        let widest = seen.pcrs[1..].windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest <= Some(9_000), "{pcr_pid:#x}: {widest:?}");
        assert_eq!(seen.late, 0);
        let behind = START.0 - seen.pcrs[0];
        assert_eq!(behind, if pcr_pid == PCR { 20_000 } else { 45_000 }, "{pcr_pid:#x}");
    }
}

#[test]
fn a_silent_sound_leaves_the_map_until_it_comes() {
    let mut source = Source { has_audio: false, ..Source::default() };
    let mut data = source.run(0..100);
    source.has_audio = true;
    data.extend(source.run(100..200));
    let (parts, _, seen) = feed(&data);
    let counts: Vec<_> = seen.maps.iter().map(|map| map.streams.len()).collect();
    assert_eq!((counts[0], counts.contains(&1), counts.last()), (2, true, Some(&2)));
    assert_eq!(parts.last().map(|p| (p.epoch, p.shape.audio.len())), Some((1, 1)));
    in_step(&seen);
    assert_eq!(only(&seen, 0x101).len(), 187);
}

#[test]
fn a_missing_picture_makes_radio_until_it_comes() {
    let mut source = Source { has_video: false, ..Source::default() };
    let mut data = source.run(0..250);
    source.has_video = true;
    data.extend(source.run(260..400));
    let (parts, _, seen) = feed(&data);
    assert!(parts[0].shape.video.is_none() && parts.last().is_some_and(|p| p.shape.video.is_some()));
    assert_eq!(only(&seen, 0x100)[0], 275);
    assert!(seen.maps[0].pcr_pid == 0x101 && seen.maps.last().is_some_and(|map| map.pcr_pid == 0x100));
}

#[test]
fn sound_far_behind_its_picture_in_the_multiplex_stays_in_step() {
    // As broadcasters do: a picture is sent most of a second before its time, sound shortly before.
    let mut source = Source { has_audio: false, ..Source::default() };
    let mut data = source.run(0..1);
    for n in 1..200usize {
        data.extend(source.run(n..n + 1));
        for m in (n as i64 * FRAME + SOUND - 1) / SOUND..((n as i64 + 1) * FRAME + SOUND - 1) / SOUND {
            if m >= 30 {
                source.sound(m as usize - 30);
            }
        }
        data.extend(source.take());
        if n == 100 {
            // And jumps: sound of the old timeline comes for a while yet.
            source.offset += 90_000;
            source.offset -= 4_000_000;
        }
    }
    let (_, shaper, seen) = feed(&data);
    assert_eq!(shaper.stats().epochs, 2);
    assert_eq!(only(&seen, 0x100), (0..101).chain(125..200).collect::<Vec<_>>());
    in_step(&seen);
}

#[test]
fn another_codec_is_another_epoch() {
    let mut source = Source::default();
    let mut data = source.run(0..50);
    source.streams[0] = entry(0x24, VIDEO + 0x40, &[]);
    source.has_video = false;
    source.tables();
    for n in 50..100i64 {
        // HEVC in form: VPS, SPS, PPS, IDR_W_RADL or TRAIL_R.
        let mut bytes = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5];
        bytes.extend(crate::ts::pes::stamp(2, source.offset + n * FRAME));
        let kinds: &[u8] = if n % 25 == 0 { &[32, 33, 34, 19] } else { &[1] };
        for kind in kinds {
            bytes.extend([0, 0, 0, 1, kind << 1, 1, 0x80]);
        }
        bytes.extend(format!("frame {n:08}.").bytes());
        source.pes(VIDEO + 0x40, &bytes, None);
        source.sound((n * FRAME / SOUND) as usize + 1);
    }
    data.extend(source.take());
    let (parts, shaper, seen) = feed(&data);
    assert_eq!(only(&seen, 0x100), (0..100).collect::<Vec<_>>());
    assert_eq!(shaper.stats().epochs, 2);
    let codecs: Vec<_> = parts.iter().filter_map(|p| p.shape.video.as_ref().map(|v| v.codec)).collect();
    assert_eq!((codecs.first(), codecs.last()), (Some(&"h264"), Some(&"hevc")));
    assert_eq!(seen.maps.last().map(|map| map.streams[0].kind), Some(0x24));
}

#[test]
fn subtitles_and_splices_are_carried_on_our_clock() {
    let mut source = Source::default();
    source.streams.push(entry(6, DATA, &[0x59, 8, b'd', b'e', b'u', 0x10, 0, 1, 0, 1, 9, 4, 1, 1, 0xE0, 1]));
    source.streams.push(entry(0x86, SPLICE, &[]));
    let mut data = source.run(0..50);
    source.data(b"a subtitle", source.offset + 51 * FRAME);
    source.section(SPLICE, &splice(1234));
    data.extend(source.take());
    data.extend(source.run(50..100));
    let (parts, _, seen) = feed(&data);
    let subtitle = seen.of(0x110)[0];
    assert_eq!((subtitle.payload.as_slice(), subtitle.pts), (&b"a subtitle"[..], Some(START.0 + 51 * FRAME)));
    let (pid, section) = &seen.sections[0];
    assert_eq!(*pid, 0x111);
    assert_eq!(*section, splice(1234 + START.0 - source.offset));
    let map = seen.maps.last().expect("maps");
    assert_eq!(map.streams[2].descriptors, [0x59, 8, b'd', b'e', b'u', 0x10, 0, 1, 0, 1], "without CA");
    assert_eq!(parts.last().map(|part| part.shape.others), Some(2));
}

pub(super) fn connect(shaper: &mut Shaper, origin: Origin, floor: MediaTime, data: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    shaper.begin(origin, floor);
    for piece in data.chunks(1000) {
        shaper.push(piece, &mut parts);
    }
    shaper.finish(&mut parts);
    parts
}

#[test]
fn a_boundary_is_an_epoch() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = Vec::new();
    shaper.begin(Origin::Source, START);
    shaper.push(&Source::default().run(0..50), &mut parts);
    shaper.boundary();
    shaper.push(&Source { offset: 77, ..Source::default() }.run(50..120), &mut parts);
    shaper.finish(&mut parts);
    let seen = check(&parts);
    in_step(&seen);
    assert_eq!(only(&seen, 0x100), (0..120).collect::<Vec<_>>());
    assert_eq!(only(&seen, 0x101), (0..225).collect::<Vec<_>>());
    assert_eq!(shaper.stats().epochs, 2);
}

#[test]
fn long_groups_are_cut_at_the_target() {
    let mut source = Source { gop: 300, ..Source::default() };
    let (parts, _, _) = feed(&source.run(0..600));
    let segments: Vec<_> =
        parts.iter().filter(|part| part.segment).map(|p| (p.start.0 - START.0, p.keyframe)).collect();
    let expected: Vec<_> = [(0, true), (4, false), (8, false), (12, true), (16, false), (20, false)]
        .map(|(at, keyframe)| (at * MediaTime::HZ, keyframe))
        .to_vec();
    assert_eq!(segments, expected);
}

#[test]
fn large_units_are_dropped_and_memory_stays_small() {
    let mut source = Source { weight: 30_000, ..Source::default() };
    let data = source.run(0..60);
    let (parts, shaper) = shape(&data, Options { max_access_unit: 100_000, ..Options::default() }, 3);
    check(&parts);
    assert!(parts.is_empty() && shaper.stats().dropped_units >= 3);
}

#[test]
fn a_length_that_lies_is_not_believed() {
    // Too short, as a length over 65,535 that was cut off; and too long.
    for declared in [200, 60_000] {
        let source = Source { declared, ..Source::default() };
        let (key, plain) = (source.picture(50), source.picture(51));
        let (_, _, seen) = feed(&Source { declared, ..Source::default() }.run(0..100));
        assert!(only(&seen, 0x100).len() >= 75, "{declared}");
        let frames = seen.of(0x100);
        for (n, picture) in [(50, key), (51, plain)] {
            let sent = frames.iter().find(|unit| number(&unit.payload, "frame") == Some(n)).expect("sent");
            assert_eq!(sent.payload, picture, "{declared}");
        }
    }
}

#[test]
fn a_picture_without_time_stamps_gets_the_expected_ones() {
    let mut source = Source::default();
    let mut data = source.run(0..60);
    let mut bytes = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0];
    bytes.extend(source.picture(60));
    source.pes(VIDEO, &bytes, None);
    // The rest of an access unit in a packet of its own.
    source.frame(61);
    let mut more = vec![0, 0, 1, 0xE0, 0, 0, 0x80, 0, 0];
    more.extend([0, 0, 1, 0x41, 0x05, 0x99]);
    source.pes(VIDEO, &more, None);
    data.extend(source.take());
    data.extend(source.run(62..100));
    let (_, shaper, seen) = feed(&data);
    assert_eq!(shaper.stats().dropped_units, 0);
    in_step(&seen);
    assert_eq!(only(&seen, 0x100), (0..100).collect::<Vec<_>>());
    let rest = seen.of(0x100).into_iter().find(|unit| unit.dts.is_none()).expect("the rest");
    assert_eq!(rest.payload, [0, 0, 1, 0x41, 0x05, 0x99]);
}

/// As the actor does it: the slate has a shaper of its own, and both write one stream.
#[test]
fn two_shapers_in_turn_never_go_back_in_time_on_any_pid() {
    let mut channel = Shaper::new(Options::default());
    let mut source = Source::default();
    let mut parts = connect(&mut channel, Origin::Source, START, &source.run(0..100));
    // Sound that runs on for 0.4 s after the last picture.
    for m in 188..207 {
        source.sound(m);
    }
    channel.push(&source.take(), &mut parts);
    channel.finish(&mut parts);
    let mut slate = Shaper::new(Options::default());
    slate.continue_from(&channel);
    channel.interrupt(channel.end_time());
    let mut picture = Source { offset: 0, size: 1, ..Source::default() };
    let mut between = connect(&mut slate, Origin::Slate, channel.end_time(), &picture.run(9000..9100));
    for m in 17063..17082 {
        picture.sound(m);
    }
    slate.push(&picture.take(), &mut between);
    slate.finish(&mut between);
    channel.continue_from(&slate);
    channel.set_floor(slate.end_time());
    let mut after = Vec::new();
    channel.push(&Source { counters: source.counters, ..Source::default() }.run(400..500), &mut after);
    channel.finish(&mut after);
    between.iter_mut().for_each(|part| part.epoch = 2);
    after.iter_mut().for_each(|part| part.epoch = 3);
    parts.extend(between);
    parts.extend(after);
    let seen = check(&parts);
    assert!(only(&seen, 0x101).iter().any(|m| (1..750).contains(m)));
    assert_eq!(only(&seen, 0x100).last(), Some(&499));
}

/// After a pause readers have closed their segment: what comes next begins one, be it sound, and only once.
#[test]
fn what_comes_after_a_cut_begins_one_segment() {
    let mut shaper = Shaper::new(Options::default());
    let mut source = Source::default();
    let mut parts = Vec::new();
    shaper.begin(Origin::Source, START);
    shaper.push(&source.run(0..60), &mut parts);
    shaper.flush(&mut parts);
    let before = parts.len();
    shaper.cut();
    source.sound(113);
    shaper.push(&source.take(), &mut parts);
    shaper.flush(&mut parts);
    assert!(parts[before].segment, "the sound begins a segment");
    shaper.push(&source.run(60..70), &mut parts);
    shaper.finish(&mut parts);
    assert_eq!(parts[before..].iter().filter(|part| part.segment).count(), 1);
    // A cut before an epoch is no second one within it.
    let before = parts.len();
    shaper.cut();
    let mut other = Source { offset: 77_000_000, counters: source.counters, ..Source::default() };
    let end = shaper.end_time();
    parts.extend(connect(&mut shaper, Origin::Source, end, &other.run(5000..5020)));
    assert_eq!(parts[before..].iter().filter(|part| part.segment).count(), 1);
    check(&parts);
}
