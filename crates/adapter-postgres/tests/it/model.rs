//! Random sequences of calls, answered like the in-memory reference.

use crate::support::fresh_feed;
use testkit::servers::Version;

/// Sequences of up to 60 calls, each on a fresh database.
const CASES: u32 = 60;

#[test]
fn the_store_answers_as_the_reference_does() {
    testkit::model::run(CASES, async || fresh_feed(Version::Reference).await);
}
