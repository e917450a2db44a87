//! Stores for tests, each on a database of its own.

use adapter_postgres::{Config, PostgresStore, migrate};
use order_core::ports::{EventFeed, FeedToken, OrderStore, RecordedEvent, StoreError};
use prometheus_client::registry::Registry;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::servers::{Options, Postgres, Version};
use testkit::suites::durable_store::{Durable, Stats};
use testkit::suites::event_feed::Feed;
use testkit::suites::feed_leases::Leases;
use testkit::suites::repair::Kept;
use tokio::sync::Mutex;

/// More events than any test writes.
pub(crate) const ALL: usize = 1_000_000;
/// The database that is copied for each test.
const TEMPLATE: &str = "migrated";

/// An empty database with the schema, on a server.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) server: Server,
    pub(crate) name: String,
}

/// Shared with every test of this process, or of one test alone.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    Shared(&'static Postgres),
    Own(Arc<Postgres>),
}

impl Deref for Server {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        match self {
            Server::Shared(server) => server,
            Server::Own(server) => server,
        }
    }
}

impl Database {
    /// On the server that this process's tests share.
    pub(crate) async fn shared(version: Version) -> Database {
        static MIGRATED: Mutex<Vec<u32>> = Mutex::const_new(Vec::new());
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(move || Postgres::shared(version))
            .await
            .unwrap();
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::SeqCst));
        // Copying a database asks that nobody is connected to it, so they are copied one by one.
        let mut migrated = MIGRATED.lock().await;
        if !migrated.contains(&version.major()) {
            run(server, &format!("CREATE DATABASE {TEMPLATE}")).await;
            migrate(&config(&server.socket_url(TEMPLATE)))
                .await
                .unwrap();
            // A connection ends a moment after its client has gone.
            run(
                server,
                &format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false"),
            )
            .await;
            run(
                server,
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = 'migrated'",
            )
            .await;
            migrated.push(version.major());
        }
        run(
            server,
            &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}"),
        )
        .await;
        let server = Server::Shared(server);
        Database { server, name }
    }

    /// On a server of its own, which waits for the disk and may be killed.
    pub(crate) async fn own() -> Database {
        let start = || Postgres::start(Version::Reference, Options::default());
        let server = tokio::task::spawn_blocking(start).await.unwrap();
        let name = "postgres".to_owned();
        migrate(&config(&server.socket_url(&name))).await.unwrap();
        let server = Server::Own(Arc::new(server));
        Database { server, name }
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.server.socket_url(&self.name))
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open(self.config()).await.unwrap()
    }

    /// A session of somebody else.
    pub(crate) async fn tool(&self) -> PgConnection {
        tool(&self.server, &self.name).await
    }
}

impl Durable for Database {
    type Store = PostgresStore;

    async fn open(&self, max_queued_changes: Option<usize>) -> PostgresStore {
        let mut config = self.config();
        config.max_queued_changes = max_queued_changes.unwrap_or(config.max_queued_changes);
        PostgresStore::open(config).await.unwrap()
    }

    async fn close(store: &PostgresStore) -> Result<(), StoreError> {
        store.close().await
    }

    fn stats(store: &PostgresStore) -> Stats {
        let stats = store.stats();
        Stats {
            commit_batches: stats.commits.batches,
            load_batches: stats.loads.batches,
            last_failure: stats.last_failure,
        }
    }

    fn register_metrics(store: &PostgresStore, registry: &mut Registry) {
        store.register_metrics(registry);
    }
}

/// A session of somebody else with a database of this server.
pub(crate) async fn tool(server: &Postgres, database: &str) -> PgConnection {
    PgConnectOptions::new_without_pgpass()
        .socket(server.socket_folder())
        .port(server.port())
        .username("postgres")
        .database(database)
        .connect()
        .await
        .unwrap()
}

async fn run(server: &Postgres, sql: &str) {
    let mut tool = tool(server, "postgres").await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut tool)
        .await
        .unwrap();
    tool.close().await.unwrap();
}

pub(crate) fn config(url: &str) -> Config {
    Config::from_url(url).unwrap()
}

/// A store on a fresh database.
pub(crate) async fn fresh(version: Version) -> (Database, PostgresStore) {
    let database = Database::shared(version).await;
    let store = database.open().await;
    (database, store)
}

pub(crate) async fn fresh_store(version: Version) -> (Database, Arc<dyn OrderStore>) {
    let (database, store) = fresh(version).await;
    (database, Arc::new(store))
}

pub(crate) async fn fresh_kept(version: Version) -> (Database, Kept) {
    let (database, store) = fresh(version).await;
    (database, Kept::of(store))
}

pub(crate) async fn fresh_feed(version: Version) -> (Database, Feed) {
    let (database, store) = fresh(version).await;
    let store = Arc::new(store);
    let feed = Feed {
        store: store.clone(),
        feed: store,
    };
    (database, feed)
}

pub(crate) async fn fresh_leases(version: Version) -> (Database, Leases) {
    let (database, store) = fresh(version).await;
    let store = Arc::new(store);
    let leases = Leases {
        store: store.clone(),
        leases: store,
    };
    (database, leases)
}

pub(crate) async fn all_events(store: &PostgresStore) -> Vec<RecordedEvent> {
    store.read_after(&FeedToken::start(), ALL).await.unwrap()
}
