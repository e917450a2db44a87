//! The batcher from outside, with flushers that tests drive step by step.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test by a panic, as the tests themselves do"
)]

mod bisect;
mod bounds;
mod couriers;
mod faults;
mod hand_off;
mod lifetime;
mod model;
mod property;
mod scripted;
mod writers;
