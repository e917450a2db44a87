//! The adapter on a real Redis, on one that is away, and on one that breaks.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod away;
mod conformance;
mod hot_key;
mod keeping;
mod support;
mod trust;
