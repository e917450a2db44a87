//! The statements by which an operator looks at what went wrong, and the counts. `ORDER BY` makes each
//! count a walk of an index, of as many entries as its limit says.

use super::Reader;
use order_store::repairs::{RepairReads, RepairStatements};

impl RepairReads for Reader {
    const REPAIRS: RepairStatements = REPAIRS;
}

pub(crate) const REPAIRS: RepairStatements = RepairStatements {
    facts: "SELECT seq, buried_at, reason, content FROM dead_letters \
    WHERE (buried_at, seq) < ($1, $2) ORDER BY buried_at DESC, seq DESC LIMIT $3",
    fact: "SELECT seq, buried_at, reason, content FROM dead_letters WHERE seq = $1",
    messages: "SELECT seq, kept_at, reason, topic, partition::int8, message_offset, key, headers, \
    substr(value, 1, $4::int4), coalesce(length(value), 0)::int8, omitted_bytes FROM dead_messages \
    WHERE (kept_at, seq) < ($1, $2) ORDER BY kept_at DESC, seq DESC LIMIT $3",
    message: "SELECT seq, kept_at, reason, topic, partition::int8, message_offset, key, headers, \
    substr(value, 1, $2::int4), coalesce(length(value), 0)::int8, omitted_bytes FROM dead_messages \
    WHERE seq = $1",
    parked_facts: "SELECT seq, content, known_order_id IS NOT NULL, reason FROM parked_facts \
    WHERE (parked_at, seq) < ($1, $2) ORDER BY parked_at DESC, seq DESC LIMIT $3",
    parked_fact: "SELECT seq, content, known_order_id IS NOT NULL, reason FROM parked_facts \
    WHERE seq = $1",
    count_facts: "SELECT count(*) FROM (SELECT 1 FROM dead_letters ORDER BY seq LIMIT $1) t",
    count_messages: "SELECT count(*) FROM (SELECT 1 FROM dead_messages ORDER BY seq LIMIT $1) t",
    count_parked: "SELECT count(*) FROM (SELECT 1 FROM parked_facts ORDER BY seq LIMIT $1) t",
    count_state: "SELECT count(*) FROM (SELECT 1 FROM orders \
    WHERE statuses >= $1 * 1000 AND statuses < ($1 + 1) * 1000 \
    ORDER BY statuses, order_id LIMIT $2) t",
    count_held: "SELECT count(*) FROM (SELECT 1 FROM held_orders ORDER BY order_id LIMIT $1) t",
};
