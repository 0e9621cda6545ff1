//! providers and their channels: Xtream and M3U import, search, what to open for a channel.
