//! What can go wrong, in words that say what to do.

use order_core::ports::StoreError;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A newer version of the service has taken from its schema what this one needs.
    #[error(
        "{database} has schema version {found}, but this program knows versions up to {known}: \
         start the version that migrated it, or a newer one"
    )]
    Newer {
        /// The database.
        database: String,
        /// Its schema version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Tables of something else.
    #[error(
        "{database} holds a table `orders` that is not this service's: give it a database of its own"
    )]
    Foreign {
        /// The database.
        database: String,
    },
    /// PostgreSQL is not there, or refuses.
    #[error("{detail}")]
    Database {
        /// What was tried, where, and what to do.
        detail: String,
    },
    /// The relay could not be made.
    #[error(transparent)]
    Plane(#[from] planes::PlaneError),
    /// A bound of the configuration is useless.
    #[error("the store's configuration is not usable: {detail}")]
    Config {
        /// Which, and why.
        detail: String,
    },
}

impl OpenError {
    pub(crate) fn database(name: &str, action: &str, error: &sqlx::Error) -> OpenError {
        OpenError::Database {
            detail: format!("{name} cannot be {action}: {}", advise(error)),
        }
    }
}

/// How a failed statement is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The database knows something that stands against the changes.
    Conflict,
    /// The content of the batch is what PostgreSQL refuses.
    Refused,
    /// Rolled back for the sake of another transaction: the same again may work.
    Again,
    /// Rolled back, and the session goes on.
    Failed,
    /// The session is of no use any more. Whether the statement was done is not known.
    Lost,
}

/// By SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
pub(crate) fn kind(error: &sqlx::Error) -> Kind {
    let Some(code) = code(error) else {
        return match error {
            sqlx::Error::Encode(_) => Kind::Refused,
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Kind::Failed,
            _ => Kind::Lost,
        };
    };
    match code.as_str() {
        // A key that is taken; the position of an event whose assumption does not hold.
        "23505" | "23502" => Kind::Conflict,
        "40001" | "40P01" => Kind::Again,
        // A standby, or a primary that was demoted: another session leads elsewhere.
        "25006" => Kind::Lost,
        // Canceled, by `statement_timeout` or an operator.
        "57014" => Kind::Failed,
        other => match other.get(..2) {
            Some("22" | "23" | "54") => Kind::Refused,
            // Connections and shutdowns.
            Some("08" | "57") => Kind::Lost,
            _ => Kind::Failed,
        },
    }
}

/// What the caller is told of a failed read or write.
pub(crate) fn store_error(name: &str, action: &str, error: &sqlx::Error) -> StoreError {
    let detail = format!("{name} could not be {action}: {}", advise(error));
    match kind(error) {
        Kind::Conflict | Kind::Refused => StoreError::Corrupt { detail },
        _ if matches!(
            error,
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }
        ) || code(error).is_some_and(|code| code.starts_with("XX00")) =>
        {
            StoreError::Corrupt { detail }
        }
        _ => StoreError::Unavailable { detail },
    }
}

/// A stored row that cannot be read.
pub(crate) fn unreadable(name: &str, row: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt {
        detail: format!("{name}, {row}: {error}; restore it from a backup"),
    }
}

pub(crate) fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// What PostgreSQL says, and what to do about it.
pub(crate) fn advise(error: &sqlx::Error) -> String {
    let code = code(error);
    let advice = match code.as_deref() {
        Some("53100") => "the disk is full: make room, writing then goes on by itself",
        Some("53300") => {
            "PostgreSQL has no room for another connection: raise max_connections, or run fewer replicas"
        }
        Some("55P03") => {
            "another session holds a lock that every commit needs: find it in pg_stat_activity and pg_locks, and end it"
        }
        Some("57014") => {
            "a statement ran into statement_timeout: look at the load and at the locks in pg_locks"
        }
        Some("57P01" | "57P02" | "57P03") => {
            "PostgreSQL is stopping or starting; it is connected to again"
        }
        Some("25006") => "the connection led to a read-only standby; it is made anew",
        Some("28P01" | "28000") => "check user, password and pg_hba.conf",
        Some("3D000") => "create the database, or name another",
        Some("42501") => "grant the user this right, or run `order-service migrate` as the owner",
        Some("42P01" | "42703") => "run `order-service migrate`",
        _ if matches!(error, sqlx::Error::PoolTimedOut) => {
            "every reading session is busy, or none can be opened"
        }
        _ if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => {
            "the connection broke; it is made anew"
        }
        _ => return words(error),
    };
    format!("{} ({advice})", words(error))
}

/// The library adds the line of PostgreSQL's own source to what the server says; its code tells more.
fn words(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(said) => match said.code() {
            Some(code) => format!("PostgreSQL says: {} (SQLSTATE {code})", said.message()),
            None => format!("PostgreSQL says: {}", said.message()),
        },
        None => error.to_string(),
    }
}
