//! Any bytes as a panel's JSON list, in pieces of any size.
#![no_main]

use core_rooms::catalogue::read_json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((piece, data)) = data.split_first() else { return };
    read_json(data, usize::from(*piece));
});
