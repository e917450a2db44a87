//! What is checked before a store is opened: the schema, and that the server can write durably.

use crate::support::{Database, config, fresh, tool};
use adapter_postgres::{Config, OpenError, PostgresStore, Secret, migrate};
use futures_util::future::join_all;
use order_core::domain::OrderRef;
use order_core::ports::{OrderStore, Repair};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use testkit::servers::Version;
use testkit::{Desk, fact, new_order};

/// How many migrations there are.
const NEWEST: i64 = 3;

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap();
}

async fn database() -> Database {
    Database::shared(Version::Reference).await
}

/// A database without anything in it.
async fn empty() -> (Database, Config) {
    let database = database().await;
    let name = format!("empty_{}", database.name);
    let mut session = tool(&database.server, "postgres").await;
    run(&mut session, &format!("CREATE DATABASE {name}")).await;
    let config = config(&database.server.socket_url(&name));
    (database, config)
}

async fn refusal(config: Config) -> String {
    PostgresStore::open(config).await.unwrap_err().to_string()
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let (_database, config) = empty().await;
    let versions = join_all((0..8).map(|_| migrate(&config))).await;
    for version in versions {
        assert_eq!(version.unwrap(), NEWEST);
    }
    let stores = join_all((0..4).map(|_| PostgresStore::open(config.clone()))).await;
    let desk = Desk::new();
    for store in stores {
        desk.placed(&store.unwrap(), new_order()).await;
    }
}

#[tokio::test]
async fn an_old_replica_works_on_a_schema_that_a_newer_one_has_only_added_to() {
    let database = database().await;
    let mut session = database.tool().await;
    // As the next version would: a table, a column that may be null, an index.
    let expansion = "ALTER TABLE orders ADD COLUMN region text; \
        CREATE INDEX orders_by_region ON orders (region); CREATE TABLE regions (name text); \
        UPDATE order_service_schema SET version = version + 1";
    run(&mut session, expansion).await;
    assert_eq!(migrate(&database.config()).await.unwrap(), NEWEST + 1);
    let store = database.open().await;
    let order = Desk::new().placed(&store, new_order()).await;
    assert_eq!(store.load(order.order_id).await.unwrap(), Some(order));
}

/// The statement by which the version before gives facts up, and a message by the columns that it knows.
#[tokio::test]
async fn what_a_replica_of_the_version_before_gives_up_is_listed() {
    let (database, store) = fresh(Version::Oldest).await;
    let desk = Desk::new();
    let never = OrderRef::External("never".to_owned());
    store
        .commit(desk.park(never, fact::reserved("res-1")))
        .await
        .unwrap();
    let before = store.now().await.unwrap();
    let bury = "WITH old AS (DELETE FROM parked_facts \
        RETURNING seq, fact_key, order_id, external_id, parked_at, content, known_order_id) \
        INSERT INTO dead_letters (fact_key, order_id, external_id, parked_at, content, reason) \
        SELECT fact_key, order_id, external_id, parked_at, content, 'given up' FROM old";
    run(&mut database.tool().await, bury).await;
    let letters = store.dead_letters(None, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "given up");
    assert!(letters[0].at >= before, "{letters:?}");
}

#[tokio::test]
async fn a_schema_that_a_newer_program_has_taken_from_is_refused_and_left_alone() {
    let database = database().await;
    let mut session = database.tool().await;
    let contraction = "UPDATE order_service_schema SET version = 99, usable_from = 98";
    run(&mut session, contraction).await;
    let error = PostgresStore::open(database.config()).await.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Newer {
                found: 99,
                known: NEWEST,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("99"), "{error}");
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_left_alone() {
    let (database, config) = empty().await;
    let mut session = tool(&database.server, &config.database).await;
    run(&mut session, "CREATE TABLE orders (id int)").await;
    let text = refusal(config).await;
    assert!(text.contains("not this service's"), "{text}");
    let tables: Vec<i64> =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&mut session)
            .await
            .unwrap();
    assert_eq!(tables, [1]);
}

#[tokio::test]
async fn a_server_that_only_reads_is_refused() {
    let database = database().await;
    let mut session = database.tool().await;
    let read_only = format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        database.name
    );
    run(&mut session, &read_only).await;
    let text = refusal(database.config()).await;
    assert!(
        text.contains("read-only") && text.contains("primary"),
        "{text}"
    );
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_whatever_the_default_is() {
    let database = database().await;
    let mut session = database.tool().await;
    // A trigger tells how the writing session is set.
    let spy = "CREATE TABLE seen (setting text); \
        CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN \
        INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END$$; \
        CREATE TRIGGER spy AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION spy()";
    run(&mut session, spy).await;
    for default in ["off", "remote_apply"] {
        let set = format!(
            "ALTER DATABASE {} SET synchronous_commit = {default}",
            database.name
        );
        run(&mut session, &set).await;
        let store = database.open().await;
        let number = u16::try_from(default.len()).unwrap();
        Desk::numbered(number).placed(&store, new_order()).await;
    }
    let seen: Vec<String> = sqlx::query_scalar("SELECT setting FROM seen")
        .fetch_all(&mut session)
        .await
        .unwrap();
    assert_eq!(seen, ["on", "remote_apply"], "stricter settings stay");
}

#[tokio::test]
async fn who_may_not_log_in_is_told_what_to_check_but_no_password() {
    let database = database().await;
    let config = Config {
        user: "nobody_here".to_owned(),
        password: Some(Secret("hunter2".to_owned())),
        ..database.config()
    };
    let text = refusal(config).await;
    assert!(
        text.contains("pg_hba.conf") && !text.contains("hunter2"),
        "{text}"
    );
    let config = Config {
        database: "not_there".to_owned(),
        ..database.config()
    };
    let text = refusal(config).await;
    assert!(text.contains("create the database"), "{text}");
}
