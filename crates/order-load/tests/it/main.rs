//! `order-load` against a service played by the test: what is sent, what is counted, what is retried.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod import;
mod place;
mod played_service;
