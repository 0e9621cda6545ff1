//! The first answer to a player: a multivariant playlist with one variant, whose path holds the session.

use super::programme::Snapshot;

/// The playlist. `prefix` leads from the URL that was asked for to `/live/`; `BANDWIDTH` is the peak seen so
/// far with some room, for RFC 8216 wants an upper bound.
pub fn render(prefix: &str, session: &str, snapshot: &Snapshot) -> String {
    let bandwidth = (snapshot.bandwidth + snapshot.bandwidth / 4).max(100_000);
    format!(
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-STREAM-INF:BANDWIDTH={bandwidth}\n{prefix}~{session}/main.m3u8\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_read_it() {
        let snapshot = Snapshot { bandwidth: 4_000_000, ..Snapshot::default() };
        let text = render("live/", "abc", &snapshot);
        let parsed = m3u8_rs::parse_master_playlist_res(text.as_bytes()).expect("m3u8-rs reads it");
        assert_eq!(parsed.variants[0].uri, "live/~abc/main.m3u8");
        assert_eq!(parsed.variants[0].bandwidth, 5_000_000);
    }
}
