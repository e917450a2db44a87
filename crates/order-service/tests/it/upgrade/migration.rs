//! `order-service migrate` of this version while the one before serves, and while a dump reads every table;
//! then the one before is started anew on what it does not know.

use super::callers::Load;
use super::fleet::{Build, Fleet, until_serves};
use crate::store::Store;
use sqlx::Connection;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::rows;

const REPLICAS: usize = 3;
/// How often the migration tries in vain before the dump ends.
const TRIES: usize = 3;
/// What it then says.
const IN_USE: &str = "a table that is to be migrated is in use";
/// What the version before says of a schema that is newer than it knows.
const NEWER: &str = "a newer version of this service has migrated the database";
/// Commits wait no longer for a lock; a request that met the migration has to be far below.
const SLOWEST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_under_load_fails_no_request_of_the_version_before() {
    let store = tokio::task::spawn_blocking(Store::postgres).await.unwrap();
    let mut fleet = Fleet::new(vec![("DATABASE_URL", store.url())]);
    let mut replicas = Vec::new();
    for _ in 0..REPLICAS {
        replicas.push(fleet.start(Build::Previous).await);
    }
    let mut load = Load::begin(&fleet.endpoints);
    for replica in replicas {
        until_serves(&load.log, replica).await;
    }
    let url = store.server().socket_url("postgres");
    let mut dump = sqlx::PgConnection::connect(&url).await.unwrap();
    // As pg_dump does, until its end.
    let lock = "BEGIN; LOCK TABLE orders, order_events, parked_facts, dead_letters, facts \
        IN ACCESS SHARE MODE";
    sqlx::raw_sql(lock).execute(&mut dump).await.unwrap();
    let before = schema(&mut dump).await;

    let began = load.log.now();
    let mut command = Build::Current.command();
    command.arg("migrate").env("DATABASE_URL", store.url());
    let (migration, tries) = spawn_until_it_waits(command).await;
    sqlx::raw_sql("COMMIT").execute(&mut dump).await.unwrap();
    ends_well(migration).await;
    let slowest = load.log.slowest(began, load.log.now());
    let after = schema(&mut dump).await;
    assert_eq!(
        after > before,
        tries == TRIES,
        "schema {before} to {after}, {tries} tries in vain"
    );

    let switches = fleet.roll(Build::Previous, &load.log).await;
    for service in fleet.services() {
        assert_eq!(
            service.log().contains(NEWER),
            after > before,
            "{}",
            service.log()
        );
    }
    load.end().await;
    let injected = format!(
        "`migrate` beside a dump and {REPLICAS} replicas of the version before, then each started anew; schema {before} to {after}"
    );
    rows::told(
        "UPGRADE",
        &injected,
        &[
            ("requests", load.log.requests() as u64),
            ("failed", load.log.failures().len() as u64),
            ("tries in vain", tries as u64),
            (
                "slowest request ms",
                u64::try_from(slowest.as_millis()).unwrap(),
            ),
            ("replicas started anew", switches.len() as u64),
        ],
    );
    fleet.assert_none_failed(&load.log);
    assert!(slowest < SLOWEST, "a request waited {slowest:?}");
    let mut client = fleet.services().next().unwrap().client();
    load.ledger.check(&mut client).await;
}

async fn schema(session: &mut sqlx::PgConnection) -> i64 {
    let newest = sqlx::query_scalar("SELECT max(version) FROM order_service_schema");
    newest.fetch_one(session).await.unwrap()
}

/// A migration, and the reader of what it says.
type Migration = (Child, BufReader<std::process::ChildStderr>);

/// Returns when it has tried often enough, or is done since there was nothing to do; answers how often.
async fn spawn_until_it_waits(mut command: Command) -> (Migration, usize) {
    let wait = move || {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let (mut tries, mut line) = (0, String::new());
        while tries < TRIES && said.read_line(&mut line).unwrap() > 0 {
            tries += usize::from(line.contains(IN_USE));
            line.clear();
        }
        ((child, said), tries)
    };
    tokio::task::spawn_blocking(wait).await.unwrap()
}

async fn ends_well((mut child, mut said): Migration) {
    let wait = move || {
        let (started, mut text) = (Instant::now(), String::new());
        std::io::Read::read_to_string(&mut said, &mut text).unwrap();
        let status = child.wait().unwrap();
        assert!(
            status.success(),
            "after {:?}: {status}\n{text}",
            started.elapsed()
        );
    };
    tokio::task::spawn_blocking(wait).await.unwrap();
}
