//! the embedded demo provider: an Xtream panel on loopback with six test-pattern channels.
