//! gRPC as its callers see it: over real connections, on the in-memory store.
#![expect(
    clippy::unwrap_used,
    reason = "a test's helper may stop at the first surprise"
)]

mod ages;
mod bad_cases;
mod bad_input;
mod bad_requests;
mod changing;
mod desk;
mod draining;
mod facts;
mod faults;
mod grpcurl;
mod limits;
mod limits_of_rate;
mod placing;
mod reading;
mod roles;
mod same_as_rest;
mod slow_store;
mod told;
mod watching;
