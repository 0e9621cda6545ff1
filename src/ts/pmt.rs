//! The programme map table (ISO 13818-1, 2.4.4.8): what streams a programme has.

use super::psi;

/// A programme's streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pmt {
    /// `program_number`.
    pub programme: u16,
    /// The PID that carries the PCR; 0x1FFF: none.
    pub pcr_pid: u16,
    /// The programme's own descriptors, as they are.
    pub descriptors: Vec<u8>,
    /// In the table's order.
    pub streams: Vec<Entry>,
}

/// One elementary stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// `stream_type`.
    pub kind: u8,
    /// Its PID.
    pub pid: u16,
    /// Language, registration, AC-3, teletext, subtitling and the like, as they are.
    pub descriptors: Vec<u8>,
}

/// The descriptors of a loop: tag and body.
pub fn descriptors(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let [tag, length, tail @ ..] = rest else { return None };
        let (body, next) = tail.split_at_checked(usize::from(*length))?;
        rest = next;
        Some((*tag, body))
    })
}

impl Entry {
    /// The body of the first descriptor with this tag.
    pub fn descriptor(&self, tag: u8) -> Option<&[u8]> {
        descriptors(&self.descriptors).find(|(found, _)| *found == tag).map(|(_, body)| body)
    }

    /// ISO 639 code of the language descriptor (tag 0x0A).
    pub fn language(&self) -> Option<String> {
        let code = self.descriptor(0x0A)?.get(..3)?;
        let sound = code.iter().all(u8::is_ascii_alphabetic);
        sound.then(|| String::from_utf8_lossy(code).to_ascii_lowercase())
    }
}

/// Reads a section; `None` where it is damaged, not current, or no PMT.
pub fn parse(section: &[u8]) -> Option<Pmt> {
    let (programme, _, body) = psi::open(section, 2)?;
    let head = body.get(..4)?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]) & 0x0FFF);
    let (own, mut rest) = body[4..].split_at_checked(length)?;
    let mut streams = Vec::new();
    while let [kind, pid_high, pid_low, length_high, length_low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]) & 0x0FFF);
        let (own, next) = tail.split_at_checked(length)?;
        let pid = u16::from_be_bytes([*pid_high, *pid_low]) & 0x1FFF;
        streams.push(Entry { kind: *kind, pid, descriptors: own.to_vec() });
        rest = next;
    }
    let pcr_pid = u16::from_be_bytes([head[0], head[1]]) & 0x1FFF;
    Some(Pmt { programme, pcr_pid, descriptors: own.to_vec(), streams })
}

/// Writes a section of this version. Streams that would make it longer than 1,021 bytes are left out.
pub fn write(pmt: &Pmt, version: u8) -> Vec<u8> {
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&(pmt.pcr_pid | 0xE000).to_be_bytes());
    let own = if pmt.descriptors.len() <= 512 { pmt.descriptors.as_slice() } else { &[] };
    body.extend_from_slice(&(own.len() as u16 | 0xF000).to_be_bytes());
    body.extend_from_slice(own);
    for stream in &pmt.streams {
        if body.len() + 5 + stream.descriptors.len() > 1012 {
            continue;
        }
        body.push(stream.kind);
        body.extend_from_slice(&(stream.pid | 0xE000).to_be_bytes());
        body.extend_from_slice(&(stream.descriptors.len() as u16 | 0xF000).to_be_bytes());
        body.extend_from_slice(&stream.descriptors);
    }
    psi::close(2, pmt.programme, version, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Pmt {
        let audio =
            Entry { kind: 3, pid: 0x101, descriptors: vec![0x0A, 4, b'F', b'R', b'A', 0, 0x52, 1, 9] };
        let video = Entry { kind: 0x1B, pid: 0x100, descriptors: vec![] };
        Pmt { programme: 1, pcr_pid: 0x100, descriptors: vec![5, 1, 7], streams: vec![video, audio] }
    }

    #[test]
    fn what_is_written_is_read() {
        let pmt = sample();
        assert_eq!(parse(&write(&pmt, 3)), Some(pmt.clone()));
        assert_eq!(pmt.streams[1].language().as_deref(), Some("fra"));
        assert_eq!(pmt.streams[1].descriptor(0x52), Some(&[9][..]));
    }

    proptest! {
        #[test]
        fn random_bodies_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(pmt) = parse(&psi::close(2, 1, 0, &body)) {
                for stream in &pmt.streams {
                    let _ = (stream.language(), stream.descriptor(5));
                }
            }
        }
    }
}
