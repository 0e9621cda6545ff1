//! segments, playlists, the session in the path, the on-air programme.
