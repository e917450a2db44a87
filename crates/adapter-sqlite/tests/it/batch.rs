//! A change of a batch that SQLite itself refuses.

use crate::support::{Folder, all_events};
use testkit::desk::order_of;
use testkit::suites::durable_store::{Durable, assert_fails_alone};
use testkit::{Desk, new_order};

#[tokio::test]
async fn a_row_that_sqlite_refuses_fails_alone() {
    let folder = Folder::new();
    let store = folder.open(None).await;
    let desk = Desk::new();
    let damaged = desk.place(new_order());
    let order_id = order_of(&damaged).order_id;
    // An event of an order that is not there, in a partition that nobody reads: the look-up finds
    // nothing, the insert fails.
    let path = folder.file();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut tool = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    let insert = "INSERT INTO order_events (position, order_id, version, time, data, snapshot) \
        VALUES (?2, ?1, 1, 0, x'', x'')";
    let position = 5_i64 << 48;
    sqlx::query(insert)
        .bind(order_id.to_bytes().to_vec())
        .bind(position)
        .execute(&mut tool)
        .await
        .unwrap();

    let mut changes: Vec<_> = (0..9).map(|_| desk.place(new_order())).collect();
    changes.insert(4, damaged);
    assert_fails_alone::<Folder>(&store, changes, 4, "UNIQUE").await;
    let delete = sqlx::query("DELETE FROM order_events WHERE position = ?1").bind(position);
    delete.execute(&mut tool).await.unwrap();
    assert_eq!(all_events(&store).await.len(), 9);
}
