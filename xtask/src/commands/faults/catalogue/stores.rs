//! The rows about the stores, the edges, Redis and the host.

use super::{Row, named, row};

const POSTGRES: &str = "PostgreSQL";
const API: &str = "API";
const REDIS: &str = "Redis";
const HOST: &str = "Embedded store, host";

/// In the order of the report.
pub(super) const ROWS: &[Row] = &[
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
            "statement and lock timeouts",
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
            "P12",
            POSTGRES,
            "another session holds the lock of the feed's counter",
            "timeout, alarm, recovery",
        ),
        "a_held_counter",
    ),
    named(
        row(
            "KILL",
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
            "100 concurrent requests with one key",
            "one order and one answer",
        ),
        "one_key_at_once",
    ),
    row(
        "A3",
        API,
        "the same key with another body",
        "422, nothing changes",
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
            "slow readers, half-open connections, 10,000 idle ones",
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
        "panic",
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
