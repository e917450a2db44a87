//! A change of a batch that PostgreSQL itself refuses.

use crate::support::{Database, all_events};
use testkit::servers::Version;
use testkit::suites::durable_store::assert_fails_alone;
use testkit::{Desk, new_order};

#[tokio::test]
async fn a_change_that_postgresql_refuses_fails_alone() {
    let database = Database::shared(Version::Reference).await;
    let store = database.open().await;
    let desk = Desk::new();
    let mut changes: Vec<_> = (0..9).map(|_| desk.place(new_order())).collect();
    // No text of PostgreSQL holds a zero byte. The domain lets none through.
    let mut order = desk.order(new_order());
    order.customer_id = "a\0b".to_owned();
    changes.insert(4, desk.place_order(order));
    assert_fails_alone::<Database>(&store, changes, 4, "0x00").await;
    let events = all_events(&store).await;
    assert_eq!(events.len(), 9);
    assert!(
        (1..)
            .zip(&events)
            .all(|(offset, recorded)| recorded.position.offset == offset)
    );
}
