//! Every setting once: its name, default and meaning. Flags, environment, file, `config`'s output
//! and the commented TOML are all held to this table.

use crate::setting::{Secret, Setting, file, setting};

/// The table, in the order of `--help` and of the file.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "http_listen_addr",
        "0.0.0.0:8080",
        "ADDR",
        "Where REST and the probes listen (data plane)",
    ),
    setting(
        "grpc_listen_addr",
        "0.0.0.0:9090",
        "ADDR",
        "Where gRPC listens (data plane)",
    ),
    setting(
        "mgmt_listen_addr",
        "0.0.0.0:9091",
        "ADDR",
        "Where metrics and status listen (management plane)",
    ),
    setting(
        "http_tls_mode",
        "",
        "off|tls|mtls",
        "Whether REST is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "http_tls_cert_file",
        "The certificate of REST and those above it, PEM; read again when it changes",
    ),
    file("http_tls_key_file", "The certificate's key"),
    file(
        "http_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    setting(
        "grpc_tls_mode",
        "",
        "off|tls|mtls",
        "Whether gRPC is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "grpc_tls_cert_file",
        "The certificate of gRPC and those above it, PEM; read again when it changes",
    ),
    file("grpc_tls_key_file", "The certificate's key"),
    file(
        "grpc_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    setting(
        "mgmt_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the management port is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "mgmt_tls_cert_file",
        "The certificate of the management port and those above it, PEM; read again when it changes",
    ),
    file("mgmt_tls_key_file", "The certificate's key"),
    file(
        "mgmt_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    file(
        "callers_file",
        "Which caller, by the name in its certificate, has which roles, TOML; read again when it changes; unset: every caller may do everything but administer",
    ),
    file(
        "admin_token_file",
        "The bearer token of administrators on the management port; read again when it changes; unset: by certificate alone",
    ),
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
    Setting {
        secret: Secret::InUrl,
        ..setting(
            "redis_url",
            "",
            "URL",
            "What replicas share beside the store (copies of orders, rate limits): redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS; unset: nothing",
        )
    },
    setting(
        "redis_host",
        "",
        "HOST",
        "Redis's name or address, in place of redis_url",
    ),
    setting(
        "redis_port",
        "6379",
        "PORT",
        "Redis's port, with redis_host",
    ),
    setting(
        "redis_user",
        "",
        "NAME",
        "Redis's ACL user, with redis_host; unset: its default one",
    ),
    Setting {
        secret: Secret::Whole,
        ..setting(
            "redis_password",
            "",
            "TEXT",
            "With what it signs in, with redis_host; empty: nobody signs in",
        )
    },
    setting(
        "redis_tls_mode",
        "",
        "off|tls|mtls",
        "Whether Redis's connection is encrypted; unset: as the scheme of redis_url says",
    ),
    file(
        "redis_tls_ca_file",
        "Whom Redis's certificate must come from, PEM; unset: whom this machine trusts",
    ),
    file(
        "redis_tls_cert_file",
        "The service's certificate for Redis, PEM; with redis_tls_key_file",
    ),
    file("redis_tls_key_file", "The certificate's key"),
    setting(
        "redis_prefix",
        "orders",
        "TEXT",
        "What every key in Redis begins with; deployments that share a server must differ",
    ),
    setting(
        "rate_limit",
        "",
        "CALLS/UNIT",
        "How often a caller (an address) may call REST and gRPC together: 100/s, 6000/m, 100000/h; unset: no limit",
    ),
    setting(
        "rate_limit_burst",
        "",
        "COUNT",
        "Calls that a caller may make at once; unset: the number of rate_limit",
    ),
    setting(
        "kafka_brokers",
        "",
        "HOST:PORT,…",
        "Some of Kafka's brokers: events go there, facts and commands come from there; unset: the feed is kept and can be watched",
    ),
    setting(
        "kafka_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the brokers' connections are encrypted; unset: where kafka_tls_ca_file is set",
    ),
    file(
        "kafka_tls_ca_file",
        "Whom the brokers' certificates must come from, PEM",
    ),
    file(
        "kafka_tls_cert_file",
        "The service's certificate for the brokers, PEM; with kafka_tls_key_file",
    ),
    file("kafka_tls_key_file", "The certificate's key"),
    setting(
        "kafka_cluster",
        "orders",
        "NAME",
        "Names this deployment at the brokers; two on one Kafka must differ",
    ),
    setting(
        "kafka_create_topics",
        "true",
        "BOOL",
        "Whether topics that are missing are made",
    ),
    setting(
        "kafka_topic_partitions",
        "6",
        "COUNT",
        "Partitions of topics that are made: so many of their consumers work side by side",
    ),
    setting(
        "kafka_inbound",
        "true",
        "BOOL",
        "Whether this replica consumes facts and commands",
    ),
    setting(
        "kafka_group",
        "",
        "NAME",
        "The consumer group of facts and commands; unset: kafka_cluster",
    ),
    setting(
        "feed_lease",
        "5s",
        "TIME",
        "How soon another replica publishes on when one dies",
    ),
    setting(
        "otlp_endpoint",
        "",
        "HOST:PORT",
        "The collector that gets traces and logs by OTLP over gRPC (management plane); unset: nobody does",
    ),
    setting(
        "otlp_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the collector's connection is encrypted; unset: as the scheme of otlp_endpoint says",
    ),
    file(
        "otlp_tls_ca_file",
        "Whom the collector's certificate must come from, PEM; unset: whom this machine trusts",
    ),
    file(
        "otlp_tls_cert_file",
        "The service's certificate for the collector, PEM; with otlp_tls_key_file",
    ),
    file("otlp_tls_key_file", "The certificate's key"),
    setting(
        "data_interface",
        "",
        "NAME",
        "Interface of the data plane: REST, gRPC; unset: not bound",
    ),
    setting(
        "storage_interface",
        "",
        "NAME",
        "Interface of the storage plane: databases; unset: not bound",
    ),
    setting(
        "mgmt_interface",
        "",
        "NAME",
        "Interface of the management plane: metrics; unset: not bound",
    ),
    setting(
        "default_interface",
        "",
        "NAME",
        "Interface of the default plane: probes, where the data plane is bound",
    ),
    setting(
        "dns_plane",
        "default",
        "PLANE",
        "By which plane name servers are asked: default, management, data or storage",
    ),
    setting(
        "network_status_file",
        "/etc/podinfo/network-status",
        "FILE",
        "What Multus attached, as a downward-API volume; looked at by netcheck where a plane is bound",
    ),
    setting(
        "node_ip",
        "",
        "IP",
        "The address of the node of this pod (downward API: status.hostIP), for netcheck; unset: not known",
    ),
    setting(
        "plane_wait",
        "30s",
        "TIME",
        "How long to wait at start for an interface that is named but absent",
    ),
    setting(
        "log_level",
        "info",
        "LEVEL",
        "error, warn, info, debug, trace, or a filter such as info,adapter_http=debug",
    ),
    setting(
        "log_format",
        "auto",
        "FORMAT",
        "text, json, or auto: text on a terminal, else json",
    ),
    setting(
        "drain_timeout",
        "25s",
        "TIME",
        "How long a stop waits for what was accepted",
    ),
    setting(
        "http_max_connections",
        "4096",
        "COUNT",
        "Connections that REST serves at a time",
    ),
    setting(
        "http_request_timeout",
        "10s",
        "TIME",
        "When a REST request is answered with 503 at the latest",
    ),
    setting(
        "grpc_max_connections",
        "10000",
        "COUNT",
        "Connections that gRPC serves at a time",
    ),
    setting(
        "grpc_request_timeout",
        "10s",
        "TIME",
        "When a gRPC call is answered with UNAVAILABLE at the latest",
    ),
    setting(
        "store_max_queued_changes",
        "4096",
        "COUNT",
        "Changes that may wait for a commit; more are refused with 503",
    ),
    setting(
        "database_read_connections",
        "8",
        "COUNT",
        "PostgreSQL sessions for lists, histories and the feed; others write and load by id",
    ),
];
