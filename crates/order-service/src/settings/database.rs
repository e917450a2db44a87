//! The store.

use crate::setting::{Secret, Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        secret: Secret::InUrl,
        ..setting(
            "database_url",
            "sqlite:./data/orders.db",
            "URL",
            "Where orders are kept: sqlite:PATH is the embedded store, postgres://USER@HOST/DATABASE a shared one",
        )
    },
    setting(
        "database_host",
        "",
        "HOST",
        "PostgreSQL's address or name, in place of database_url",
    ),
    setting("database_port", "5432", "PORT", "PostgreSQL's port"),
    setting(
        "database_name",
        "orders",
        "NAME",
        "The database, with database_host",
    ),
    setting(
        "database_user",
        "orders",
        "NAME",
        "Who logs in, with database_host",
    ),
    Setting {
        secret: Secret::Whole,
        ..setting(
            "database_password",
            "",
            "TEXT",
            "With what, with database_host; empty: none is sent",
        )
    },
    setting(
        "database_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the connection to PostgreSQL is encrypted; unset: as the sslmode of database_url says",
    ),
    file(
        "database_tls_ca_file",
        "Whom PostgreSQL's certificate must come from, PEM; unset: whom this machine trusts",
    ),
    file(
        "database_tls_cert_file",
        "The service's certificate for PostgreSQL, PEM; with database_tls_key_file",
    ),
    file("database_tls_key_file", "The certificate's key"),
    setting(
        "feed_partitions",
        "1",
        "COUNT",
        "Partitions of the feed: so many replicas may commit side by side; can be raised later",
    ),
];
