//! The statements whose reads are the same in every store.

use order_store::reads::Statements;

pub(crate) const STATEMENTS: Statements = Statements {
    identity: "SELECT id FROM store_identity",
    request: "SELECT request_fingerprint, order_id, version FROM order_events WHERE request_key = $1",
    fact: "SELECT fingerprint, order_id IS NOT NULL, order_id, version FROM facts WHERE key = $1",
    now: "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8",
    // The time is taken once, before the index is descended to it. There is a row even if no order is due.
    due: "SELECT t.now, due.order_id IS NOT NULL, due.order_id \
    FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now) t \
    LEFT JOIN LATERAL (SELECT order_id FROM orders \
    WHERE deadline IS NOT NULL AND deadline <= t.now ORDER BY deadline, order_id LIMIT $1) due ON true",
    parked_ready: "SELECT known_order_id, content FROM parked_facts \
    WHERE known_order_id IS NOT NULL ORDER BY parked_at, seq LIMIT $1",
    parked_for: "SELECT known_order_id, content FROM parked_facts \
    WHERE known_order_id = $1 ORDER BY parked_at, seq LIMIT $2",
    at_version: "SELECT order_id, snapshot FROM order_events WHERE order_id = $1 AND version = $2",
    history: "SELECT position, time, caller, source, cause_id, traceparent, \
    data, order_id, snapshot FROM order_events \
    WHERE order_id = $1 AND version > $2 ORDER BY version LIMIT $3",
};
