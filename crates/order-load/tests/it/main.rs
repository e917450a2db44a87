//! `order-load` against a service played by the test, and against the real gRPC edge on a store in
//! memory: what is sent, what is counted, what is made anew.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod echo;
mod edge;
mod grpc;
mod import;
mod place;
mod played_service;
mod reads;

use std::time::Duration;

use order_load::drive::Plan;
use order_load::pace::Schedule;
use order_load::target::Target;

/// Four callers for a moment.
fn plan(target: Target) -> Plan {
    Plan {
        target,
        callers: 4,
        connections: 2,
        threads: 1,
        schedule: Schedule {
            warm_up: Duration::ZERO,
            duration: Duration::from_millis(200),
            rate_per_second: None,
            limit: None,
        },
        watched: Vec::new(),
    }
}
