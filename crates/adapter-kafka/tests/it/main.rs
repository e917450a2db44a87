//! The adapter on a real Kafka.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod advertised;
mod bench;
mod conformance;
mod consumer;
mod control;
mod events;
mod faults;
mod halts;
mod names;
mod network;
mod topics;
