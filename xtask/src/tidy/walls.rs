//! The table of walls: who may depend on whom. To add a crate, add its row here first.
//!
//! Only what is shipped is walled in; dev-dependencies are free. The walls that a lock file can
//! show (who uses sqlx, axum, socket2) stand in `.deny.toml`.

/// What one crate may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    pub(crate) name: &'static str,
    /// Crates of this workspace that it may use.
    pub(crate) ours: &'static [&'static str],
    pub(crate) outside: Outside,
}

/// What one crate may use of the world.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outside {
    /// These and no others: a closed list, for crates whose purity is the point.
    Only(&'static [&'static str]),
    /// Anything but these.
    Not(&'static [&'static str]),
}

/// Stores, brokers and edges: each belongs to one adapter alone.
const EDGES_AND_STORES: &[&str] = &[
    "axum", "rdkafka", "redis", "rusqlite", "sqlx", "tonic", "socket2",
];
/// For HTTP edges.
const STORES: &[&str] = &["rdkafka", "redis", "rusqlite", "sqlx", "tonic", "socket2"];
/// For gRPC's edge, the types that it shares, and what ships telemetry.
const ALL_BUT_TONIC: &[&str] = &["axum", "rdkafka", "redis", "rusqlite", "sqlx", "socket2"];
/// For stores.
const EDGES: &[&str] = &[
    "axum",
    "hyper",
    "rdkafka",
    "redis",
    "tonic",
    "socket2",
    "serde_json",
];

/// For the broker's adapter.
const ALL_BUT_RDKAFKA: &[&str] = &[
    "axum", "hyper", "redis", "rusqlite", "sqlx", "tonic", "socket2",
];
/// For the cache's adapter.
const ALL_BUT_REDIS: &[&str] = &[
    "axum", "hyper", "rdkafka", "rusqlite", "sqlx", "tonic", "socket2",
];

/// Every crate of the workspace, in alphabetical order.
pub(crate) const WALLS: &[Wall] = &[
    Wall {
        name: "adapter-grpc",
        ours: &["observe", "order-core", "order-proto", "planes", "tls"],
        outside: Outside::Not(ALL_BUT_TONIC),
    },
    Wall {
        name: "adapter-http",
        ours: &["observe", "order-core", "order-json", "planes", "tls"],
        outside: Outside::Not(STORES),
    },
    Wall {
        name: "adapter-kafka",
        ours: &[
            "observe",
            "order-core",
            "order-json",
            "order-proto",
            "planes",
        ],
        outside: Outside::Not(ALL_BUT_RDKAFKA),
    },
    Wall {
        name: "adapter-management",
        ours: &["order-core", "order-json", "planes", "tls"],
        outside: Outside::Not(STORES),
    },
    Wall {
        name: "adapter-otlp",
        ours: &["observe", "outbound", "planes", "tls"],
        outside: Outside::Not(ALL_BUT_TONIC),
    },
    Wall {
        name: "adapter-peers",
        ours: &["netcheck", "order-core", "outbound", "planes", "tls"],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "adapter-postgres",
        ours: &[
            "group-commit",
            "order-core",
            "order-proto",
            "order-store",
            "planes",
            "tls",
        ],
        outside: Outside::Not(EDGES),
    },
    Wall {
        name: "adapter-redis",
        ours: &["group-commit", "order-core", "order-proto", "planes", "tls"],
        outside: Outside::Not(ALL_BUT_REDIS),
    },
    Wall {
        name: "adapter-sqlite",
        ours: &[
            "group-commit",
            "order-core",
            "order-proto",
            "order-store",
            "planes",
        ],
        outside: Outside::Not(EDGES),
    },
    Wall {
        name: "group-commit",
        ours: &[],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "lab",
        // It knows the service as a cluster does: by its program, its settings and its ports.
        ours: &["testkit"],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "netcheck",
        ours: &["planes"],
        outside: Outside::Only(&["serde", "serde_json", "thiserror", "tokio"]),
    },
    Wall {
        name: "observe",
        ours: &[],
        // It counts and asks; whoever ships traces tells it.
        outside: Outside::Only(&["prometheus-client", "tracing"]),
    },
    Wall {
        name: "order-core",
        ours: &[],
        // Futures and their locks are of no runtime; whatever does I/O is not on this list.
        outside: Outside::Only(&[
            "async-lock",
            "async-trait",
            "futures-util",
            "sha2",
            "thiserror",
            "uuid",
        ]),
    },
    Wall {
        name: "order-json",
        ours: &["order-core"],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "order-load",
        ours: &["order-proto", "planes"],
        outside: Outside::Not(ALL_BUT_TONIC),
    },
    Wall {
        name: "order-proto",
        ours: &["order-core"],
        outside: Outside::Not(ALL_BUT_TONIC),
    },
    Wall {
        name: "order-service",
        ours: &[
            "adapter-grpc",
            "adapter-http",
            "adapter-kafka",
            "adapter-management",
            "adapter-otlp",
            "adapter-peers",
            "adapter-postgres",
            "adapter-redis",
            "adapter-sqlite",
            "group-commit",
            "netcheck",
            "order-core",
            "order-json",
            "order-proto",
            "planes",
            "tls",
            "topology",
        ],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "order-store",
        ours: &["group-commit", "order-core", "order-proto"],
        // It knows what stores share, and no database.
        outside: Outside::Only(&["prometheus-client", "sha2", "tokio", "tracing"]),
    },
    Wall {
        name: "outbound",
        ours: &["planes", "tls"],
        // It gives clients of HTTP their connections, and is none.
        outside: Outside::Only(&[
            "http",
            "hyper",
            "hyper-util",
            "thiserror",
            "tokio",
            "tower-service",
        ]),
    },
    Wall {
        name: "planes",
        ours: &[],
        outside: Outside::Not(&["axum", "rdkafka", "redis", "rusqlite", "sqlx", "tonic"]),
    },
    Wall {
        name: "simulation",
        ours: &["group-commit", "order-core", "order-store", "testkit"],
        // Its world has no way out: nothing but the seed may decide what happens.
        outside: Outside::Only(&["async-trait", "futures-util", "tokio"]),
    },
    Wall {
        name: "testkit",
        ours: &["order-core", "order-json", "order-proto", "planes"],
        outside: Outside::Not(EDGES_AND_STORES),
    },
    Wall {
        name: "tls",
        ours: &[],
        // It is handed streams.
        outside: Outside::Only(&[
            "rustls-native-certs",
            "thiserror",
            "tokio",
            "tokio-rustls",
            "x509-parser",
        ]),
    },
    Wall {
        name: "topology",
        ours: &["netcheck", "planes"],
        // It makes a picture of facts, and gathers none.
        outside: Outside::Only(&["serde"]),
    },
    Wall {
        name: "xtask",
        ours: &[],
        outside: Outside::Only(&["serde_json", "sha2", "strsim"]),
    },
];
