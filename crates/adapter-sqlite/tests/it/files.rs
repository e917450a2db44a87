//! Opening: the folder, the lock, the schema, and files that are not ours.

use crate::support::open;
use adapter_sqlite::{Config, OpenError, SqliteStore, migrate};
use order_core::ports::OrderStore;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;
use testkit::{Desk, new_order};

async fn run(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn folder_and_file_are_made_where_they_are_missing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/data/orders.db");
    let store = SqliteStore::open(Config::at(&path)).await.unwrap();
    let mode = path
        .parent()
        .unwrap()
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(
        mode & 0o777,
        0o700,
        "orders name people: the folder is its owner's alone"
    );
    store.close().await.unwrap();
    assert!(
        path.exists() && !path.with_extension("db-wal").exists(),
        "closing moves the log into the file"
    );
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_closes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("orders.db");
    let first = open(folder.path()).await;
    let refused = SqliteStore::open(Config::at(&path)).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::InUse { holder: Some(pid), .. } if pid == std::process::id())
    );
    let text = refused.to_string();
    assert!(
        text.contains("orders.db is in use") && text.contains("stop that one"),
        "{text}"
    );
    assert!(matches!(
        migrate(&Config::at(&path)).await,
        Err(OpenError::InUse { .. })
    ));
    first.close().await.unwrap();
    open(folder.path()).await.close().await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_dropped_lets_the_next_one_in() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path()).await;
    let order = Desk::new().placed(&store, new_order()).await;
    let commits = store.clone();
    drop((store, commits));
    // The writer's task ends by itself once nobody can reach it; opening waits for nothing, so this does.
    let again = loop {
        match SqliteStore::open(Config::at(folder.path().join("orders.db"))).await {
            Ok(store) => break store,
            Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(again.load(order.order_id).await.unwrap(), Some(order));
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let config = Config::at(folder.path().join("orders.db"));
    assert_eq!(
        migrate(&config).await.unwrap(),
        migrate(&config).await.unwrap()
    );
    let store = open(folder.path()).await;
    let order = Desk::new().placed(&store, new_order()).await;
    store.close().await.unwrap();
    migrate(&config).await.unwrap();
    let store = open(folder.path()).await;
    assert_eq!(store.load(order.order_id).await.unwrap(), Some(order));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let folder = TempDir::new().unwrap();
    let config = Config::at(folder.path().join("orders.db"));
    let known = migrate(&config).await.unwrap();
    run(&config.path, "PRAGMA user_version = 99").await;
    let refused = SqliteStore::open(config).await.unwrap_err();
    assert!(
        matches!(refused, OpenError::Newer { found: 99, known: k, .. } if k == known),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("start the version that wrote it"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_database_of_something_else_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("orders.db");
    run(&path, "CREATE TABLE songs (title TEXT)").await;
    let refused = SqliteStore::open(Config::at(&path)).await.unwrap_err();
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    run(&path, "DROP TABLE songs").await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("orders.db");
    std::fs::write(
        &path,
        "these are no pages of a database, however long one looks\n".repeat(200),
    )
    .unwrap();
    let refused = SqliteStore::open(Config::at(&path))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("orders.db") && refused.contains("not a database"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("data"),
        "a file where the folder should be",
    )
    .unwrap();
    let path = folder.path().join("data/orders.db");
    let refused = SqliteStore::open(Config::at(&path)).await.unwrap_err();
    assert!(
        matches!(&refused, OpenError::Io { path, .. } if path.ends_with("data")),
        "{refused}"
    );
}
