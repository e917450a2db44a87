//! kill -9 of PostgreSQL under load, again and again, and sessions that an operator ends.

use crate::history::History;
use crate::support::Database;
use order_core::ports::OrderStore;
use sqlx::Connection;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use testkit::{Desk, new_order};

const END: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE application_name = 'order-service'";
const SESSIONS: &str =
    "SELECT sum(sessions)::int8 FROM pg_stat_database WHERE datname = 'postgres'";
const KILLS: u16 = 20;
const TERMINATIONS: usize = 10;
/// Acknowledgements between two faults, at least.
const ACKS: usize = 100;
/// All of it, on the slowest machine.
const LONGEST: Duration = Duration::from_mins(4);
const LOOK: Duration = Duration::from_millis(5);

/// Waits until the callers were acknowledged so often.
async fn wait_for(history: &History, acks: usize) {
    let started = Instant::now();
    while history.acks.load(Ordering::SeqCst) < acks {
        assert!(started.elapsed() < LONGEST, "it does not go on");
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_double_nothing() {
    let database = Database::own().await;
    let store = database.open().await;
    let history = Arc::new(History::default());
    let callers = history.begin(&store, 0);
    for kill in 0..KILLS {
        // A different moment each time.
        let acks = history.acks.load(Ordering::SeqCst) + ACKS + usize::from(kill) * 7;
        wait_for(&history, acks).await;
        let server = database.server.clone();
        let again = move || {
            server.kill9();
            server.start_again();
        };
        tokio::task::spawn_blocking(again).await.unwrap();
    }
    wait_for(&history, history.acks.load(Ordering::SeqCst) + ACKS).await;
    history.end(callers).await;
    history.check(&store).await;
    // And what another process sees is the same.
    history.check(&database.open().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_sessions_are_opened_again_without_a_storm() {
    let database = Database::own().await;
    let store = database.open().await;
    let mut tool = database.tool().await;
    let history = Arc::new(History::default());
    let callers = history.begin(&store, 0);
    for _ in 0..TERMINATIONS {
        wait_for(&history, history.acks.load(Ordering::SeqCst) + ACKS).await;
        let ended: i64 = sqlx::query_scalar(END).fetch_one(&mut tool).await.unwrap();
        assert!(ended > 0, "there was a session to end");
        tool.ping().await.unwrap();
        // Reading goes on, whatever session it had.
        store
            .load(Desk::new().order(new_order()).order_id)
            .await
            .unwrap();
    }
    wait_for(&history, history.acks.load(Ordering::SeqCst) + ACKS).await;
    history.end(callers).await;
    history.check(&store).await;
    assert_eq!(
        history.failures.load(Ordering::SeqCst),
        0,
        "the outcome was found out"
    );

    store.close().await.unwrap();
    drop(store);
    let mut sessions = 0_i64;
    let started = Instant::now();
    // Statistics come a moment after a session's end.
    while sessions == 0 && started.elapsed() < LONGEST {
        sessions = sqlx::query_scalar(SESSIONS)
            .fetch_one(&mut tool)
            .await
            .unwrap();
    }
    assert!(
        usize::try_from(sessions).unwrap() <= 12 + 4 * TERMINATIONS,
        "{sessions} sessions"
    );
}
