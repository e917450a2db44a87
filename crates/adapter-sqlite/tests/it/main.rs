//! The embedded store against the ports' contracts, the reference, and what happens to disks and
//! processes.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail their test by a panic, as the tests themselves do"
)]

mod batch;
mod conformance;
mod dead_letters;
mod disk_full;
mod files;
mod health;
mod kill;
mod lock;
mod model;
mod support;
