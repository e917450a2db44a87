//! REST as its callers see it, over an application on the in-memory store.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helper may stop at the first surprise"
)]

mod ages;
mod bad_cases;
mod bad_input;
mod bad_requests;
mod caching;
mod changing;
mod contract;
mod desk;
mod documents;
mod facts;
mod faults;
mod feed;
mod limits;
mod listener;
mod placing;
mod probing;
mod roles;
