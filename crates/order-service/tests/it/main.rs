//! The binary as its users meet it: the command line, the start, the stop, the kill.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod aged_history;
mod callers;
mod client;
// The cluster of the adapter's own tests.
#[expect(dead_code, reason = "its own tests need more of it")]
#[path = "../../../adapter-peers/tests/it/cluster.rs"]
mod cluster;
// The collector of the adapter's own tests.
#[path = "../../../adapter-otlp/tests/it/collector.rs"]
mod collector;
mod command_line;
// What consumers see is checked in one way, here and in the adapter's own tests.
#[path = "../../../adapter-kafka/tests/it/consumer.rs"]
mod consumer;
mod disk;
mod documents;
mod exactly_once;
// The strict reader of the adapter's own tests.
#[path = "../../../adapter-management/tests/it/exposition.rs"]
mod exposition;
mod feed_broker;
mod feed_replicas;
mod feed_setup;
mod grpc;
mod history;
mod idle;
mod inbound;
mod kill;
mod life;
mod metrics;
mod netcheck;
mod netns;
mod overload;
mod overview;
mod peers;
mod planes;
mod readme;
mod redis;
mod replicas;
mod roles;
#[expect(dead_code, reason = "as above")]
#[path = "../../../adapter-peers/tests/it/server.rs"]
mod server;
mod service;
mod site;
mod start;
mod stop;
mod store;
#[cfg(feature = "mutants")]
mod strays;
mod tls;
mod topology;
mod trace_chain;
mod traces;
mod upgrade;
