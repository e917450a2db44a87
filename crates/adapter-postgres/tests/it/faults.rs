//! Locks, timeouts, deadlocks, exhausted pools and cancelled calls (FAULTS P5, P6, P7, P10, P12).

use crate::support::{Database, all_events};
use adapter_postgres::{Config, PostgresStore};
use futures_util::future::join_all;
use order_core::domain::OrderId;
use order_core::ports::{Committed, ListQuery, OrderStore, StoreError};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::desk::order_of;
use testkit::servers::Version;
use testkit::{Desk, fact, new_order};

const WAITS: &str = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name = 'order-service'";
const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND state LIKE 'idle in transaction%'";
const DONE: Committed = Committed::Done {
    facts_waiting: false,
};
/// Holds the lock that every commit takes last.
const HOLD_COUNTER: &str = "BEGIN; UPDATE feed SET last = last";
const SHORT: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(30);

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap();
}

async fn database() -> Database {
    Database::shared(Version::Reference).await
}

/// Commits while another session holds the counter, then without it.
async fn held_counter(config: impl FnOnce(Config) -> Config, reason: &str) {
    let database = database().await;
    let store = PostgresStore::open(config(database.config()))
        .await
        .unwrap();
    let desk = Desk::new();
    desk.placed(&store, new_order()).await;
    let mut tool = database.tool().await;
    run(&mut tool, HOLD_COUNTER).await;
    let change = desk.place(new_order());
    let started = Instant::now();
    let refused = store.commit(change.clone()).await;
    assert!(started.elapsed() < SHORT * 5, "{:?}", started.elapsed());
    assert!(
        matches!(&refused, Err(StoreError::Unavailable { detail }) if detail.contains(reason)),
        "{refused:?}"
    );
    assert!(store.stats().last_failure.is_some());
    // The counter is not the probe's: writing works for what needs no number.
    run(&mut tool, "ROLLBACK").await;
    assert_eq!(
        store.commit(change).await,
        Ok(DONE),
        "nothing of it was kept"
    );
    assert!(store.stats().last_failure.is_none());
    assert_eq!(all_events(&store).await.len(), 2);
}

#[tokio::test]
async fn a_held_counter_ends_by_the_lock_timeout() {
    let config = |config| Config {
        lock_timeout: SHORT,
        ..config
    };
    held_counter(config, "another session holds a lock").await;
}

#[tokio::test]
async fn a_held_counter_ends_by_the_statement_timeout() {
    let config = |config| Config {
        statement_timeout: SHORT,
        ..config
    };
    held_counter(config, "statement_timeout").await;
}

#[tokio::test]
async fn a_deadlock_is_tried_again() {
    let database = database().await;
    let store = database.open().await;
    let mut registry = Registry::default();
    store.register_metrics(&mut registry);
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    let mut tool = database.tool().await;
    run(&mut tool, HOLD_COUNTER).await;
    // The commit locks the order, then waits for the counter; it waits first, so it is the one that
    // PostgreSQL ends when this session wants the order.
    let change = desk.record(&order, fact::reserved("res-1"));
    let committing = {
        let store = store.clone();
        tokio::spawn(async move { store.commit(change).await })
    };
    let mut watcher = database.tool().await;
    let started = Instant::now();
    while sqlx::query_scalar::<_, i64>(WAITS)
        .fetch_one(&mut watcher)
        .await
        .unwrap()
        == 0
    {
        assert!(started.elapsed() < LONGEST);
        tokio::time::sleep(LOOK).await;
    }
    run(
        &mut tool,
        &format!(
            "UPDATE orders SET version = version WHERE order_id = '{}'",
            order.order_id
        ),
    )
    .await;
    run(&mut tool, "ROLLBACK").await;
    assert_eq!(committing.await.unwrap(), Ok(DONE));
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    assert!(text.contains("db_commit_retries_total 1"), "{text}");
    assert_eq!(all_events(&store).await.len(), 2);
}

#[tokio::test]
async fn an_exhausted_pool_sheds_load_and_recovers() {
    let database = database().await;
    let config = Config {
        read_connections: 2,
        read_timeout: SHORT,
        ..database.config()
    };
    let store = PostgresStore::open(config).await.unwrap();
    let order = Desk::new().placed(&store, new_order()).await;
    let mut tool = database.tool().await;
    run(
        &mut tool,
        "BEGIN; LOCK TABLE order_events IN ACCESS EXCLUSIVE MODE",
    )
    .await;
    let started = Instant::now();
    let query = ListQuery {
        limit: 10,
        ..ListQuery::default()
    };
    let lists = join_all((0..50).map(|_| store.list(&query))).await;
    for list in lists {
        assert!(
            matches!(&list, Err(StoreError::Unavailable { detail }) if 
                detail.contains("did not answer a read within 300 ms")
                    || detail.contains("every reading session is busy")),
            "{list:?}"
        );
    }
    assert!(started.elapsed() < SHORT * 5, "{:?}", started.elapsed());
    let sessions: Vec<i64> = sqlx::query_scalar(SESSIONS)
        .fetch_all(&mut tool)
        .await
        .unwrap();
    assert!(sessions[0] <= 2 + 2, "{sessions:?}");
    run(&mut tool, "ROLLBACK").await;
    let started = Instant::now();
    while store.list(&query).await.is_err() {
        assert!(started.elapsed() < LONGEST, "it does not recover");
    }
    assert_eq!(store.list(&query).await.unwrap(), [order]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_calls_leave_no_transaction_and_no_wrong_answer() {
    let database = database().await;
    let store = Arc::new(database.open().await);
    let desk = Arc::new(Desk::new());
    let order = desk.placed(&*store, new_order().external("shop-1")).await;
    for micros in (0..3_000).step_by(20) {
        let (store, desk) = (Arc::clone(&store), Arc::clone(&desk));
        let id = order.order_id;
        let calls = async move {
            let query = ListQuery {
                limit: 10,
                ..ListQuery::default()
            };
            let placed = order_of(&desk.place(new_order())).order_id;
            _ = tokio::join!(
                store.load(id),
                store.load(placed),
                store.list(&query),
                store.load_external("shop-1"),
                store.commit(desk.place(new_order())),
            );
        };
        _ = tokio::time::timeout(Duration::from_micros(micros), calls).await;
    }
    let mut tool = database.tool().await;
    let open: Vec<i64> = sqlx::query_scalar(OPEN).fetch_all(&mut tool).await.unwrap();
    assert_eq!(open, [0]);
    tool.close().await.unwrap();
    for _ in 0..20 {
        let found = store.load_external("shop-1").await.unwrap().unwrap();
        assert_eq!(found.order_id, order.order_id);
        assert_eq!(
            store.load(order.order_id).await.unwrap().as_ref(),
            Some(&order)
        );
        assert_eq!(store.load(OrderId::from_u128(1)).await.unwrap(), None);
    }
    desk.placed(&*store, new_order()).await;
    let events = all_events(&store).await;
    assert!(
        (1..)
            .zip(&events)
            .all(|(n, event)| event.position.offset == n)
    );
}
