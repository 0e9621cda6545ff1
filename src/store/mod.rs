//! SQLite: what is intended. One writer, a few readers, one file of queries per aggregate.
