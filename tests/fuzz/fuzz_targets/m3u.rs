//! Any bytes as an M3U list.
#![no_main]

use core_rooms::catalogue::read_m3u;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| read_m3u(data));
