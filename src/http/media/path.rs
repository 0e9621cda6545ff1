//! Which media a path names.

/// The routes of contract sections 6 and 7. Parts are still percent-encoded; none of ours needs encoding, so an
/// encoded one is simply unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path<'a> {
    /// `/live/~/{name}.ts`
    Segment(&'a str),
    /// `/live/~{session}/main.m3u8`
    Playlist(&'a str),
    /// `/live.m3u8`
    OnAir,
    /// `/internal_stream.m3u8`
    PageHls,
    /// `/internal_stream.ts`
    PageTs,
    /// `/live/{channel_id}/index.m3u8`
    ChannelHls(&'a str),
    /// `/live/{channel_id}.ts`
    ChannelTs(&'a str),
    /// `/restream/{id}.m3u8`
    LinkHls(&'a str),
    /// `/restream/{id}` or `/restream/{id}.ts`
    LinkTs(&'a str),
}

impl<'a> Path<'a> {
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        if let Some(rest) = path.strip_prefix("/live/~/") {
            return rest.strip_suffix(".ts").filter(|name| !name.contains('/')).map(Self::Segment);
        }
        if let Some(rest) = path.strip_prefix("/live/~") {
            return rest.strip_suffix("/main.m3u8").filter(|id| !id.contains('/')).map(Self::Playlist);
        }
        if let Some(rest) = path.strip_prefix("/live/") {
            return match rest.split_once('/') {
                Some((id, "index.m3u8")) => Some(Self::ChannelHls(id)),
                Some(_) => None,
                None => rest.strip_suffix(".ts").map(Self::ChannelTs),
            };
        }
        if let Some(rest) = path.strip_prefix("/restream/").filter(|rest| !rest.contains('/')) {
            return match rest.strip_suffix(".m3u8") {
                Some(id) => Some(Self::LinkHls(id)),
                None => Some(Self::LinkTs(rest.strip_suffix(".ts").unwrap_or(rest))),
            };
        }
        match path {
            "/live.m3u8" => Some(Self::OnAir),
            "/internal_stream.m3u8" => Some(Self::PageHls),
            "/internal_stream.ts" => Some(Self::PageTs),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_and_nothing_else() {
        for (path, expected) in [
            ("/live/~/abc.ts", Some(Path::Segment("abc"))),
            ("/live/~xyz/main.m3u8", Some(Path::Playlist("xyz"))),
            ("/live/5/index.m3u8", Some(Path::ChannelHls("5"))),
            ("/live/hbo.hd.ts", Some(Path::ChannelTs("hbo.hd"))),
            ("/restream/abc", Some(Path::LinkTs("abc"))),
            ("/restream/abc.ts", Some(Path::LinkTs("abc"))),
            ("/restream/abc.m3u8", Some(Path::LinkHls("abc"))),
            ("/live.m3u8", Some(Path::OnAir)),
            ("/on-air.m3u", None),
            ("/internal_stream.ts", Some(Path::PageTs)),
            ("/live/~/a/b.ts", None),
            ("/live/~/abc.m3u8", None),
            ("/live/5/other.m3u8", None),
            ("/live/5", None),
            ("/restream/a/b", None),
            ("/live", None),
            ("/", None),
        ] {
            assert_eq!(Path::parse(path), expected, "{path}");
        }
    }
}
