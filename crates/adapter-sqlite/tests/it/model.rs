//! Random sequences of calls, answered like the in-memory reference.

use crate::support::fresh_feed;

/// Sequences of up to 60 calls, each on a fresh file.
const CASES: u32 = 150;

#[test]
fn the_store_answers_as_the_reference_does() {
    testkit::model::run(CASES, fresh_feed);
}
