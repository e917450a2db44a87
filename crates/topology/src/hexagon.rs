//! Which part of the hexagon speaks by which network. This is how the service is built, whatever is configured:
//! the walls of `cargo xtask tidy` hold it.

use serde::Serialize;

/// A part of the hexagon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `core domain`.
    pub part: &'static str,
    /// The networks that it speaks by.
    pub networks: &'static [&'static str],
    /// What it has to do there.
    pub what: &'static str,
}

/// All parts.
pub(crate) const PARTS: &[Part] = &[
    Part {
        part: "core domain",
        networks: &[],
        what: "decides; makes no connection",
    },
    Part {
        part: "inbound adapters",
        networks: &["default", "data"],
        what: "probes by default; REST, gRPC, facts and commands of Kafka by data",
    },
    Part {
        part: "outbound adapters",
        networks: &["storage", "data"],
        what: "PostgreSQL and Redis by storage; events to Kafka by data",
    },
    Part {
        part: "infrastructure",
        networks: &["management"],
        what: "metrics, dashboard, traces and logs, the look at other replicas",
    },
];
