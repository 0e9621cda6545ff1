//! who may watch and who is watching: passwords, tokens, links, sessions.
