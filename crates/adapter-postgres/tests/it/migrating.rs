//! A migration beside replicas of the version before, which serve meanwhile.

use crate::support::{Database, config, tool};
use adapter_postgres::migrate;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use std::time::{Duration, Instant};
use testkit::servers::Version;

/// What the version before knows.
const BEFORE: [&str; 3] = [
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../migrations/postgres/0001_orders.sql"
    )),
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../migrations/postgres/0002_feed_leases.sql"
    )),
    "CREATE TABLE order_service_schema (version bigint NOT NULL, usable_from bigint NOT NULL);
     INSERT INTO order_service_schema VALUES (2, 1);",
];
/// Commits wait no longer for a lock (the default of `Config::lock_timeout`).
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the migration has to try in vain before the dump ends.
const TRIES: usize = 3;
/// How long that may take on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap();
}

async fn waits(session: &mut PgConnection) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid \
         WHERE datname = current_database() AND mode = 'AccessExclusiveLock' AND NOT granted)",
    )
    .fetch_one(session)
    .await
    .unwrap()
}

/// `pg_dump` has a lock on every table until its end. Whoever asks for one that excludes it queues, and
/// everybody else behind: so the migration must not stay in that queue.
#[tokio::test]
async fn a_dump_is_waited_for_without_holding_anybody_up() {
    let database = Database::shared(Version::Reference).await;
    let name = format!("before_{}", database.name);
    let mut session = tool(&database.server, "postgres").await;
    run(&mut session, &format!("CREATE DATABASE {name}")).await;
    let config = config(&database.server.socket_url(&name));
    let mut dump = tool(&database.server, &name).await;
    for sql in BEFORE {
        run(&mut dump, sql).await;
    }
    let lock = "BEGIN; LOCK TABLE parked_facts, dead_letters IN ACCESS SHARE MODE";
    run(&mut dump, lock).await;

    let migrating = tokio::spawn(async move { migrate(&config).await });
    let mut replica = tool(&database.server, &name).await;
    let limit = format!("SET lock_timeout = {}", LOCK_TIMEOUT.as_millis());
    run(&mut replica, &limit).await;
    let mut observer = tool(&database.server, &name).await;
    let (started, mut longest) = (Instant::now(), Duration::ZERO);
    let (mut tries, mut waited) = (0, false);
    while tries < TRIES {
        assert!(started.elapsed() < PATIENCE, "it tried {tries} times");
        let now = waits(&mut observer).await;
        tries += usize::from(waited && !now);
        waited = now;
        let asked = Instant::now();
        // What every order that is placed looks for: facts that wait for it.
        run(&mut replica, "SELECT count(*) FROM parked_facts").await;
        longest = longest.max(asked.elapsed());
    }
    assert!(!migrating.is_finished(), "the dump goes on still");
    run(&mut dump, "COMMIT").await;
    assert_eq!(migrating.await.unwrap().unwrap(), 3);
    assert!(longest < LOCK_TIMEOUT, "a request waited {longest:?}");
}
