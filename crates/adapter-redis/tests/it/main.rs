//! The adapter on a real Redis, on one that is away, and on one that breaks.

mod away;
mod conformance;
mod keeping;
mod support;
