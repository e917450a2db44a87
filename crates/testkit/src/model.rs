//! Any store against [`MemoryStore`](crate::fakes::MemoryStore): random sequences of changes and
//! questions, each of which both have to answer alike (a state machine test after
//! Hughes, "`QuickCheck` testing for fun and profit", 2007).
//!
//! The reference runs first and turns what was drawn into a concrete [`Call`] with the answer that
//! it expects; the store under test then gets the same call.

mod call;
mod machine;
mod names;
mod op;

pub use call::{Answer, Call};
pub use machine::Machine;
pub use op::Op;

use crate::suites::event_feed::Feed;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use std::sync::atomic::Ordering;

/// Steps of a sequence, at most: enough for an order to be parked for, placed, changed and listed.
const MAX_STEPS: usize = 60;

/// Runs `cases` random sequences on fresh, empty stores and panics with the shortest sequence that
/// it finds whose answers differ. `make` answers `(guard, Feed)`, as for `event_feed_suite!`.
pub fn run<G>(cases: u32, make: impl AsyncFn() -> (G, Feed)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("the test has a runtime");
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    };
    let sequences = Machine::sequential_strategy(1..MAX_STEPS);
    let result = TestRunner::new(config).run(&sequences, |(machine, ops, seen)| {
        runtime.block_on(async {
            let (guard, store) = make().await;
            let outcome = compare(machine, &ops, &store, || {
                if let Some(seen) = &seen {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
            });
            let outcome = outcome.await;
            drop(guard);
            outcome
        })
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, ops, _))) => panic!("{reason}\nafter {ops:#?}"),
        Err(TestError::Abort(reason)) => panic!("the sequences could not be drawn: {reason}"),
    }
}

async fn compare(
    mut machine: Machine,
    ops: &[Op],
    store: &Feed,
    saw: impl Fn(),
) -> Result<(), TestCaseError> {
    for (step, op) in ops.iter().enumerate() {
        saw();
        machine = Machine::apply(machine, op);
        if let Some((call, expected)) = machine.last() {
            same(step, call, expected, store).await?;
        }
    }
    for (call, expected) in machine.everything() {
        same(ops.len(), &call, &expected, store).await?;
    }
    Ok(())
}

async fn same(
    step: usize,
    call: &Call,
    expected: &Answer,
    store: &Feed,
) -> Result<(), TestCaseError> {
    let got = call.ask(&*store.store, &*store.feed).await;
    if got == *expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "step {step}: {call:#?}\nthe reference answers {expected:#?}\nthe store answers {got:#?}"
    )))
}
