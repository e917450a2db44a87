//! Rows of the feed that the counters hold: what a reader by position must never miss or see turned round.

use crate::support::{config, tool};
use adapter_postgres::PostgresStore;
use order_core::ports::{EventFeed, FeedPosition, PageLimit};
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::desk::done;
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order, rows};

/// Writers of each of the two replicas.
const WRITERS: u16 = 32;
/// No event may take longer to be read after everything is written, on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// R8, R9: positions are taken under the counter's lock, last and until the commit, so none commits behind
/// a higher one; two replicas write. R10: meanwhile another database of the server has a transaction that
/// has written and stays open, and a prepared one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r8_r9_r10_a_reader_by_position_misses_nothing_and_never_waits_for_strangers() {
    let options = Options {
        settings: vec![("max_prepared_transactions", "4")],
        ..Options::default()
    };
    let server = tokio::task::spawn_blocking(|| Postgres::start(Version::Reference, options));
    let server = server.await.unwrap();
    let mut admin = tool(&server, "postgres").await;
    run(&mut admin, "CREATE DATABASE other").await;
    let mut stranger = tool(&server, "other").await;
    run(&mut stranger, "CREATE TABLE t (n int)").await;
    run(
        &mut stranger,
        "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left'",
    )
    .await;
    run(&mut stranger, "BEGIN; INSERT INTO t VALUES (2)").await;

    let url = server.socket_url("postgres");
    let mut replicas = Vec::new();
    for _ in 0..2 {
        replicas.push(PostgresStore::open(config(&url)).await.unwrap());
    }
    let each = rows::times(20, 400);
    let events = usize::from(WRITERS) * 2 * each * 2;
    let reader = tokio::spawn(follow(replicas[0].clone(), events));
    let mut writers = Vec::new();
    for number in 0..WRITERS * 2 {
        let store = replicas[usize::from(number % 2)].clone();
        writers.push(tokio::spawn(async move {
            let desk = Desk::numbered(number);
            for _ in 0..each {
                let order = done(&store, desk.place(new_order())).await;
                done(&store, desk.hold(&order, "A")).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let read = tokio::time::timeout(PATIENCE, reader).await;
    let read = read
        .expect("the reader does not wait for strangers")
        .unwrap();
    run(&mut stranger, "ROLLBACK").await;
    run(&mut stranger, "ROLLBACK PREPARED 'left'").await;
    let counted = [("events", read), ("missed", 0), ("turned round", 0)];
    rows::told("R8", "two replicas write side by side", &counted);
    rows::told(
        "R9",
        "two replicas write orders and their next events",
        &counted,
    );
    rows::told(
        "R10",
        "open and prepared transactions in another database",
        &counted,
    );
}

/// Reads `events` by position as they come; each is the next, and the next version of its order.
async fn follow(store: PostgresStore, events: usize) -> u64 {
    let store: Arc<dyn EventFeed> = Arc::new(store);
    let limit = PageLimit {
        events: 7,
        bytes: usize::MAX,
    };
    let started = Instant::now();
    let mut after = FeedPosition {
        partition: 0,
        offset: 0,
    };
    let mut versions = BTreeMap::new();
    while after.offset < events as u64 {
        store.wait_in_partition(after).await.unwrap();
        for recorded in store.read_partition(after, limit).await.unwrap() {
            assert_eq!(
                recorded.position.offset,
                after.offset + 1,
                "the next position"
            );
            let version = versions.entry(recorded.event.order.order_id).or_insert(0);
            *version += 1;
            assert_eq!(
                recorded.event.version(),
                *version,
                "the order's next version"
            );
            after = recorded.position;
        }
        assert!(
            started.elapsed() < PATIENCE * 10,
            "it stands still at {after:?}"
        );
    }
    after.offset
}

async fn run(session: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(session).await.unwrap();
}
