//! Finds the packets in a stream of bytes.
//!
//! Any slices in, aligned packets out: over garbage, and where each packet has 4 bytes before it (M2TS, 192)
//! or 16 behind it (Reed-Solomon, 204). What is carried from one slice to the next is less than 1.1 KiB.

use super::packet::{PACKET, Packet, SYNC};

/// Distances between sync bytes, the usual first.
const STRIDES: [usize; 3] = [188, 192, 204];
/// Sync bytes in a row that make a lock.
const IN_A_ROW: usize = 3;
/// Enough to find a lock at every byte of a packet; the carry never exceeds it.
const WINDOW: usize = IN_A_ROW * 204 + 204;

/// Cuts bytes into packets. The closure sees each one in place.
#[derive(Debug, Default)]
pub struct Framer {
    carry: Vec<u8>,
    stride: Option<usize>,
    skipped: u64,
    in_a_row: u64,
    ever_locked: bool,
}

impl Framer {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that belonged to no packet.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes skipped since the last packet.
    pub fn skipped_in_a_row(&self) -> u64 {
        self.in_a_row
    }

    /// Whether packets were ever found.
    pub fn ever_locked(&self) -> bool {
        self.ever_locked
    }

    /// Bytes kept for the next call.
    pub fn carried(&self) -> usize {
        self.carry.len()
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, mut data: &[u8], mut each: impl FnMut(Packet<'_>)) {
        let mut carry = std::mem::take(&mut self.carry);
        while !carry.is_empty() && !data.is_empty() {
            let taken = data.len().min(WINDOW.saturating_sub(carry.len()).max(1));
            carry.extend_from_slice(&data[..taken]);
            let left = carry.len() - self.cut(&carry, &mut each);
            if left <= taken {
                carry.clear();
                data = &data[taken - left..];
            } else {
                carry.drain(..carry.len() - left);
                data = &data[taken..];
            }
        }
        if carry.is_empty() {
            let used = self.cut(data, &mut each);
            carry.extend_from_slice(&data[used..]);
        }
        self.carry = carry;
    }

    /// The stream has ended: yields the packets that were too few to be sure of.
    pub fn finish(&mut self, mut each: impl FnMut(Packet<'_>)) {
        let carry = std::mem::take(&mut self.carry);
        let mut rest = carry.as_slice();
        while let Some(packet) = rest.get(..PACKET).and_then(Packet::new) {
            if rest.get(PACKET).is_some_and(|next| *next != SYNC) {
                break;
            }
            each(packet);
            rest = &rest[PACKET..];
        }
        self.skip(rest.len());
        self.stride = None;
    }

    /// Forgets the carry and the lock, for another stream.
    pub fn reset(&mut self) {
        *self = Self { skipped: self.skipped, ..Self::default() };
    }

    fn skip(&mut self, count: usize) {
        self.skipped += count as u64;
        self.in_a_row += count as u64;
    }

    /// Yields what can be decided; returns how many bytes that took. Given `WINDOW` bytes it takes at least one.
    fn cut(&mut self, data: &[u8], each: &mut impl FnMut(Packet<'_>)) -> usize {
        let mut at = 0;
        loop {
            let Some(stride) = self.stride else {
                match find(&data[at..]) {
                    Search::Found { skip, stride } => {
                        self.skip(skip);
                        at += skip;
                        self.stride = Some(stride);
                        self.ever_locked = true;
                        continue;
                    }
                    Search::NotBefore(skip) => {
                        self.skip(skip);
                        return at + skip;
                    }
                }
            };
            let Some(bytes) = data.get(at..at + stride) else {
                // A first byte that is no sync byte needs no waiting for the rest.
                if data.get(at).is_some_and(|first| *first != SYNC) {
                    self.stride = None;
                    continue;
                }
                return at;
            };
            match Packet::new(&bytes[..PACKET]) {
                Some(packet) => {
                    self.in_a_row = 0;
                    each(packet);
                    at += stride;
                }
                None => self.stride = None,
            }
        }
    }
}

enum Search {
    Found {
        skip: usize,
        stride: usize,
    },
    /// No lock begins before this many bytes.
    NotBefore(usize),
}

fn find(data: &[u8]) -> Search {
    let mut from = 0;
    while let Some(next) = memchr::memchr(SYNC, &data[from..]) {
        let at = from + next;
        let mut undecided = false;
        for stride in STRIDES {
            let mut marks = (1..IN_A_ROW).map(|n| data.get(at + n * stride));
            if marks.all(|byte| byte.is_none_or(|byte| *byte == SYNC)) {
                if data.len() > at + (IN_A_ROW - 1) * stride {
                    return Search::Found { skip: at, stride };
                }
                undecided = true;
            }
        }
        if undecided {
            return Search::NotBefore(at);
        }
        from = at + 1;
    }
    Search::NotBefore(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packets(count: usize) -> Vec<[u8; PACKET]> {
        (0..count)
            .map(|n| {
                let mut packet = [(n % 251) as u8 | 0x80; PACKET];
                packet[0] = SYNC;
                packet[1..4].copy_from_slice(&[1, 0, 0x10 | (n % 16) as u8]);
                packet
            })
            .collect()
    }

    fn run(stream: &[u8], slices: &[usize]) -> (Vec<Vec<u8>>, Framer) {
        let mut framer = Framer::new();
        let mut found = Vec::new();
        let mut rest = stream;
        let mut sizes = slices.iter().cycle();
        while !rest.is_empty() {
            let size = (*sizes.next().expect("endless")).clamp(1, rest.len());
            framer.push(&rest[..size], |packet| found.push(packet.bytes().to_vec()));
            assert!(framer.carried() <= WINDOW);
            rest = &rest[size..];
        }
        framer.finish(|packet| found.push(packet.bytes().to_vec()));
        (found, framer)
    }

    #[test]
    fn finds_packets_of_all_three_strides() {
        for stride in STRIDES {
            let mut stream = vec![7; stride - PACKET];
            for packet in packets(20) {
                stream.extend_from_slice(&packet);
                stream.resize(stream.len() + stride - PACKET, 7);
            }
            let (found, _) = run(&stream, &[1, 1000, 3]);
            assert_eq!(found.len(), 20, "stride {stride}");
        }
    }

    #[test]
    fn garbage_costs_nothing_but_itself() {
        let mut stream = vec![0x11; 1000];
        for (n, packet) in packets(40).iter().enumerate() {
            if n % 10 == 5 {
                stream.extend_from_slice(&[0x22; 77]);
            }
            stream.extend_from_slice(packet);
        }
        let (found, framer) = run(&stream, &[500]);
        assert_eq!(found.len(), 40);
        assert_eq!(framer.skipped(), 1000 + 4 * 77);
    }

    #[test]
    fn text_is_never_a_stream() {
        let html = "<html><body>Go away, GGGG</body></html>".repeat(3000);
        let (found, framer) = run(html.as_bytes(), &[1460]);
        assert!(found.is_empty() && !framer.ever_locked());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(
            bytes in proptest::collection::vec(prop_oneof![Just(SYNC), any::<u8>()], 0..4000),
            slices in proptest::collection::vec(1usize..700, 1..8),
        ) {
            let _ = run(&bytes, &slices);
        }

        #[test]
        fn slicing_makes_no_difference(
            slices in proptest::collection::vec(1usize..900, 1..12),
            garbage in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            let mut stream = garbage;
            for packet in packets(30) {
                stream.extend_from_slice(&packet);
            }
            let (whole, _) = run(&stream, &[usize::MAX]);
            let (cut, _) = run(&stream, &slices);
            prop_assert_eq!(whole, cut);
        }
    }
}
