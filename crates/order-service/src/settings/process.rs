//! The log, the stop, and the bounds of one process.

use crate::setting::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "log_level",
        "info",
        "LEVEL",
        "error, warn, info, debug, trace, or a filter such as info,adapter_http=debug",
    ),
    setting(
        "log_format",
        "auto",
        "FORMAT",
        "text, json, or auto: text on a terminal, else json",
    ),
    setting(
        "drain_timeout",
        "25s",
        "TIME",
        "How long a stop waits for what was accepted",
    ),
    setting(
        "http_max_connections",
        "4096",
        "COUNT",
        "Connections that REST serves at a time",
    ),
    setting(
        "http_request_timeout",
        "10s",
        "TIME",
        "When a REST request is answered with 503 at the latest",
    ),
    setting(
        "grpc_max_connections",
        "10000",
        "COUNT",
        "Connections that gRPC serves at a time",
    ),
    setting(
        "grpc_request_timeout",
        "10s",
        "TIME",
        "When a gRPC call is answered with UNAVAILABLE at the latest",
    ),
    setting(
        "edge_threads",
        "auto",
        "COUNT",
        "Threads of REST and as many of gRPC; auto: the process's cores less one, which is the store's",
    ),
    setting(
        "store_max_queued_changes",
        "4096",
        "COUNT",
        "Changes that may wait for a commit; more are refused with 503",
    ),
    setting(
        "database_read_connections",
        "8",
        "COUNT",
        "PostgreSQL sessions for lists, histories and the feed; others write and load by id",
    ),
];
