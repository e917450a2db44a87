//! Stored bytes: read back as they were, refused when damaged, readable for good.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test by a panic, as the tests themselves do"
)]

mod damage;
mod golden;
mod round_trip;
mod samples;
