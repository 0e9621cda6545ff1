//! Packets made of the input: headers of the streams that a programme declares, contents at will. What is
//! published stays valid: whole packets, continuity, strictly rising decode times, parts that join.
#![no_main]

use core_rooms::feed::part::{Origin, Part};
use core_rooms::feed::shape::{Options, START, Shaper};
use core_rooms::ts::pmt::{Entry, Pmt};
use core_rooms::ts::{MediaTime, Packet, pat, pmt, psi};
use libfuzzer_sys::fuzz_target;

const PIDS: [u16; 5] = [0x200, 0x201, 0x202, 0x203, 0x1FFF];

fn tables(kind: u8) -> Vec<u8> {
    let video = [0x1B, 0x24, 0x02, 0x10][usize::from(kind & 3)];
    let streams = [(video, 0x200), (0x0F, 0x201), (0x06, 0x202), (0x86, 0x203)]
        .map(|(kind, pid)| Entry { kind, pid, descriptors: vec![] })
        .to_vec();
    let map = Pmt { programme: 1, pcr_pid: 0x200, descriptors: vec![], streams };
    let mut out = Vec::new();
    let mut counter = 0;
    psi::packetise(&pat::write(1, 0, 1, 0x30), 0, &mut counter, |packet| out.extend_from_slice(packet));
    psi::packetise(&pmt::write(&map, 0), 0x30, &mut counter, |packet| out.extend_from_slice(packet));
    out
}

// Each step takes a control byte: which PID, whether a unit starts, how much of the input is its payload.
fuzz_target!(|data: &[u8]| {
    let mut shaper = Shaper::new(Options { max_access_unit: 4000, ..Options::default() });
    let mut parts = Vec::new();
    shaper.begin(Origin::Source, START);
    let mut counters = [0u8; 5];
    let mut rest = data;
    while let Some((control, tail)) = rest.split_first() {
        rest = tail;
        match control >> 3 {
            31 => shaper.push(&tables(*control), &mut parts),
            30 => shaper.boundary(),
            29 => {
                shaper.finish(&mut parts);
                let origin = if control & 1 == 0 { Origin::Source } else { Origin::Slate };
                shaper.begin(origin, shaper.end_time() + MediaTime(i64::from(control & 2) * 1000));
            }
            28 => shaper.flush(&mut parts),
            27 => {
                let (raw, tail) = rest.split_at(rest.len().min(200));
                shaper.push(raw, &mut parts);
                rest = tail;
            }
            flags => {
                let which = usize::from(control & 7) % PIDS.len();
                let count = [20, 60, 120, 184][usize::from(flags & 3)].min(rest.len());
                let (payload, tail) = rest.split_at(count);
                rest = tail;
                if flags & 16 == 0 {
                    counters[which] = (counters[which] + 1) & 15;
                }
                let [high, low] = PIDS[which].to_be_bytes();
                let start = u8::from(flags & 4 != 0) << 6;
                let mut packet = vec![0x47, high | start, low, 0x30 | counters[which]];
                let head: &[u8] = if start != 0 { &[0, 0, 1, 0xE0, 0, 0] } else { &[] };
                let room = 183 - head.len();
                let payload = &payload[..payload.len().min(room)];
                packet.push((room - payload.len()) as u8);
                packet.resize(5 + room - payload.len(), 0xFF);
                if packet.len() > 5 {
                    packet[5] = 0;
                }
                packet.extend_from_slice(head);
                packet.extend_from_slice(payload);
                shaper.push(&packet, &mut parts);
            }
        }
    }
    shaper.finish(&mut parts);
    check(&parts);
});

fn check(parts: &[Part]) {
    let mut counters = std::collections::HashMap::new();
    for (n, part) in parts.iter().enumerate() {
        assert!(part.start <= part.end && part.bytes.len() % 188 == 0 && !part.bytes.is_empty());
        if let Some(before) = n.checked_sub(1).map(|n| &parts[n]) {
            assert!(part.start >= before.end);
            assert!(part.epoch > before.epoch || part.start == before.end);
        }
        for packet in part.bytes.chunks(188).map(|raw| Packet::new(raw).expect("a packet")) {
            if let Some(last) = counters.insert(packet.pid(), packet.counter()) {
                assert_eq!(packet.counter(), (last + 1) & 15);
            }
        }
    }
}
