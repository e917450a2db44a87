-- Up to where each partition of the feed is known to have been published. The one process that has the
-- file open holds every partition; `epoch` rises when an operator lets one go on elsewhere.
CREATE TABLE feed_published (
    partition INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL,
    published INTEGER
) STRICT;

-- This store's own id, one row: a cursor of another store is told by it.
CREATE TABLE store_identity (
    id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO store_identity VALUES (randomblob(16));
