//! Metrics that only this store has.

use crate::support::{Database, fresh};
use testkit::servers::Version;
use testkit::suites::durable_store::assert_scraped;
use testkit::{Desk, new_order};

#[tokio::test]
async fn the_metrics_tell_of_retries_and_sessions() {
    let (_database, store) = fresh(Version::Reference).await;
    Desk::new().placed(&store, new_order()).await;
    let lines = ["db_commit_retries_total 0", "db_read_sessions 1"];
    assert_scraped::<Database>(&store, &lines);
}
