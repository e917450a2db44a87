//! Brings the file to the schema that this program knows. See `migrations/README.md`.

use crate::config::Config;
use crate::error::OpenError;
use crate::lock::Lock;
use crate::{connect, folder};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::path::Path;

/// Marks the file as an order store, so that no other SQLite database is taken for one
/// (<https://sqlite.org/pragma.html#pragma_application_id>): "ordr" in ASCII.
const APPLICATION_ID: i64 = 0x6F72_6472;

/// Every migration in order; the schema version is how many were applied.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_orders",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/sqlite/0001_orders.sql"
        )),
    ),
    (
        "0002_feed_leases",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/sqlite/0002_feed_leases.sql"
        )),
    ),
    (
        "0003_repair",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/sqlite/0003_repair.sql"
        )),
    ),
];

/// Brings the file of `config` up to date and closes it again; answers the schema version. Makes the
/// file where it is missing. Nobody else may have it open.
pub async fn migrate(config: &Config) -> Result<i64, OpenError> {
    folder::make(&config.path)?;
    let _lock = Lock::take(&config.path)?;
    let failed = |error| OpenError::database(&config.path, "opened", &error);
    let mut connection = connect::writer(config).connect().await.map_err(failed)?;
    let version = apply(&mut connection, &config.path).await?;
    connection.close().await.map_err(failed)?;
    Ok(version)
}

/// Applies what is missing, each file in a transaction of its own.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<i64, OpenError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found = check(connection, path)
        .await
        .map_err(|e| OpenError::database(path, "opened", &e))??;
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for (version, (name, sql)) in (1..).zip(MIGRATIONS) {
        if version > found {
            tracing::info!(path = %path.display(), migration = name, "migrating the database");
            step(connection, version, sql).await.map_err(|error| {
                OpenError::database(
                    path,
                    format!("migrated by {name}; nothing of it was kept"),
                    &error,
                )
            })?;
        }
    }
    Ok(known)
}

/// The schema version, if the file is ours or new.
async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
) -> sqlx::Result<Result<i64, OpenError>> {
    let (id, version, tables): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT application_id FROM pragma_application_id), \
         (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(connection)
    .await?;
    let ours = id == APPLICATION_ID || (id == 0 && version == 0 && tables == 0);
    Ok(if ours {
        Ok(version)
    } else {
        Err(OpenError::Foreign {
            path: path.to_owned(),
        })
    })
}

async fn step(connection: &mut SqliteConnection, version: i64, sql: &str) -> sqlx::Result<()> {
    // Dropping an unfinished transaction rolls it back. Nobody cancels this: the store is not open yet.
    let mut transaction = connection.begin().await?;
    let marks =
        format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};");
    sqlx::raw_sql(AssertSqlSafe(format!("{sql}\n{marks}")))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;
    use std::path::Path;

    #[test]
    fn every_file_of_the_folder_is_applied_in_the_order_of_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/sqlite");
        testkit::assert_every_migration(&folder, MIGRATIONS.iter().map(|(name, _)| *name));
    }
}
