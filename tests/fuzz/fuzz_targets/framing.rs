//! Any bytes, cut anyhow: the framer, the tables, PES headers and codec headers neither panic nor grow.
#![no_main]

use core_rooms::ts::psi::Sections;
use core_rooms::ts::{Framer, ac3, adts, h264, hevc, mpa, mpeg2, pat, pes::Header, pmt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((size, data)) = data.split_first() else { return };
    let mut framer = Framer::new();
    let mut sections = Sections::default();
    let look = |payload: &[u8]| {
        let _ = (Header::parse(payload), adts::parse(payload), adts::is_loas(payload));
        let _ = (mpa::parse(payload), ac3::parse(payload), mpeg2::inspect(payload));
        h264::inspect(payload, |_, set| drop((h264::Sps::parse(set), h264::pps_id(set))));
        hevc::inspect(payload, |_, set| drop(hevc::Sps::parse(set)));
        let _ = (h264::insertion_point(payload), hevc::insertion_point(payload));
    };
    look(data);
    for piece in data.chunks(usize::from(*size) + 1) {
        framer.push(piece, |packet| {
            look(packet.payload());
            let _ = (packet.pcr(), packet.is_stuffed());
            sections.push(packet.payload(), packet.starts_unit(), packet.counter(), |section| {
                let _ = (pat::parse(section), pmt::parse(section));
            });
        });
        assert!(framer.carried() < 1100);
    }
    framer.finish(|_| {});
});
