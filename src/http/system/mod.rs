//! The service itself.

pub(super) mod admin_password;
pub(super) mod feeds;
pub(super) mod health;
pub(super) mod version;
