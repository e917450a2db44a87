//! How sessions are opened: by the relay or a Unix socket, with timeouts that PostgreSQL enforces,
//! and only to a server that can write.

use crate::config::{Address, Config};
use crate::encrypt::Encrypt;
use crate::error::{OpenError, advise};
use planes::{ConnectOptions, Greet, Relay, RelayOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions as _, Connection};
use std::sync::Arc;
use std::time::Duration;

/// Statements that a session keeps prepared: every shape of a batch, or every set of list filters.
const CACHED_STATEMENTS: usize = 64;
/// The oldest version that is tested, as `server_version_num` says it.
const OLDEST_SERVER: i32 = 150_000;

/// Makes sessions.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) config: Arc<Config>,
    pub(crate) name: String,
    relay: Option<Relay>,
    options: PgConnectOptions,
}

impl Connector {
    /// Starts the relay where TCP is spoken; connects to nothing yet.
    pub(crate) fn new(config: Arc<Config>) -> Result<Connector, OpenError> {
        let (relay, folder, port) = match &config.address {
            Address::Socket { folder, port } => {
                if config.tls.is_some() {
                    return Err(OpenError::Config {
                        detail: "TLS to a Unix socket is not spoken: set database_tls_mode to off, or give a host".to_owned(),
                    });
                }
                (None, folder.clone(), *port)
            }
            Address::Tcp(peer) => {
                let port = peer.port();
                let encrypt = config.tls.clone().map(|tls| Encrypt {
                    tls,
                    host: peer.host().to_owned(),
                });
                let relay = Relay::start(
                    &config.plane,
                    peer.clone(),
                    config.resolver.clone(),
                    &config.relay_folder,
                    &format!(".s.PGSQL.{port}"),
                    relay_options(&config),
                    encrypt.map(|encrypt| Arc::new(encrypt) as Arc<dyn Greet>),
                )?;
                let folder = relay.folder().to_owned();
                (Some(relay), folder, port)
            }
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .socket(folder)
            .port(port)
            .username(&config.user)
            .database(&config.database)
            // Encrypted or not beyond the relay, the Unix socket never is.
            .ssl_mode(PgSslMode::Disable)
            .application_name("order-service")
            .statement_cache_capacity(CACHED_STATEMENTS)
            .options(settings(&config))
            .disable_statement_logging();
        if let Some(password) = &config.password {
            options = options.password(&password.0);
        }
        Ok(Connector {
            name: config.name(),
            config,
            relay,
            options,
        })
    }

    /// A session that can write.
    pub(crate) async fn connect(&self) -> sqlx::Result<PgConnection> {
        let limit = self.config.connect_timeout;
        let opened = async {
            let mut session = self.options.connect().await?;
            check(&mut session).await?;
            Ok(session)
        };
        match tokio::time::timeout(limit, opened).await {
            Ok(opened) => opened.map_err(|error| self.explain(error)),
            Err(_) => Err(self.explain(sqlx::Error::Io(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                format!("no session within {} ms", limit.as_millis()),
            )))),
        }
    }

    /// For the pool of reading sessions, which checks each with [`check`].
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// What went wrong, with the reason that only the relay knows.
    pub(crate) fn explain(&self, error: sqlx::Error) -> sqlx::Error {
        let reason = self.relay.as_ref().and_then(Relay::last_failure);
        match (reason, error) {
            (Some(reason), sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => {
                sqlx::Error::Io(std::io::Error::other(reason))
            }
            (_, error) => error,
        }
    }

    /// Why the relay does not reach the server, as the end of a sentence; empty if it does.
    pub(crate) fn reason(&self) -> String {
        let reason = self.relay.as_ref().and_then(Relay::last_failure);
        reason.map_or(String::new(), |reason| format!(" ({reason})"))
    }

    /// What an operator is told of a failure to open a session.
    pub(crate) fn unreachable(&self, error: &sqlx::Error) -> OpenError {
        OpenError::Database {
            detail: format!("{} cannot be reached: {}", self.name, advise(error)),
        }
    }
}

/// Refuses a session with a server that cannot write, or that nobody has tried, and makes sure that
/// an answered commit is on the disk.
pub(crate) async fn check(session: &mut PgConnection) -> sqlx::Result<()> {
    // What the operator has set stricter (remote_apply) stays.
    const ASK: &str = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, \
        current_setting('server_version_num')::int4, \
        CASE WHEN current_setting('synchronous_commit') = 'off' \
        THEN set_config('synchronous_commit', 'on', false) END IS NULL";
    let (read_only, version, _): (bool, i32, bool) = sqlx::query_as(ASK)
        .persistent(false)
        .fetch_one(&mut *session)
        .await?;
    // `fetch_one` leaves the end of the answer unread.
    session.ping().await?;
    if read_only {
        return Err(sqlx::Error::Protocol(
            "the server is read-only, a standby: name the primary".to_owned(),
        ));
    }
    if version < OLDEST_SERVER {
        return Err(sqlx::Error::Protocol(format!(
            "the server's version is {version}; this service needs PostgreSQL 15 or later"
        )));
    }
    Ok(())
}

/// What the server holds each session to. Plans are those of the indexes, whatever the statistics
/// of tables that were empty a minute ago say; one plan serves for every batch.
fn settings(config: &Config) -> [(&'static str, String); 11] {
    let millis = |time: Duration| time.as_millis().to_string();
    [
        ("statement_timeout", millis(config.statement_timeout)),
        ("lock_timeout", millis(config.lock_timeout)),
        // A session whose client has vanished gives its locks back.
        (
            "idle_in_transaction_session_timeout",
            millis(config.statement_timeout),
        ),
        // Proofs rest on seeing what others have committed since a statement's lock was taken.
        ("default_transaction_isolation", "read committed".to_owned()),
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        // An index is walked in its order until the page is full, not read whole and sorted.
        ("enable_bitmapscan", "off".to_owned()),
        ("max_parallel_workers_per_gather", "0".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        ("jit", "off".to_owned()),
    ]
}

fn relay_options(config: &Config) -> RelayOptions {
    let sessions = config.write_connections + config.load_connections + 1;
    RelayOptions {
        connect: ConnectOptions {
            timeout: config.connect_timeout,
            ..ConnectOptions::default()
        },
        // Room for sessions that are ending while their successors begin.
        max_connections: 2 * (sessions + config.read_connections as usize),
        ..RelayOptions::default()
    }
}
