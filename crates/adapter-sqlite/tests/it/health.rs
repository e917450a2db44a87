//! Metrics that only this store has.

use crate::support::Folder;
use testkit::suites::durable_store::{Durable, scraped};
use testkit::{Desk, new_order};

#[tokio::test]
async fn the_metrics_tell_the_size_of_the_file() {
    let folder = Folder::new();
    let store = folder.open(None).await;
    Desk::new().placed(&store, new_order()).await;
    let text = scraped::<Folder>(&store);
    let bytes = text
        .lines()
        .find_map(|line| line.strip_prefix("db_file_bytes "))
        .unwrap();
    assert!(bytes.parse::<u64>().unwrap() > 4_096, "{bytes}");
}
