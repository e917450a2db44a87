-- What an operator repairs, and what is counted. Facts that wait and facts that were given up are moved
-- into tables whose numbers are never used again (AUTOINCREMENT), since an operator may still have one.

CREATE TABLE parked_facts_new (
    -- In order of arrival.
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    fact_key       BLOB NOT NULL UNIQUE,
    order_id       BLOB,
    external_id    TEXT,
    parked_at      INTEGER NOT NULL,
    content        BLOB NOT NULL,
    -- Set when the order was placed: the fact can be applied.
    known_order_id BLOB,
    -- Why it could not be applied when an operator redrove it.
    reason         TEXT,
    CHECK ((order_id IS NULL) <> (external_id IS NULL))
) STRICT;
INSERT INTO parked_facts_new
    SELECT seq, fact_key, order_id, external_id, parked_at, content, known_order_id, NULL FROM parked_facts;
DROP TABLE parked_facts;
ALTER TABLE parked_facts_new RENAME TO parked_facts;

CREATE INDEX parked_facts_by_order ON parked_facts (order_id)
    WHERE order_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_external_id ON parked_facts (external_id)
    WHERE external_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_time ON parked_facts (parked_at);
CREATE INDEX parked_facts_ready ON parked_facts (parked_at) WHERE known_order_id IS NOT NULL;
CREATE INDEX parked_facts_by_known_order ON parked_facts (known_order_id, parked_at)
    WHERE known_order_id IS NOT NULL;

CREATE TABLE dead_letters_new (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    fact_key    BLOB NOT NULL UNIQUE,
    order_id    BLOB,
    external_id TEXT,
    parked_at   INTEGER NOT NULL,
    content     BLOB NOT NULL,
    reason      TEXT NOT NULL,
    -- When it was given up: how dead letters of both kinds are put in one order.
    buried_at   INTEGER NOT NULL
) STRICT;
-- Before, a fact was given up 72 hours after it came.
INSERT INTO dead_letters_new
    SELECT seq, fact_key, order_id, external_id, parked_at, content, reason, parked_at + 259200000
    FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE dead_letters_new RENAME TO dead_letters;
CREATE INDEX dead_letters_by_time ON dead_letters (buried_at);

-- Messages that nobody could understand, beside the topic that has them too: written there at least once,
-- here once.
CREATE TABLE dead_messages (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    topic          TEXT NOT NULL,
    partition      INTEGER NOT NULL,
    message_offset INTEGER NOT NULL,
    kept_at        INTEGER NOT NULL,
    key            BLOB,
    -- A message of proto/storage/v1/letter.proto.
    headers        BLOB NOT NULL,
    value          BLOB,
    -- Bytes of what was too large to be kept.
    omitted_bytes  INTEGER NOT NULL,
    reason         TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX dead_messages_by_place ON dead_messages (topic, partition, message_offset);
CREATE INDEX dead_messages_by_time ON dead_messages (kept_at);

-- Orders with a hold, to be counted. Only changes that bring or end a hold touch it; what was held before
-- is counted from its next hold or release on.
CREATE TABLE held_orders (
    order_id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
