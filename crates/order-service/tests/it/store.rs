//! Where a test's orders are kept: what must be survived is tried on every store.

use tempfile::TempDir;
use testkit::servers::{Options, Postgres, Version};

/// An empty store, gone with the test.
pub(crate) enum Store {
    /// A file in this folder.
    Sqlite(TempDir),
    /// A server of its own, by TCP.
    Postgres(Box<Postgres>),
}

impl Store {
    pub(crate) fn sqlite() -> Store {
        Store::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) fn postgres() -> Store {
        Store::Postgres(Box::new(server()))
    }

    /// As `DATABASE_URL` names it.
    pub(crate) fn url(&self) -> String {
        match self {
            Store::Sqlite(folder) => format!("sqlite:{}/orders.db", folder.path().display()),
            Store::Postgres(server) => server.tcp_url("postgres"),
        }
    }
}

impl Store {
    /// The PostgreSQL, where it is one.
    pub(crate) fn server(&self) -> &Postgres {
        match self {
            Store::Postgres(server) => server,
            Store::Sqlite(_) => panic!("the test asks for PostgreSQL"),
        }
    }
}

/// A PostgreSQL that waits for the disk, as a real one does.
pub(crate) fn server() -> Postgres {
    Postgres::start(Version::Reference, Options::default())
}
