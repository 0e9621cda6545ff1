//! What a reconnect sends again, and what only looks like it.

use super::checker::check;
use super::faults::{connect, in_step, numbers, only};
use super::source::{FRAME, Source};
use crate::feed::part::Origin;
use crate::feed::shape::{Options, START, Shaper};
use crate::ts::MediaTime;

#[test]
fn a_replay_sends_nothing_twice_and_loses_nothing() {
    // The provider stamps each connection anew, or not.
    for restamped in [0, 123_456_789] {
        let mut shaper = Shaper::new(Options::default());
        let mut source = Source::default();
        let mut parts = connect(&mut shaper, Origin::Source, START, &source.run(0..1000));
        source = Source { offset: source.offset + restamped, ..Source::default() };
        let end = shaper.end_time();
        parts.extend(connect(&mut shaper, Origin::Source, end, &source.run(260..1500)));
        let seen = check(&parts);
        assert_eq!(only(&seen, 0x100), (0..1500).collect::<Vec<_>>());
        let sounds = only(&seen, 0x101);
        assert_eq!(sounds.len(), 2813);
        assert!(sounds.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert_eq!((shaper.stats().epochs, shaper.stats().dropped_units), (1, 0));
        assert!(shaper.stats().replayed_units > 500);
        in_step(&seen);
    }
}

#[test]
fn a_replay_after_the_slate_begins_behind_what_was_sent() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = connect(&mut shaper, Origin::Source, START, &Source::default().run(0..510));
    let mut slate = Source { offset: 0, size: 1, ..Source::default() };
    let end = shaper.end_time();
    parts.extend(connect(&mut shaper, Origin::Slate, end, &slate.run(9000..9100)));
    let floor = shaper.end_time() + MediaTime(77_777);
    parts.extend(connect(&mut shaper, Origin::Source, floor, &Source::default().run(300..700)));
    let seen = check(&parts);
    let back = numbers(&seen, 0x100).into_iter().find(|(_, _, epoch)| *epoch == 3).expect("a third epoch");
    assert_eq!((back.0, back.1), (525, floor.0), "the first keyframe beyond frame 509, not before the floor");
    let origins: Vec<_> = parts.iter().map(|part| part.origin).collect();
    assert!(origins.contains(&Origin::Slate) && origins.last() == Some(&Origin::Source));
    in_step(&seen);
}

#[test]
fn a_replay_from_before_our_first_keyframe_is_not_sent() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = connect(&mut shaper, Origin::Source, START, &Source::default().run(260..500));
    let end = shaper.end_time();
    parts.extend(connect(&mut shaper, Origin::Source, end, &Source::default().run(30..600)));
    let seen = check(&parts);
    assert_eq!(only(&seen, 0x100), (275..600).collect::<Vec<_>>());
    assert_eq!(shaper.stats().epochs, 1);
}

#[test]
fn a_loops_replay_from_before_our_first_keyframe_is_not_sent() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = connect(&mut shaper, Origin::Source, START, &Source::default().run(275..500));
    let end = shaper.end_time();
    // The same 300 pictures over and over: what came before 275 looks like what came from 330 on.
    let now = Source::default().offset;
    let mut looping = Source { offset: now - 300 * FRAME, ..Source::default() };
    let mut replay = looping.run(330..575);
    looping.offset = now;
    replay.extend(looping.run(275..600));
    parts.extend(connect(&mut shaper, Origin::Source, end, &replay));
    let seen = check(&parts);
    assert_eq!(only(&seen, 0x100), (275..600).collect::<Vec<_>>());
    assert_eq!(shaper.stats().epochs, 1);
}

#[test]
fn a_reconnect_to_something_new_is_an_epoch_at_the_floor() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = connect(&mut shaper, Origin::Source, START, &Source::default().run(0..110));
    let mut other = Source { offset: 5_000, ..Source::default() };
    let floor = shaper.end_time() + MediaTime(90_000);
    parts.extend(connect(&mut shaper, Origin::Source, floor, &other.run(2000..2100)));
    let seen = check(&parts);
    in_step(&seen);
    assert_eq!(numbers(&seen, 0x100)[110], (2000, floor.0, 2));
}

#[test]
fn a_picture_that_was_seen_before_is_no_replay_where_the_sources_clock_went_on() {
    let mut shaper = Shaper::new(Options::default());
    let mut parts = connect(&mut shaper, Origin::Source, START, &Source::default().run(0..500));
    // Away for 18 s; the programme is a loop.
    let floor = shaper.end_time() + MediaTime(450 * FRAME);
    let offset = Source::default().offset + (500 + 450 - 100) * FRAME;
    parts.extend(connect(
        &mut shaper,
        Origin::Source,
        floor,
        &Source { offset, ..Source::default() }.run(100..300),
    ));
    let seen = check(&parts);
    in_step(&seen);
    assert_eq!(numbers(&seen, 0x100)[500], (100, floor.0, 2));
    assert_eq!(shaper.stats().replayed_units, 0);
}
