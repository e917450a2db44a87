//! The session of one writer or loader: opened when it is needed, given up when an answer does not
//! come, and opened again no faster than a backoff allows, whatever has ended it.

use crate::connect::Connector;
use planes::Backoff;
use sqlx::postgres::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The pause after the first attempt that failed.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest one: how late, at most, it is noticed that PostgreSQL is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Session {
    connector: Arc<Connector>,
    connection: Option<PgConnection>,
    backoff: Backoff,
    /// No attempt before this time.
    not_before: Option<Instant>,
}

impl Session {
    pub(crate) fn new(connector: Arc<Connector>, connection: Option<PgConnection>) -> Session {
        Session {
            connector,
            connection,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            not_before: None,
        }
    }

    /// The session; opened anew if there is none, after the pause that the last failure asks for.
    pub(crate) async fn get(&mut self) -> sqlx::Result<&mut PgConnection> {
        if let Some(connection) = self.connection.take() {
            return Ok(self.connection.insert(connection));
        }
        if let Some(at) = self.not_before.take() {
            tokio::time::sleep_until(at.into()).await;
        }
        match self.connector.connect().await {
            Ok(connection) => {
                self.backoff.reset();
                Ok(self.connection.insert(connection))
            }
            Err(error) => {
                self.pause();
                Err(error)
            }
        }
    }

    /// Whether there is one.
    pub(crate) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Gives the session up. The server ends what it was doing.
    pub(crate) fn give_up(&mut self) {
        if self.connection.take().is_some() {
            self.pause();
        }
    }

    /// Runs `work` on the session, for so long at most. A session whose answer did not come is of no
    /// use any more, for the answer may come later.
    pub(crate) async fn within<T>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let connector = Arc::clone(&self.connector);
        let connection = self.get().await?;
        let done = tokio::time::timeout(limit, work(connection)).await;
        done.unwrap_or_else(|_| {
            Err(sqlx::Error::Io(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                format!("no answer within {} ms", limit.as_millis()),
            )))
        })
        .map_err(|error| connector.explain(error))
    }

    fn pause(&mut self) {
        self.not_before = Some(Instant::now() + self.backoff.next_delay());
    }
}
