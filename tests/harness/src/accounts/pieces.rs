//! Bodies that are made while they are read: a piece at a time, in constant memory, packed or not.

use super::Spec;
use super::m3u;
use anyhow::Result;
use flate2::write::GzEncoder;
use liblzma::write::XzEncoder;
use std::io::Write;

/// About so many bytes are made at a time.
const PIECE: usize = 64 << 10;

/// Something long.
pub trait Pieces: Send {
    /// Appends the next piece; false: there is none after it.
    fn more(&mut self, out: &mut Vec<u8>) -> bool;
}

/// An M3U list.
#[derive(Debug)]
pub struct M3u {
    spec: Spec,
    writer: m3u::Writer,
    position: u64,
    begun: bool,
}

impl M3u {
    pub fn new(spec: Spec) -> Self {
        Self { writer: m3u::Writer::new(&spec), spec, position: 0, begun: false }
    }
}

impl Pieces for M3u {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        if !std::mem::replace(&mut self.begun, true) {
            self.writer.head(&self.spec, out);
        }
        let full = out.len() + PIECE;
        for (position, entry) in m3u::List::new(&self.spec).entries_from(self.position) {
            self.writer.entry(&entry, out);
            if out.len() >= full {
                self.position = position + 1;
                return true;
            }
        }
        false
    }
}

/// Something short.
#[derive(Debug)]
pub struct Whole(Vec<u8>);

impl Whole {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

impl Pieces for Whole {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        out.append(&mut self.0);
        false
    }
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, clap::ValueEnum)]
pub enum Pack {
    #[default]
    Plain,
    Gzip,
    Xz,
}

impl Pack {
    /// The packed form of a body.
    pub fn wrap(self, body: Box<dyn Pieces>) -> Box<dyn Pieces> {
        let level = flate2::Compression::fast();
        match self {
            Self::Plain => body,
            Self::Gzip => Box::new(Gzip { body, packer: Some(GzEncoder::new(Vec::new(), level)) }),
            Self::Xz => Box::new(Xz { body, packer: Some(XzEncoder::new(Vec::new(), 0)) }),
        }
    }
}

struct Gzip {
    body: Box<dyn Pieces>,
    packer: Option<GzEncoder<Vec<u8>>>,
}

impl Pieces for Gzip {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(packer) = &mut self.packer else { return false };
        let mut piece = Vec::new();
        let more = self.body.more(&mut piece);
        // Into a vector: it can't fail.
        let _ = packer.write_all(&piece);
        if more {
            out.append(packer.get_mut());
        } else if let Some(mut last) = self.packer.take().and_then(|packer| packer.finish().ok()) {
            out.append(&mut last);
        }
        more
    }
}

struct Xz {
    body: Box<dyn Pieces>,
    packer: Option<XzEncoder<Vec<u8>>>,
}

impl Pieces for Xz {
    fn more(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(packer) = &mut self.packer else { return false };
        let mut piece = Vec::new();
        let more = self.body.more(&mut piece);
        let _ = packer.write_all(&piece);
        if more {
            out.append(packer.get_mut());
        } else if let Some(mut last) = self.packer.take().and_then(|packer| packer.finish().ok()) {
            out.append(&mut last);
        }
        more
    }
}

/// All of it.
pub fn bytes(mut body: Box<dyn Pieces>) -> Vec<u8> {
    let mut all = Vec::new();
    while body.more(&mut all) {}
    all
}

/// How many bytes it has.
pub fn length(mut body: Box<dyn Pieces>) -> u64 {
    let (mut length, mut piece) = (0, Vec::new());
    loop {
        let more = body.more(&mut piece);
        length += piece.len() as u64;
        piece.clear();
        if !more {
            return length;
        }
    }
}

/// Writes it.
pub fn write(mut body: Box<dyn Pieces>, to: &mut impl Write) -> Result<()> {
    let mut piece = Vec::with_capacity(2 * PIECE);
    loop {
        let more = body.more(&mut piece);
        to.write_all(&piece)?;
        piece.clear();
        if !more {
            return Ok(to.flush()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn packed_lists_unpack_to_the_same() {
        let list = || -> Box<dyn Pieces> { Box::new(M3u::new(Spec::of(3000))) };
        let plain = bytes(list());
        assert!(plain.len() > 4 * PIECE);
        assert_eq!(length(list()), plain.len() as u64);
        let mut unpacked = Vec::new();
        let gzip = bytes(Pack::Gzip.wrap(list()));
        flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        unpacked.clear();
        let xz = bytes(Pack::Xz.wrap(list()));
        liblzma::read::XzDecoder::new(xz.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        assert!(gzip.len() * 3 < plain.len() && xz.len() * 3 < plain.len());
    }
}
