//! The management plane from outside, over real connections.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may stop at the first surprise too"
)]

mod admin;
mod exposition;
mod fakes;
mod overview;
mod pages;
mod probes;
mod repairs;
mod roles;
mod scrape;
mod server;
mod serving;
mod streaming;
