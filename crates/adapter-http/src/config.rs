//! Every bound of the edge, and where it listens.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How REST is served. The defaults are for production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens.
    pub listen_addr: SocketAddr,
    /// Single-threaded runtimes of its own, each with a listener of its own on the same address
    /// (`SO_REUSEPORT`); 0: one listener on the runtime that binds it.
    pub threads: usize,
    /// Connections at a time, of all threads together; who comes later waits in the kernel's queue.
    pub max_connections: usize,
    /// Bytes of a request's body, at most; more is answered with 413.
    pub max_body_bytes: usize,
    /// Bytes of a request's head, at most; more is answered with 431.
    pub max_header_bytes: usize,
    /// Fields of a request's head, at most.
    pub max_header_fields: usize,
    /// How long a request's head may take, and how long a connection may stay without one.
    pub header_read_timeout: Duration,
    /// How long a request's body may take; then 408.
    pub body_read_timeout: Duration,
    /// How long an answer may take; then 503. What was handed to the store goes on.
    pub request_timeout: Duration,
    /// HTTP/2 requests at a time on one connection.
    pub max_concurrent_streams: u32,
    /// Watchers (`:watch`) at a time; who comes later gets 503.
    pub max_watch_streams: usize,
    /// How often a silent stream sends a sign of life.
    pub watch_keep_alive: Duration,
    /// How long open requests may take after the stop.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen_addr: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            max_connections: 10_000,
            max_body_bytes: 1 << 20,
            max_header_bytes: 32 << 10,
            max_header_fields: 100,
            header_read_timeout: Duration::from_secs(30),
            body_read_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            max_concurrent_streams: 256,
            max_watch_streams: 1_000,
            watch_keep_alive: Duration::from_secs(15),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
