-- Channels by the order of their list: no index but the row number. What finds them is in memory (catalogue::index).
-- Lists imported by an earlier version are fetched anew.

DROP TABLE channel_search;
DROP TABLE channels;
UPDATE providers SET generation = 0, channel_count = 0, last_attempt = NULL WHERE generation > 0;

CREATE TABLE channels (
  row           INTEGER PRIMARY KEY,                   -- generation * 2^24 + position in the list
  channel_id    TEXT NOT NULL,
  source_key    TEXT NOT NULL,                         -- of a panel: live/1, movie/2.mkv, series/3; of a list: ''
  name          TEXT NOT NULL,
  group_id      INTEGER,
  kind          INTEGER NOT NULL,                      -- 0 tv, 1 movies, 2 series, 3 other
  logo_url      TEXT,
  number        REAL,
  tvg_id        TEXT,
  catch_up      TEXT,                                  -- JSON, as the list says it
  source_sealed BLOB,                                  -- address and headers; null: built from the provider
  identity      INTEGER NOT NULL,                      -- a hash of what names it over refreshes
  digest        INTEGER NOT NULL                       -- a hash of all that the list says of it
) STRICT;

ALTER TABLE providers ADD COLUMN odd INTEGER NOT NULL DEFAULT 0;       -- entries of the last list that made no sense
ALTER TABLE providers ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;  -- entries that said the same again
ALTER TABLE providers ADD COLUMN validators TEXT;                      -- ETag and Last-Modified of the list taken over
ALTER TABLE providers ADD COLUMN alert TEXT;                           -- JSON: a list that waits to be accepted

-- What an administrator changed about a channel; it outlives the channel, which may come back.
CREATE TABLE channel_edits (
  channel_id TEXT NOT NULL PRIMARY KEY,
  name       TEXT,
  group_name TEXT,
  number     REAL,
  hidden     INTEGER,
  favourite  INTEGER NOT NULL DEFAULT 0,
  is_active  INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- Applied in the order of their position, before the edits.
CREATE TABLE channel_rules (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  position INTEGER NOT NULL,
  field    TEXT NOT NULL CHECK (field IN ('name', 'group')),
  pattern  TEXT NOT NULL,                              -- a regular expression
  kind     TEXT CHECK (kind IN ('tv', 'movies', 'series', 'other')),
  action   TEXT NOT NULL CHECK (action IN ('hide', 'show', 'rename', 'regroup', 'renumber', 'favourite')),
  value    TEXT,                                       -- of rename and regroup: a replacement; of renumber: the first
  enabled  INTEGER NOT NULL DEFAULT 1
) STRICT;
