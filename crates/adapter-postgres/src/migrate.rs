//! Brings the database to the schema that this program knows. See `migrations/README.md`.

use crate::config::Config;
use crate::connect::Connector;
use crate::error::{OpenError, code};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// One step of the schema.
struct Migration {
    name: &'static str,
    sql: &'static str,
    /// The oldest schema version whose programs can work on the database after this step: a step that
    /// only adds leaves this as it was, one that takes away raises it (`migrations/README.md`).
    usable_from: i64,
}

/// Every migration in order; the schema version is how many were applied.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_orders",
        sql: include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/postgres/0001_orders.sql"
        )),
        usable_from: 1,
    },
    Migration {
        name: "0002_feed_leases",
        sql: include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/postgres/0002_feed_leases.sql"
        )),
        usable_from: 1,
    },
    Migration {
        name: "0003_repair",
        sql: include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/postgres/0003_repair.sql"
        )),
        usable_from: 1,
    },
];

/// One process at a time migrates: "ordr" in ASCII as the key of an advisory lock.
const ADVISORY_LOCK: i64 = 0x6F72_6472;
/// How long another process's migration is waited for.
const LOCK_TIMEOUT_MS: u64 = 60_000;
/// How long a step waits for a lock on a table. Whoever comes to that table meanwhile queues behind it, so
/// this is what one try may add to a request: far less than commits wait for a lock (`lock_timeout`).
const TABLE_LOCK_TIMEOUT_MS: u64 = 250;
/// The rest between two tries: those who queued are served, and a dump goes on.
const REST: Duration = Duration::from_millis(750);
/// How long tables may stay in use before the migration is given up.
const TABLES_TIMEOUT: Duration = Duration::from_mins(1);

/// Brings the database of `config` up to date; answers the schema version.
pub async fn migrate(config: &Config) -> Result<i64, OpenError> {
    let connector = Connector::new(Arc::new(config.clone()))?;
    let mut session = connector
        .connect()
        .await
        .map_err(|error| connector.unreachable(&error))?;
    let version = apply(&mut session, &connector.name).await?;
    // Whether the session ends in order changes nothing.
    _ = session.close().await;
    Ok(version)
}

/// Why a try came to nothing; nothing of it was kept.
enum Vain {
    /// Somebody has a lock on a table, as a dump does: the same again may work.
    InUse(sqlx::Error),
    /// It would be no better next time.
    Failed(OpenError),
}

/// Applies what is missing, all in one transaction: another process sees all of it or nothing. Answers
/// the schema version, which is higher than what is known here while a newer program is rolled out.
///
/// Replicas of the version before serve meanwhile. So a table that is in use is not waited for in one
/// piece, which would make every request to it wait as well, but tried again and again.
pub(crate) async fn apply(session: &mut PgConnection, name: &str) -> Result<i64, OpenError> {
    let started = Instant::now();
    loop {
        let error = match attempt(session, name).await {
            Ok(version) => return Ok(version),
            Err(Vain::Failed(error)) => return Err(error),
            Err(Vain::InUse(error)) => error,
        };
        if started.elapsed() > TABLES_TIMEOUT {
            let tried = format!("migrated within {TABLES_TIMEOUT:?}, nothing of it was kept");
            return Err(OpenError::database(name, &tried, &error));
        }
        tracing::warn!(
            database = name,
            "a table that is to be migrated is in use, by a dump perhaps; trying again"
        );
        sleep(REST).await;
    }
}

async fn attempt(session: &mut PgConnection, name: &str) -> Result<i64, Vain> {
    let failed = |error| {
        let error = OpenError::database(name, "migrated, nothing of it was kept", &error);
        Vain::Failed(error)
    };
    // Nobody cancels this: the store is not open yet. A dropped session is rolled back.
    let mut transaction = session.begin().await.map_err(failed)?;
    let found = locked_schema(&mut transaction).await.map_err(failed)?;
    let found = usable(found, name).map_err(Vain::Failed)?;
    for (version, migration) in (1..).zip(MIGRATIONS) {
        if version > found {
            tracing::info!(
                database = name,
                migration = migration.name,
                "migrating the database"
            );
            let done = step(&mut transaction, version, migration).await;
            if let Err(error) = done {
                transaction.rollback().await.map_err(failed)?;
                return Err(match code(&error).as_deref() {
                    // No lock within the time; a deadlock with somebody who has a lock.
                    Some("55P03" | "40P01") => Vain::InUse(error),
                    _ => failed(error),
                });
            }
        }
    }
    transaction.commit().await.map_err(failed)?;
    Ok(known().max(found))
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema's version, if this program can work on it.
fn usable(found: Option<Schema>, name: &str) -> Result<i64, OpenError> {
    let known = known();
    let database = name.to_owned();
    let Some(found) = found else {
        return Err(OpenError::Foreign { database });
    };
    let Schema {
        version,
        usable_from,
    } = found;
    if usable_from > known {
        return Err(OpenError::Newer {
            database,
            found: version,
            known,
        });
    }
    if version > known {
        tracing::warn!(
            database,
            version,
            known,
            "a newer version of this service has migrated the database; this one can still work on it"
        );
    }
    Ok(version)
}

async fn step(session: &mut PgConnection, version: i64, migration: &Migration) -> sqlx::Result<()> {
    let Migration {
        sql, usable_from, ..
    } = migration;
    let sql = format!(
        "SET LOCAL lock_timeout = {TABLE_LOCK_TIMEOUT_MS};\n{sql}\n\
         UPDATE order_service_schema SET version = {version}, usable_from = {usable_from};"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(session).await?;
    Ok(())
}

/// What a database says of its schema.
#[derive(Clone, Copy)]
struct Schema {
    version: i64,
    usable_from: i64,
}

/// The schema under the lock, version 0 in an empty database; `None` if it is of something else.
async fn locked_schema(session: &mut PgConnection) -> sqlx::Result<Option<Schema>> {
    let lock = format!(
        "SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = 0; \
         SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"
    );
    sqlx::raw_sql(AssertSqlSafe(lock))
        .execute(&mut *session)
        .await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE oid IN \
         (to_regclass('orders'), to_regclass('order_service_schema'))",
    )
    .persistent(false)
    .fetch_all(&mut *session)
    .await?;
    if !tables.iter().any(|table| table == "order_service_schema") {
        if !tables.is_empty() {
            return Ok(None);
        }
        sqlx::raw_sql(
            "CREATE TABLE order_service_schema (version bigint NOT NULL, usable_from bigint NOT NULL); \
             INSERT INTO order_service_schema VALUES (0, 0)",
        )
        .execute(&mut *session)
        .await?;
    }
    let schemas: Vec<(i64, i64)> =
        sqlx::query_as("SELECT version, usable_from FROM order_service_schema")
            .persistent(false)
            .fetch_all(session)
            .await?;
    let newest = schemas.into_iter().max().unwrap_or_default();
    Ok(Some(Schema {
        version: newest.0,
        usable_from: newest.1,
    }))
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;
    use std::path::Path;

    #[test]
    fn every_file_of_the_folder_is_applied_in_the_order_of_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let names = MIGRATIONS.iter().map(|migration| migration.name);
        testkit::assert_every_migration(&folder, names);
    }

    #[test]
    fn a_step_never_lets_older_programs_back_in() {
        let usable: Vec<i64> = MIGRATIONS.iter().map(|step| step.usable_from).collect();
        assert!(usable.is_sorted(), "{usable:?}");
        for (version, usable_from) in (1..).zip(usable) {
            assert!((1..=version).contains(&usable_from), "{version}");
        }
    }
}
