//! The binary as its users meet it: the command line, the start, the stop, the kill.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod callers;
mod client;
mod command_line;
mod disk;
mod exactly_once;
mod grpc;
mod history;
mod kill;
mod life;
mod planes;
mod readme;
mod replicas;
mod service;
mod start;
mod stop;
mod store;
mod topics;
