//! Both sides of a connection, with certificates of an authority of the test.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod client;
mod server;
