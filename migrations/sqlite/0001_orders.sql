-- The embedded store. Ids and keys are 16 bytes, most significant first; times are milliseconds since
-- 1970-01-01T00:00:00Z; codes are those of the domain's enumerations; `data`, `snapshot` and `content`
-- are messages of proto/storage/v1.

-- The feed, the outbox and the history at once: append-only. `position` is dense from 1.
CREATE TABLE order_events (
    position    INTEGER PRIMARY KEY,
    order_id    BLOB NOT NULL,
    version     INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    caller      TEXT,
    source      TEXT,
    cause_id    TEXT,
    traceparent TEXT,
    data        BLOB NOT NULL,
    -- The order as it was after this event.
    snapshot    BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX order_events_by_version ON order_events (order_id, version);

-- What is looked for. The order itself is the snapshot of the event at `position`, so that its bytes
-- are written once.
CREATE TABLE orders (
    order_id           BLOB PRIMARY KEY,
    version            INTEGER NOT NULL,
    position           INTEGER NOT NULL,
    external_id        TEXT,
    customer_id        TEXT NOT NULL,
    state              INTEGER NOT NULL,
    payment_status     INTEGER NOT NULL,
    fulfillment_status INTEGER NOT NULL,
    -- The deadline that is still ahead of the order.
    deadline           INTEGER
) STRICT, WITHOUT ROWID;

-- Each entry of an index ends with the primary key, so each filter is a walk by order_id.
CREATE UNIQUE INDEX orders_by_external_id ON orders (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX orders_by_state ON orders (state);
CREATE INDEX orders_by_payment_status ON orders (payment_status);
CREATE INDEX orders_by_fulfillment_status ON orders (fulfillment_status);
CREATE INDEX orders_by_deadline ON orders (deadline) WHERE deadline IS NOT NULL;

-- What was answered under an idempotency key.
CREATE TABLE requests (
    key         BLOB PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    order_id    BLOB NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of a fact's id; `key` is a digest of source and id. Without an order it is parked
-- or was given up.
CREATE TABLE facts (
    key         BLOB PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    order_id    BLOB,
    version     INTEGER
) STRICT, WITHOUT ROWID;

-- Facts that wait for their order, named by exactly one of the two ids.
CREATE TABLE parked_facts (
    -- In order of arrival.
    seq            INTEGER PRIMARY KEY,
    fact_key       BLOB NOT NULL UNIQUE,
    order_id       BLOB,
    external_id    TEXT,
    parked_at      INTEGER NOT NULL,
    content        BLOB NOT NULL,
    -- Set when the order was placed: the fact can be applied.
    known_order_id BLOB,
    CHECK ((order_id IS NULL) <> (external_id IS NULL))
) STRICT;

CREATE INDEX parked_facts_by_order ON parked_facts (order_id)
    WHERE order_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_external_id ON parked_facts (external_id)
    WHERE external_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_time ON parked_facts (parked_at);
CREATE INDEX parked_facts_ready ON parked_facts (parked_at) WHERE known_order_id IS NOT NULL;
CREATE INDEX parked_facts_by_known_order ON parked_facts (known_order_id, parked_at)
    WHERE known_order_id IS NOT NULL;

-- Facts that were given up, whole, with the reason. Their ids stay in `facts`.
CREATE TABLE dead_letters (
    seq         INTEGER PRIMARY KEY,
    fact_key    BLOB NOT NULL UNIQUE,
    order_id    BLOB,
    external_id TEXT,
    parked_at   INTEGER NOT NULL,
    content     BLOB NOT NULL,
    reason      TEXT NOT NULL
) STRICT;

-- Written by the health check after a failed commit, to learn whether writing works again.
CREATE TABLE write_probe (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    probes INTEGER NOT NULL
) STRICT;
