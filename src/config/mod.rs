//! TOML and environment, validated into one `Config`.
