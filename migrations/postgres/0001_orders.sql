-- The shared store. Ids and keys are 128 bits as `uuid`; times are milliseconds since
-- 1970-01-01T00:00:00Z; codes are those of the domain's enumerations; `data`, `snapshot` and `content`
-- are messages of proto/storage/v1. Texts are compared by their bytes.

-- The newest offset of each feed partition. Its lock is taken last in a transaction and held until the
-- commit: so positions are dense and in the order of commits. Room in the page keeps updates in it.
CREATE TABLE feed (
    partition smallint PRIMARY KEY,
    last      bigint NOT NULL
) WITH (fillfactor = 10);

-- The feed, the outbox and the history at once: append-only. `position` is the partition above 48 bits
-- of offset, which is dense from 1.
CREATE TABLE order_events (
    position            bigint PRIMARY KEY,
    version             bigint NOT NULL,
    time                bigint NOT NULL,
    order_id            uuid NOT NULL,
    -- What was asked under which idempotency key; on the last event of its change, whose version was
    -- the answer.
    request_key         uuid,
    request_fingerprint uuid,
    caller              text,
    source              text,
    cause_id            text,
    traceparent         text,
    data                bytea NOT NULL,
    -- The order as it was after this event.
    snapshot            bytea NOT NULL
);

CREATE UNIQUE INDEX order_events_by_version ON order_events (order_id, version);
-- One key space for placing and changing.
CREATE UNIQUE INDEX order_events_by_request ON order_events (request_key)
    WHERE request_key IS NOT NULL;

-- What is looked for. The order itself is the snapshot of the event of its version, so that its bytes
-- are written once.
CREATE TABLE orders (
    order_id    uuid PRIMARY KEY,
    version     bigint NOT NULL,
    -- The deadline that is still ahead of the order.
    deadline    bigint,
    -- State, payment and fulfillment as one number, which is all that their index needs:
    -- state * 1000 + payment * 10 + fulfillment.
    statuses    integer NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    external_id text COLLATE "C"
);

CREATE UNIQUE INDEX orders_by_external_id ON orders (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX orders_by_customer ON orders (customer_id, order_id);
-- One index for every filter of statuses: there are few combinations, and each is a walk by order_id.
CREATE INDEX orders_by_statuses ON orders (statuses, order_id);
CREATE INDEX orders_by_deadline ON orders (deadline, order_id) WHERE deadline IS NOT NULL;

-- What is known of a fact's id; `key` is a digest of source and id. Without an order it is parked
-- or was given up.
CREATE TABLE facts (
    key         uuid PRIMARY KEY,
    fingerprint uuid NOT NULL,
    order_id    uuid,
    version     bigint
);

-- Never has a row. Each statement that writes locks it in ROW SHARE mode, before it sees anything; who
-- has to be alone, as when a fact is parked, locks it in EXCLUSIVE mode: so no fact slips between being
-- parked and its order being placed.
CREATE TABLE write_gate (
    never boolean
);

-- Facts that wait for their order, named by exactly one of the two ids.
CREATE TABLE parked_facts (
    -- In order of arrival.
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_key       uuid NOT NULL UNIQUE,
    order_id       uuid,
    external_id    text COLLATE "C",
    parked_at      bigint NOT NULL,
    content        bytea NOT NULL,
    -- Set when the order was placed: the fact can be applied.
    known_order_id uuid,
    CHECK ((order_id IS NULL) <> (external_id IS NULL))
);

CREATE INDEX parked_facts_by_order ON parked_facts (order_id)
    WHERE order_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_external_id ON parked_facts (external_id)
    WHERE external_id IS NOT NULL AND known_order_id IS NULL;
CREATE INDEX parked_facts_by_time ON parked_facts (parked_at, seq);
CREATE INDEX parked_facts_ready ON parked_facts (parked_at, seq) WHERE known_order_id IS NOT NULL;
CREATE INDEX parked_facts_ready_by_order ON parked_facts (known_order_id, parked_at, seq)
    WHERE known_order_id IS NOT NULL;

-- Facts that were given up, whole, with the reason. Their ids stay in `facts`.
CREATE TABLE dead_letters (
    seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_key    uuid NOT NULL UNIQUE,
    order_id    uuid,
    external_id text COLLATE "C",
    parked_at   bigint NOT NULL,
    content     bytea NOT NULL,
    reason      text NOT NULL
);

-- Written by the health check after a failed commit, to learn whether writing works again.
CREATE TABLE write_probe (
    id     smallint PRIMARY KEY CHECK (id = 1),
    probes bigint NOT NULL
);
