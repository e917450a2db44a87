//! Where orders are kept: a URL, or PostgreSQL in parts.

use super::reader::Reader;
use super::render::hide_password;
use crate::setting::Source;
use adapter_postgres::{Address, Secret};
use planes::{Peer, Plane, Resolver};
use std::path::PathBuf;

/// The store that was chosen.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// The embedded one, in this file.
    Sqlite(PathBuf),
    /// A shared one.
    Postgres(Box<adapter_postgres::Config>),
}

impl Reader<'_> {
    /// The store; TCP goes by `storage`, and `resolver` finds the server's name.
    pub(super) fn database(&mut self, storage: Plane, resolver: Resolver) -> Database {
        let host = self.text("database_host");
        let mut database = if host.is_empty() {
            self.database_of_url()
        } else {
            self.database_of_parts(&host)
        };
        let max_queued_changes = self.count("store_max_queued_changes");
        let read_connections = self.count_up_to("database_read_connections", MAX_READ_CONNECTIONS);
        if let Database::Postgres(config) = &mut database {
            let by_url = config.tls.is_some();
            config.tls = self.client_tls("database", by_url);
            config.plane = storage;
            config.resolver = resolver;
            config.max_queued_changes = max_queued_changes;
            config.read_connections = read_connections;
        }
        database
    }

    fn database_of_url(&mut self) -> Database {
        const KEY: &str = "database_url";
        let value = self.values.get(KEY);
        if value.text.starts_with("postgres://") || value.text.starts_with("postgresql://") {
            match adapter_postgres::Config::from_url(&value.text) {
                Ok(config) => return Database::Postgres(Box::new(config)),
                Err(error) => self
                    .errors
                    .push(format!("{KEY} ({}): {error}", value.source)),
            }
            return Database::Sqlite(PathBuf::new());
        }
        let path = value
            .text
            .strip_prefix("sqlite:")
            .filter(|path| !path.is_empty());
        // The value may hold a password, so it is told without it.
        if path.is_none() {
            self.errors.push(format!(
                "{KEY} = {:?} ({}): must be sqlite:PATH or postgres://USER@HOST/DATABASE",
                hide_password(&value.text),
                value.source
            ));
        }
        Database::Sqlite(PathBuf::from(path.unwrap_or_default()))
    }

    fn database_of_parts(&mut self, host: &str) -> Database {
        if self.values.get("database_url").source != Source::Default {
            let source = &self.values.get("database_host").source;
            self.errors.push(format!(
                "database_host ({source}) and database_url are both set; keep one"
            ));
        }
        let port = self.parse("database_port", 0, "a port from 1 to 65535", |text| {
            text.parse().ok().filter(|port| *port > 0)
        });
        let must_be = "an address such as 10.30.0.10, or a name such as order-db";
        let fallback = Peer::from(std::net::SocketAddr::from(([0, 0, 0, 0], 0)));
        let peer = self.parse("database_host", fallback, must_be, |_| {
            Peer::new(host, port.max(1)).ok()
        });
        let address = Address::Tcp(peer);
        let (name, user) = (
            self.text_that_is_set("database_name"),
            self.text_that_is_set("database_user"),
        );
        let password = self.text("database_password");
        Database::Postgres(Box::new(adapter_postgres::Config {
            password: (!password.is_empty()).then_some(Secret(password)),
            ..adapter_postgres::Config::at(address, name, user)
        }))
    }
}

/// More sessions than that are a mistake on any server.
const MAX_READ_CONNECTIONS: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    fn postgres(environment: &[(&str, &str)]) -> adapter_postgres::Config {
        match read(environment, &[]).unwrap().database {
            Database::Postgres(config) => *config,
            Database::Sqlite(path) => panic!("SQLite in {path:?}"),
        }
    }

    #[test]
    fn a_url_and_parts_name_the_same_database() {
        let url = postgres(&[("DATABASE_URL", "postgres://me:pw@10.30.0.10/shop")]);
        let parts = postgres(&[
            ("DATABASE_HOST", "10.30.0.10"),
            ("DATABASE_NAME", "shop"),
            ("DATABASE_USER", "me"),
            ("DATABASE_PASSWORD", "pw"),
            ("STORAGE_INTERFACE", "net3"),
        ]);
        assert_eq!(url.address, parts.address);
        assert_eq!(
            (&url.database, &url.user, &url.password),
            (&parts.database, &parts.user, &parts.password)
        );
        assert_eq!(parts.plane.interface(), Some("net3"));
    }

    #[test]
    fn bounds_reach_the_store() {
        let config = postgres(&[
            ("DATABASE_HOST", "localhost"),
            ("STORE_MAX_QUEUED_CHANGES", "7"),
            ("DATABASE_READ_CONNECTIONS", "3"),
        ]);
        assert_eq!((config.max_queued_changes, config.read_connections), (7, 3));
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_password() {
        for (environment, words) in [
            (
                &[("DATABASE_URL", "postgres://me:secret@d b/orders")][..],
                "HOST:PORT",
            ),
            (&[("DATABASE_URL", "mysql://me:secret@db/o")], "sqlite:PATH"),
            (&[("DATABASE_HOST", "db.example:1")], "10.30.0.10"),
            (
                &[("DATABASE_HOST", "10.0.0.1"), ("DATABASE_PORT", "0")],
                "a port",
            ),
            (
                &[("DATABASE_HOST", "10.0.0.1"), ("DATABASE_NAME", "")],
                "database_name",
            ),
            (
                &[
                    ("DATABASE_HOST", "10.0.0.1"),
                    ("DATABASE_URL", "postgres://me:secret@10.0.0.1/o"),
                ],
                "keep one",
            ),
        ] {
            let text = read(environment, &[]).unwrap_err().join("\n");
            assert!(text.contains(words) && !text.contains("secret"), "{text}");
        }
    }
}
