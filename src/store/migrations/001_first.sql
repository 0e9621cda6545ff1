-- Times are seconds since the epoch, UTC. Booleans are 0 and 1. Blobs named *_sealed are Vault's.

CREATE TABLE settings (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  username        TEXT NOT NULL UNIQUE,
  email           TEXT,
  role            TEXT NOT NULL CHECK (role IN ('administrator', 'moderator', 'user')),
  password_hash   TEXT,                                -- argon2id or bcrypt; null: no sign-in
  token_hash      BLOB UNIQUE,                         -- SHA-256 of the viewer token
  token_prefix    TEXT,                                -- what may be shown of it in lists and logs
  token_sealed    BLOB,                                -- an administrator may see it again
  max_connections INTEGER NOT NULL DEFAULT 1 CHECK (max_connections >= 0), -- 0: unlimited
  is_active       INTEGER NOT NULL DEFAULT 1,
  expires_at      INTEGER,
  created_at      INTEGER NOT NULL,
  last_login      INTEGER,
  sign_in_version INTEGER NOT NULL DEFAULT 1           -- rises with each password change: ends older sign-ins
) STRICT;

CREATE TABLE api_keys (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  hash       BLOB NOT NULL UNIQUE,                     -- SHA-256 of the whole key
  prefix     TEXT NOT NULL,
  name       TEXT NOT NULL,
  role       TEXT NOT NULL CHECK (role IN ('administrator', 'moderator', 'user')),
  created_by INTEGER REFERENCES users(id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used  INTEGER
) STRICT;

CREATE TABLE revoked_tokens (
  jti        TEXT NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL                          -- the token's own end; the row may go after it
) STRICT, WITHOUT ROWID;

CREATE TABLE providers (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  name               TEXT NOT NULL UNIQUE,
  kind               TEXT NOT NULL CHECK (kind IN ('xtream', 'm3u')),
  origin             TEXT NOT NULL CHECK (origin IN ('stored', 'environment', 'memory')),
  shown              TEXT NOT NULL,                    -- its address without credentials
  secret_sealed      BLOB,                             -- address, credentials, headers; null: in memory only
  user_agent         TEXT,
  verify_tls         INTEGER NOT NULL DEFAULT 1,
  max_connections    INTEGER,                          -- set by an administrator; null: what the provider says
  said_connections   INTEGER,                          -- what the provider said at its last login
  formats            TEXT NOT NULL DEFAULT '',         -- allowed_output_formats, comma separated; '': not said
  refresh_interval   INTEGER NOT NULL,                 -- seconds; 0: only by hand
  enabled            INTEGER NOT NULL DEFAULT 1,
  generation         INTEGER NOT NULL DEFAULT 0,       -- of its channels that count; -1: being removed
  channel_count      INTEGER NOT NULL DEFAULT 0,
  last_attempt       INTEGER,
  last_refresh       INTEGER,                          -- the last that succeeded
  last_error         TEXT,
  created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE groups (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  name   TEXT NOT NULL UNIQUE,
  folded TEXT NOT NULL
) STRICT;

-- A list is imported under a generation of its own and takes effect when the provider's generation is set
-- to it: rows of any other generation do not exist for readers and are swept away.
CREATE TABLE channels (
  row           INTEGER PRIMARY KEY,
  provider      INTEGER NOT NULL REFERENCES providers(id),
  generation    INTEGER NOT NULL,
  position      INTEGER NOT NULL,                      -- order in the list
  source_key    TEXT NOT NULL,                         -- what the provider calls it: stream_id, or a hash
  channel_id    TEXT,                                  -- null while its import has not settled it
  name          TEXT NOT NULL,
  folded        TEXT NOT NULL,                         -- the name without case and diacritics
  group_id      INTEGER REFERENCES groups(id),
  kind          TEXT NOT NULL CHECK (kind IN ('tv', 'movies', 'series', 'other')),
  logo_url      TEXT,
  number        REAL,
  tvg_id        TEXT,
  is_active     INTEGER NOT NULL DEFAULT 1,
  source_sealed BLOB                                   -- address and headers; null: built from the provider
) STRICT;

CREATE UNIQUE INDEX channels_source ON channels (provider, generation, source_key);
CREATE INDEX channels_order ON channels (provider, generation, position);
CREATE INDEX channels_id ON channels (channel_id);
CREATE INDEX channels_group ON channels (group_id, provider, generation);

-- Trigrams of channels.folded. Contentless and without positions: the smallest form; a hit is checked by LIKE.
CREATE VIRTUAL TABLE channel_search USING fts5 (
  folded, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE sequences (
  programme     TEXT NOT NULL PRIMARY KEY,
  media         INTEGER NOT NULL,                      -- next number never handed out
  discontinuity INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE on_air (
  only       INTEGER PRIMARY KEY CHECK (only = 1),
  channel_id TEXT NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
  id         TEXT NOT NULL PRIMARY KEY,                -- base64url of 128 random bits
  channel_id TEXT NOT NULL,
  created_by INTEGER REFERENCES users(id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
