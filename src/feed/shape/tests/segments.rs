//! Where segments end.

use super::checker::check;
use super::source::{Source, VIDEO};
use crate::feed::part::{Origin, Part};
use crate::feed::shape::{Options, START, Shaper};
use crate::ts::{PACKET, Packet};

/// Marks the keyframes of a source as such, and gives the packets that they begin with.
fn mark(data: &mut [u8], source: &Source) -> Vec<usize> {
    let mut begins = Vec::new();
    for (index, raw) in data.chunks_exact_mut(PACKET).enumerate() {
        let packet = Packet::new(raw).expect("a packet");
        let is_video = packet.pid() == VIDEO && packet.starts_unit() && packet.pcr().is_some();
        if is_video && packet.payload().windows(4).any(|code| code == [0, 0, 1, 0x67]) {
            raw[5] |= 0x40;
            begins.push(index);
        }
    }
    assert!(begins.len() > 150 / source.gop - 1);
    begins
}

fn pushed(data: &[u8]) -> Vec<Vec<Part>> {
    let mut shaper = Shaper::new(Options::default());
    shaper.begin(Origin::Source, START);
    let push = |packet: &[u8]| {
        let mut parts = Vec::new();
        shaper.push(packet, &mut parts);
        parts
    };
    data.chunks_exact(PACKET).map(push).collect()
}

#[test]
fn a_segment_is_complete_when_the_next_keyframe_begins_to_arrive() {
    let mut source = Source { weight: 3_000, ..Source::default() };
    let mut data = source.run(0..150);
    let begins = mark(&mut data, &source);
    let pushed = pushed(&data);
    // A keyframe a second, a segment every two.
    for (n, at) in begins.into_iter().enumerate() {
        let ends = pushed[at].last().is_some_and(|part| part.last);
        assert_eq!(ends, n > 0 && n % 2 == 0, "keyframe {n}");
    }
    let parts = pushed.concat();
    check(&parts);
    for pair in parts.windows(2) {
        assert_eq!(pair[0].last, pair[1].segment);
    }
}

#[test]
fn what_is_marked_without_parameter_sets_and_what_is_not_marked_ends_nothing() {
    let mut source = Source { weight: 3_000, ..Source::default() };
    let parts = pushed(&source.run(0..150)).concat();
    assert!(parts.iter().all(|part| !part.last));
    let mut source = Source { weight: 3_000, sets_at: vec![0], ..Source::default() };
    let mut data = source.run(0..150);
    for raw in data.chunks_exact_mut(PACKET) {
        let packet = Packet::new(raw).expect("a packet");
        if packet.pid() == VIDEO && packet.starts_unit() && packet.pcr().is_some() {
            raw[5] |= 0x40;
        }
    }
    assert!(pushed(&data).concat().iter().skip(1).all(|part| !part.last));
}
