//! The on-air stream, and temporary links.

pub(super) mod delete_link;
pub(super) mod generate_link;
pub(super) mod list_links;
pub(super) mod on_air_m3u;
pub(super) mod start;
pub(super) mod status;
pub(super) mod stop;
