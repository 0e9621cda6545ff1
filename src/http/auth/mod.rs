//! Signing in and out, and one's own profile.

pub(super) mod login;
pub(super) mod logout;
pub(super) mod me;
