//! The catalogue of faults: every row, and which tests inject it.

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) group: &'static str,
    /// What is done.
    pub(super) injection: &'static str,
    /// What must hold all the same.
    pub(super) expected: &'static str,
    /// Which tests: `None`, those whose name begins with the id; else a regular expression of names.
    tests: Option<&'static str>,
}

impl Row {
    /// The tests of the row, as a filter of nextest.
    pub(super) fn filter(&self) -> String {
        match self.tests {
            Some(names) => format!("test(/{names}/)"),
            None => format!("test(/(^|::){}_/)", self.id.to_lowercase()),
        }
    }
}

const fn row(
    id: &'static str,
    group: &'static str,
    injection: &'static str,
    expected: &'static str,
) -> Row {
    Row {
        id,
        group,
        injection,
        expected,
        tests: None,
    }
}

const fn named(row: Row, tests: &'static str) -> Row {
    Row {
        tests: Some(tests),
        ..row
    }
}

const FEED: &str = "Feed to Kafka";
const KAFKA: &str = "Kafka";
const INBOUND: &str = "Inbound";
const POSTGRES: &str = "PostgreSQL";
const API: &str = "API";
const REDIS: &str = "Redis";
const HOST: &str = "Embedded store, host";

/// Every row, in the order of the report.
pub(super) const CATALOGUE: &[Row] = &[
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
    named(
        row(
            "P4",
            POSTGRES,
            "the reply to COMMIT is cut",
            "a retry with the same key is one order",
        ),
        "(cut_answer_to_a_commit|cannot_be_found_out_about)",
    ),
    named(
        row(
            "P5",
            POSTGRES,
            "statement and lock timeouts; another session holds the feed counter (P12)",
            "rolled back, 503 with Retry-After, recovery",
        ),
        "a_held_counter",
    ),
    named(
        row("P6", POSTGRES, "deadlock", "bounded retries with jitter"),
        "a_deadlock_is_tried_again",
    ),
    named(
        row("P7", POSTGRES, "pool exhausted", "load is shed"),
        "an_exhausted_pool",
    ),
    named(
        row(
            "P8",
            POSTGRES,
            "all backends terminated",
            "no connection storm",
        ),
        "ended_sessions_are_opened_again",
    ),
    named(
        row(
            "P10",
            POSTGRES,
            "a future cancelled in a transaction",
            "the next borrower sees none open",
        ),
        "cancelled_calls_leave_no_transaction",
    ),
    named(
        row(
            "P11",
            POSTGRES,
            "latency 100 ms, blackhole, refused",
            "deadlines end it, errors name it",
        ),
        "(a_late_server_is_used|a_black_hole_ends|a_refused_connection_is_told)",
    ),
    named(
        row(
            "P13",
            POSTGRES,
            "kill -9 of PostgreSQL under load",
            "nothing acknowledged lost, nothing doubled",
        ),
        "(twenty_kills_lose_nothing|kills_of_postgresql_under_a_service)",
    ),
    named(
        row(
            "A1",
            API,
            "the client goes away in the middle of a commit",
            "the order exists once, the retry finds it",
        ),
        "a_caller_who_goes_away",
    ),
    named(
        row(
            "A2",
            API,
            "100 concurrent requests with one key; A3 same key, other body",
            "one order and one answer; 422",
        ),
        "one_key_at_once",
    ),
    named(
        row(
            "A4",
            API,
            "SIGTERM under load",
            "acknowledged kept, drain bounded, no connection reset before its answer",
        ),
        "a_stop_answers_what_it_accepted",
    ),
    named(
        row(
            "A5",
            API,
            "kill -9 under load",
            "nothing acknowledged lost, nothing doubled",
        ),
        "kills_of_a_service",
    ),
    named(
        row(
            "A6",
            API,
            "slow readers, half-open and idle connections",
            "bounded memory, others unaffected",
        ),
        "(who_dawdles_is_let_go|who_says_nothing_is_let_go|connections_beyond_the_bound|a6_)",
    ),
    named(
        row(
            "A7",
            API,
            "a panic inside the batcher",
            "waiting callers get an error, service goes on",
        ),
        "(panic_in_a_batch|a_panic_is_an_answer|panic)",
    ),
    row(
        "A8",
        API,
        "3 × capacity with retries",
        "goodput holds, p99 of admitted requests bounded",
    ),
    named(
        row(
            "A9",
            API,
            "bad bodies, headers, protobuf, tokens, CloudEvents",
            "no 5xx, no panic, nothing changes",
        ),
        "(bad_input|bad_requests)",
    ),
    row(
        "D1",
        REDIS,
        "killed",
        "reads from the store; breaker ≤ 50 ms",
    ),
    row(
        "D2",
        REDIS,
        "blackholed",
        "reads from the store; breaker ≤ 50 ms",
    ),
    row("D3", REDIS, "an older version is written late", "refused"),
    row(
        "D4",
        REDIS,
        "commit done, cache write lost",
        "no caller reads older than what it was acknowledged",
    ),
    row(
        "D5",
        REDIS,
        "a hot key expires under 1,000 readers",
        "one load",
    ),
    row("D6", REDIS, "FLUSHALL", "correct, slower"),
    named(
        row("S1", HOST, "disk full", "clear error, data intact, resumes"),
        "a_full_disk",
    ),
    named(
        row(
            "S2",
            HOST,
            "kill -9 in the commit, 50 times",
            "nothing acknowledged lost, integrity check ok",
        ),
        "fifty_kills",
    ),
    named(
        row(
            "S3",
            HOST,
            "a second process opens the file",
            "a clear error",
        ),
        "(a_lock_that_another_program_holds|second_process)",
    ),
    row(
        "T1",
        HOST,
        "clock stepped by ±30 days",
        "orders and leases unaffected",
    ),
    named(
        row(
            "T2",
            HOST,
            "file descriptors exhausted",
            "accepts pause, recovers, no crash",
        ),
        "the_want_of_descriptors",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_once() {
        for (at, row) in CATALOGUE.iter().enumerate() {
            assert!(
                CATALOGUE[..at].iter().all(|other| other.id != row.id),
                "{}",
                row.id
            );
        }
    }

    #[test]
    fn a_row_finds_tests_that_begin_with_its_id() {
        assert_eq!(CATALOGUE[0].filter(), "test(/(^|::)r1_/)");
    }
}
