//! The statements by which an operator looks at what went wrong, and the counts: each walks an index, a
//! count as many entries of it as its limit says. The index is named where SQLite might rather walk the
//! table; the earliest time that there is stands for "any". A part of an empty value would be none.

use super::Reader;
use order_store::repairs::{RepairReads, RepairStatements};

impl RepairReads for Reader {
    const REPAIRS: RepairStatements = REPAIRS;
}

pub(crate) const REPAIRS: RepairStatements = RepairStatements {
    facts: "SELECT seq, buried_at, reason, content FROM dead_letters \
    WHERE (buried_at, seq) < (?1, ?2) ORDER BY buried_at DESC, seq DESC LIMIT ?3",
    fact: "SELECT seq, buried_at, reason, content FROM dead_letters WHERE seq = ?1",
    messages: "SELECT seq, kept_at, reason, topic, partition, message_offset, key, headers, \
    CASE WHEN length(value) > 0 THEN substr(value, 1, ?4) ELSE value END, coalesce(length(value), 0), omitted_bytes FROM dead_messages \
    WHERE (kept_at, seq) < (?1, ?2) ORDER BY kept_at DESC, seq DESC LIMIT ?3",
    message: "SELECT seq, kept_at, reason, topic, partition, message_offset, key, headers, \
    CASE WHEN length(value) > 0 THEN substr(value, 1, ?2) ELSE value END, coalesce(length(value), 0), omitted_bytes FROM dead_messages \
    WHERE seq = ?1",
    parked_facts: "SELECT seq, content, known_order_id IS NOT NULL, reason FROM parked_facts \
    INDEXED BY parked_facts_by_time \
    WHERE (parked_at, seq) < (?1, ?2) ORDER BY parked_at DESC, seq DESC LIMIT ?3",
    parked_fact: "SELECT seq, content, known_order_id IS NOT NULL, reason FROM parked_facts \
    WHERE seq = ?1",
    count_facts: "SELECT count(*) FROM (SELECT 1 FROM dead_letters INDEXED BY dead_letters_by_time \
    WHERE buried_at >= -62135596800000 LIMIT ?1)",
    count_messages: "SELECT count(*) FROM (SELECT 1 FROM dead_messages \
    INDEXED BY dead_messages_by_time WHERE kept_at >= -62135596800000 LIMIT ?1)",
    count_parked: "SELECT count(*) FROM (SELECT 1 FROM parked_facts INDEXED BY parked_facts_by_time \
    WHERE parked_at >= -62135596800000 LIMIT ?1)",
    count_state: "SELECT count(*) FROM (SELECT 1 FROM orders INDEXED BY orders_by_state \
    WHERE state = ?1 LIMIT ?2)",
    count_held: "SELECT count(*) FROM (SELECT 1 FROM held_orders WHERE order_id >= x'' LIMIT ?1)",
};
