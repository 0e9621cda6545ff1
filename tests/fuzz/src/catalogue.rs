//! Providers' lists, byte for byte. The parsers are private to their room, so what is asked of them stands here.

#[path = "../../../src/catalogue/json_items.rs"]
mod json_items;
#[path = "../../../src/catalogue/lenient.rs"]
mod lenient;
#[path = "../../../src/catalogue/m3u.rs"]
mod m3u;

use json_items::{End, Items};
use m3u::{Entry, Parser};
use serde_json::Value;

/// What a list's addresses may begin with.
const SCHEMES: [&str; 9] =
    ["http://", "https://", "rtmp://", "rtmps://", "rtsp://", "rtsps://", "srt://", "udp://", "rtp://"];
/// No entry needs more headers.
const HEADERS: usize = 16;

/// Reads an M3U list: entries are sound whatever stands in it.
pub fn read_m3u(data: &[u8]) {
    let mut parser = Parser::default();
    for line in data.split(|&byte| byte == b'\n') {
        match parser.line(line) {
            Ok(Some(entry)) => check(&entry, data.len()),
            Ok(None) => {}
            Err(_) => return,
        }
    }
    let _ = (parser.odd, parser.dangling());
}

fn check(entry: &Entry, length: usize) {
    assert!(SCHEMES.iter().any(|scheme| entry.url.starts_with(scheme)), "{:?}", entry.url);
    assert!(!entry.url.contains(['\n', '\r', '\0']), "{:?}", entry.url);
    assert!(entry.number.is_none_or(f64::is_finite));
    assert!(entry.headers.len() <= HEADERS);
    for (name, value) in &entry.headers {
        assert!(!name.is_empty() && !name.eq_ignore_ascii_case("user-agent"), "{name:?}");
        assert!(!value.contains(|c: char| c.is_control()), "{name:?}: {value:?}");
    }
    assert!(!entry.user_agent.as_deref().unwrap_or("x").contains(|c: char| c.is_control()));
    // Latin-1 grows to twice its size.
    for text in [Some(&entry.name), entry.group.as_ref(), entry.tvg_id.as_ref(), entry.logo.as_ref()] {
        assert!(text.is_none_or(|text| text.len() <= 2 * length && !text.contains('\n')));
    }
}

/// What came of a JSON list.
type Read = Result<(Vec<Value>, u64, bool), ()>;

fn items(data: &[u8], piece: usize) -> Read {
    let mut items = Items::new();
    let mut all = Vec::new();
    for piece in data.chunks(piece.max(1)) {
        items.feed(piece, |value| all.push(value)).map_err(|_| ())?;
    }
    Ok((all, items.odd, items.end() == End::Whole))
}

/// Reads a JSON list: the same in any pieces, and what is a list for everybody is the same list here.
pub fn read_json(data: &[u8], piece: usize) {
    let whole = items(data, data.len());
    let pieces = items(data, piece);
    assert_eq!(whole.is_ok(), pieces.is_ok());
    if let (Ok(whole), Ok(pieces)) = (&whole, &pieces) {
        assert_eq!(whole, pieces);
        whole.0.iter().for_each(look);
    }
    // Elements of a megabyte are dropped here.
    if data.len() < 1 << 20
        && let Ok(Value::Array(elements)) = serde_json::from_slice(data)
    {
        assert_eq!(whole, Ok((elements, 0, true)));
    }
}

/// Every way to look at a value.
fn look(value: &Value) {
    let fields = value.as_object().into_iter().flat_map(|object| object.values());
    for value in fields.chain([value]) {
        let _ = (lenient::text(Some(value)), lenient::count(Some(value)), lenient::flag(Some(value)));
        assert!(lenient::number(Some(value)).is_none_or(f64::is_finite));
        assert!(lenient::texts(Some(value)).iter().all(|text| !text.is_empty()));
    }
}
