//! Channels, groups, and the refresh that brings them.

pub(super) mod groups;
pub(super) mod list_channels;
pub(super) mod login;
pub(super) mod refresh;
pub(super) mod stats;
pub(super) mod status;
