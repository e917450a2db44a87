//! The rows about the feed to Kafka, Kafka itself, and what comes in by it.

use super::{Row, row};

const FEED: &str = "Feed to Kafka";
const KAFKA: &str = "Kafka";
const INBOUND: &str = "Inbound";

/// In the order of the report.
pub(super) const ROWS: &[Row] = &[
    row(
        "R1",
        FEED,
        "kill -9 of the publishing replica inside a transaction",
        "each event once and in order; take-over within the lease + 2 s",
    ),
    row(
        "R2",
        FEED,
        "SIGSTOP past the lease, then SIGCONT",
        "the zombie is fenced, nothing doubled",
    ),
    row(
        "R3",
        FEED,
        "crash after the commit in Kafka, before anything else",
        "the cursor is read back, nothing doubled",
    ),
    row(
        "R4",
        FEED,
        "the reply to EndTxn is cut",
        "the producer is made anew; each event once and in order",
    ),
    row(
        "R5",
        FEED,
        "EndTxn delayed past the next begin",
        "the old epoch is fenced",
    ),
    row(
        "R6",
        FEED,
        "200 aborted transactions in a row, then a restart",
        "the cursor is found, or the partition halts; never from 0",
    ),
    row(
        "R7",
        FEED,
        "the cursor topic is deleted",
        "halt and alarm, never from 0",
    ),
    row(
        "R8",
        FEED,
        "a low position commits late",
        "none missed, none turned round",
    ),
    row(
        "R9",
        FEED,
        "a transaction id taken before the order's lock",
        "none missed, none turned round",
    ),
    row(
        "R10",
        FEED,
        "a writing or prepared transaction in another database of the server",
        "the feed does not stall",
    ),
    row(
        "R11",
        FEED,
        "an event above max.message.bytes",
        "the feed is never stuck",
    ),
    row(
        "R12",
        FEED,
        "all replicas die with a backlog",
        "it drains, each event once and in order",
    ),
    row(
        "R13",
        FEED,
        "graceful stop",
        "the transaction ends, leases are released",
    ),
    row(
        "R14",
        FEED,
        "the cursor is ahead of the store",
        "halt and alarm",
    ),
    row(
        "CONTROL",
        FEED,
        "an idempotent producer whose cursor is kept elsewhere, killed the same way",
        "the checker finds doubles",
    ),
    row(
        "K1",
        KAFKA,
        "kill one of two brokers",
        "lag grows, nothing lost, orders go on",
    ),
    row(
        "K2",
        KAFKA,
        "kill the controller",
        "lag grows, nothing lost, orders go on",
    ),
    row(
        "K3",
        KAFKA,
        "in-sync replicas under the minimum",
        "lag grows, nothing lost, orders go on",
    ),
    row(
        "K4",
        KAFKA,
        "all brokers blackholed",
        "the API is unaffected, the lag metric rises, it drains after",
    ),
    row(
        "K5",
        KAFKA,
        "certificate expired or of the wrong CA",
        "a clear error, backoff, no crash loop",
    ),
    row(
        "K6",
        KAFKA,
        "topic missing",
        "a clear error, backoff, no crash loop",
    ),
    row(
        "C1",
        INBOUND,
        "the same message 2–10 times",
        "one effect for each id and business key",
    ),
    row(
        "C2",
        INBOUND,
        "crash after the commit, before the offset",
        "one effect for each id and business key",
    ),
    row(
        "C3",
        INBOUND,
        "a rebalance in the middle of a batch",
        "one effect for each id and business key",
    ),
    row(
        "C4",
        INBOUND,
        "bytes that are no message",
        "dead letter, untouched; the partition goes on",
    ),
    row(
        "C5",
        INBOUND,
        "the store is down",
        "the consumer pauses, the offset is unmoved, no rebalance",
    ),
    row(
        "C6",
        INBOUND,
        "fact before its order, late, contradicting",
        "parked, applied once; hold",
    ),
    row(
        "C7",
        INBOUND,
        "id reused with another body",
        "told, no second effect",
    ),
    row(
        "C8",
        INBOUND,
        "the whole topic replayed from 0",
        "nothing changes",
    ),
    row(
        "ALL",
        INBOUND,
        "2 and 3 replicas that die in turn, by kill -9 and past a SIGSTOP, while orders are placed and facts come 1–3 times each",
        "each event once and in order, versions contiguous, one effect for each fact",
    ),
];
