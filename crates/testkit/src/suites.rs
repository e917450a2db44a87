//! The conformance suites: one function for each rule of a port's contract, one macro for each
//! port that makes a test of every rule, so that a failure names the rule that is broken.
//!
//! `make` is an `async fn` of the caller's that answers `(guard, fixture)`: whatever has to live as
//! long as the test, such as a temporary folder, and a fresh, empty implementation of the port.

pub mod clock;
pub mod durable_store;
pub mod event_feed;
pub mod event_publisher;
pub mod feed_leases;
pub mod feed_partitions;
pub mod feed_waiting;
pub mod id_source;
mod macros;
pub mod order_cache;
pub mod order_store;
pub mod rate_limiter;
pub mod repair;

use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Threads of a rule's runtime: enough for writers to get into each other's way.
const WORKER_THREADS: usize = 4;
/// No rule takes longer, on the slowest machine; one that does hangs.
const RULE_SECONDS: u64 = 120;

/// Runs one rule on a fresh fixture. The suites' macros call it; the caller needs no runtime.
pub fn run<G, P>(make: impl AsyncFnOnce() -> (G, P), rule: impl AsyncFnOnce(P)) {
    let mut threads = Builder::new_multi_thread();
    run_on(threads.worker_threads(WORKER_THREADS), make, rule);
}

/// As [`run`], but nothing happens while the rule itself does not wait.
pub fn run_on_one_thread<G, P>(make: impl AsyncFnOnce() -> (G, P), rule: impl AsyncFnOnce(P)) {
    run_on(&mut Builder::new_current_thread(), make, rule);
}

fn run_on<G, P>(
    threads: &mut Builder,
    make: impl AsyncFnOnce() -> (G, P),
    rule: impl AsyncFnOnce(P),
) {
    let runtime = threads
        .enable_all()
        .build()
        .expect("the test has a runtime");
    let runtime = Abandoned(Some(runtime));
    runtime.get().block_on(async {
        let (guard, port) = make().await;
        let within = Duration::from_secs(RULE_SECONDS);
        tokio::time::timeout(within, rule(port))
            .await
            .expect("the rule holds without hanging");
        drop(guard);
    });
}

/// A runtime that does not wait for its tasks when it is dropped: where a rule is broken, one of
/// them may never end, and the test has to fail all the same.
struct Abandoned(Option<Runtime>);

impl Abandoned {
    fn get(&self) -> &Runtime {
        self.0
            .as_ref()
            .expect("the runtime is there until it is dropped")
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
