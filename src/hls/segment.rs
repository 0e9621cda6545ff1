//! A media segment: parts of a feed under a name that is its own capability.

use crate::feed::Held;
use crate::ts::MediaTime;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

/// 128 random bits: who knows the name may fetch the segment; nobody can guess it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(pub(super) u128);

impl Name {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads 22 characters of base64url; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == 16 && text.len() == 22).then(|| Self(u128::from_be_bytes(bytes)))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        // 16 bytes are always 22 characters.
        let length = URL_SAFE_NO_PAD.encode_slice(self.0.to_be_bytes(), &mut text).unwrap_or(0);
        f.write_str(std::str::from_utf8(&text[..length]).unwrap_or(""))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

/// See the module. Immutable.
#[derive(Debug)]
pub struct Segment {
    /// How it is asked for.
    pub name: Name,
    /// Its media, shared with the feed's ring.
    pub parts: Box<[Arc<Held>]>,
    /// Bytes of it.
    pub len: u64,
    /// By decode times.
    pub duration: MediaTime,
    /// Decode time of its first access unit, on its feed's clock.
    pub start: MediaTime,
    /// The timeline, the codec or the channel changed before it.
    pub discontinuity: bool,
    /// When its first picture was received, by this box's clock.
    pub program_date_time: SystemTime,
}

impl Segment {
    /// The bytes `range` of it (end exclusive, within the segment).
    pub fn body(self: &Arc<Self>, range: Range<u64>) -> SegmentBody {
        let mut skip = range.start;
        let mut index = 0;
        while let Some(part) = self.parts.get(index) {
            let len = part.bytes.len() as u64;
            if skip < len {
                break;
            }
            skip -= len;
            index += 1;
        }
        SegmentBody {
            segment: Arc::clone(self),
            index,
            skip: skip as usize,
            left: range.end.saturating_sub(range.start),
        }
    }
}

/// A segment on its way out: frames are the parts themselves.
#[derive(Debug)]
pub struct SegmentBody {
    segment: Arc<Segment>,
    index: usize,
    skip: usize,
    left: u64,
}

impl Body for SegmentBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let Some(part) = self.segment.parts.get(self.index) else { return Poll::Ready(None) };
        let mut bytes = part.bytes.slice(self.skip..);
        bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= bytes.len() as u64;
        self.index += 1;
        self.skip = 0;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::feed::{Budget, Origin, Part, Shape};
    use http_body_util::BodyExt;

    pub(crate) fn part(start_ms: i64, length_ms: i64, segment: bool, epoch: u32, fill: u8) -> Arc<Held> {
        let part = Part {
            bytes: Bytes::from(vec![fill; 188]),
            start: MediaTime::from_millis(start_ms),
            end: MediaTime::from_millis(start_ms + length_ms),
            epoch,
            origin: Origin::Source,
            keyframe: segment,
            segment,
            shape: Arc::new(Shape::default()),
        };
        Held::new(part, &Budget::new(usize::MAX))
    }

    #[test]
    fn names_are_read_back_and_nothing_else_is() {
        let name = Name::random();
        let text = name.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(Name::parse(&text), Some(name));
        for bad in ["", "x", "../../../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA!"] {
            assert_eq!(Name::parse(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn every_range_is_what_a_slice_of_the_whole_is() {
        let parts: Vec<_> = (0..4).map(|n| part(n * 100, 100, n == 0, 0, n as u8)).collect();
        let whole: Vec<u8> = parts.iter().flat_map(|part| part.bytes.to_vec()).collect();
        let segment = Arc::new(Segment {
            name: Name::random(),
            len: whole.len() as u64,
            parts: parts.into(),
            duration: MediaTime::ZERO,
            start: MediaTime::ZERO,
            discontinuity: false,
            program_date_time: SystemTime::UNIX_EPOCH,
        });
        for (start, end) in
            [(0, 752), (0, 1), (187, 189), (188, 376), (1, 751), (564, 752), (751, 752), (5, 5)]
        {
            let body = segment.body(start..end);
            assert_eq!(body.size_hint().exact(), Some(end - start));
            let bytes = body.collect().await.expect("infallible").to_bytes();
            assert_eq!(bytes, whole[start as usize..end as usize], "{start}..{end}");
        }
    }
}
