CREATE TABLE guide_sources (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  name             TEXT NOT NULL UNIQUE,
  kind             TEXT NOT NULL CHECK (kind IN ('provider', 'url', 'file')),
  provider         INTEGER UNIQUE,                     -- of kind provider: whose guide it is
  shown            TEXT NOT NULL,                      -- its address without credentials
  address_sealed   BLOB,                               -- null: asked of the provider
  user_agent       TEXT,
  verify_tls       INTEGER NOT NULL DEFAULT 1,
  shift            INTEGER NOT NULL DEFAULT 0,         -- minutes added to its times
  zone             TEXT,                               -- of times without one; null: UTC
  language         TEXT,
  refresh_interval INTEGER NOT NULL,                   -- seconds; 0: only by hand
  enabled          INTEGER NOT NULL DEFAULT 1,
  generation       INTEGER NOT NULL DEFAULT 0,         -- of its channels that count; 0: none yet
  channel_count    INTEGER NOT NULL DEFAULT 0,
  programme_count  INTEGER NOT NULL DEFAULT 0,
  odd_count        INTEGER NOT NULL DEFAULT 0,
  until            INTEGER,                            -- when its last programme ends
  validators       TEXT NOT NULL DEFAULT '',           -- ETag, line feed, Last-Modified
  last_attempt     INTEGER,
  last_refresh     INTEGER,                            -- the last that succeeded
  last_error       TEXT,
  failures         INTEGER NOT NULL DEFAULT 0,         -- since then
  created_at       INTEGER NOT NULL
) STRICT;

-- Imported under a generation of its own, as channels are. Numbers are never used again.
CREATE TABLE guide_channels (
  number     INTEGER PRIMARY KEY,
  source     INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  xmltv_id   TEXT NOT NULL,
  names      TEXT NOT NULL,                            -- one a line
  icon       TEXT,
  programmes INTEGER NOT NULL DEFAULT 0                -- known once the import is complete
) STRICT;

CREATE INDEX guide_channels_source ON guide_channels (source, generation);

-- The key is the channel's number (32 bits) and the beginning in seconds since 2020 (31 bits): a channel's programmes
-- lie together in order of time, and there is no other index to keep.
CREATE TABLE guide_programmes (
  slot          INTEGER PRIMARY KEY,
  stop          INTEGER,                               -- as the guide says; null: it does not
  title         TEXT NOT NULL,
  sub_title     TEXT,
  description   TEXT,
  categories    TEXT,                                  -- one a line
  icon          TEXT,
  season        INTEGER,
  episode       INTEGER,
  part          INTEGER,
  episode_text  TEXT,
  rating        TEXT,
  date          TEXT,
  flags         INTEGER NOT NULL DEFAULT 0             -- 1: new, 2: shown before
) STRICT;

-- What an administrator says about a channel's guide; survives refreshes of both.
CREATE TABLE guide_overrides (
  channel_id TEXT NOT NULL PRIMARY KEY,
  source     INTEGER REFERENCES guide_sources(id) ON DELETE CASCADE, -- null: any
  xmltv_id   TEXT,                                     -- null: it has no guide
  shift      INTEGER NOT NULL DEFAULT 0                -- minutes by which the channel is later
) STRICT, WITHOUT ROWID;

-- Guides that a provider's list names (url-tvg), as JSON, sealed. Panels have theirs at an address of their own.
CREATE TABLE provider_guides (
  provider         INTEGER PRIMARY KEY,
  addresses_sealed BLOB NOT NULL
) STRICT;
