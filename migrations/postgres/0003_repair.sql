-- What an operator repairs, and what is counted. Expands only: programs of the version before go on
-- working on these tables.

-- When a fact was given up: how dead letters of both kinds are put in one order. Programs of the version
-- before do not name it, so it fills itself. The table is small, so that it may be rewritten here.
ALTER TABLE dead_letters ADD COLUMN buried_at bigint;
-- Before, a fact was given up 72 hours after it came.
UPDATE dead_letters SET buried_at = parked_at + 259200000;
ALTER TABLE dead_letters
    ALTER COLUMN buried_at SET DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    ALTER COLUMN buried_at SET NOT NULL;
CREATE INDEX dead_letters_by_time ON dead_letters (buried_at, seq);

-- Why a parked fact could not be applied when an operator redrove it.
ALTER TABLE parked_facts ADD COLUMN reason text;

-- Messages that nobody could understand, beside the topic that has them too: written there at least once,
-- here once.
CREATE TABLE dead_messages (
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text COLLATE "C" NOT NULL,
    partition      integer NOT NULL,
    message_offset bigint NOT NULL,
    kept_at        bigint NOT NULL
        DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    key            bytea,
    -- A message of proto/storage/v1/letter.proto.
    headers        bytea NOT NULL,
    value          bytea,
    -- Bytes of what was too large to be kept.
    omitted_bytes  bigint NOT NULL,
    reason         text NOT NULL
);

-- Not compressed, so that the beginning of a value is read without the rest.
ALTER TABLE dead_messages ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX dead_messages_by_place ON dead_messages (topic, partition, message_offset);
CREATE INDEX dead_messages_by_time ON dead_messages (kept_at, seq);

-- Orders with a hold, to be counted. A table of its own and not an index of `orders`: such an index would
-- have to read the whole table while nobody may write to it, since CREATE INDEX CONCURRENTLY is no part of
-- a transaction; and only changes that bring or end a hold touch this one. What was held before, or is held
-- by a program of the version before, is counted from its next hold or release on.
CREATE TABLE held_orders (
    order_id uuid PRIMARY KEY
);
