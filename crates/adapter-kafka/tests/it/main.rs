//! The adapter on a real Kafka.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod conformance;
mod consumer;
