//! Every bound of the edge, and where it listens.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How gRPC is served. The defaults are for production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where it listens.
    pub listen_addr: SocketAddr,
    /// Single-threaded runtimes of its own, each with a listener of its own on the same address
    /// (`SO_REUSEPORT`); 0: one listener on the runtime that binds it.
    pub threads: usize,
    /// Connections at a time, of all threads together; who comes later waits in the kernel's queue.
    pub max_connections: usize,
    /// Bytes of a request's message, at most; more is answered with `RESOURCE_EXHAUSTED`.
    pub max_message_bytes: usize,
    /// Bytes of a request's metadata, at most.
    pub max_header_bytes: u32,
    /// How long a connection may stay without a first call.
    pub first_call_timeout: Duration,
    /// How long an answer may take, whatever the caller's own deadline; then `UNAVAILABLE`. What was
    /// handed to the store goes on.
    pub request_timeout: Duration,
    /// Calls at a time on one connection; a client keeps the rest back by itself.
    pub max_concurrent_streams: u32,
    /// Bytes that may wait to be sent on one stream.
    pub max_send_buffer_bytes: usize,
    /// How often a silent connection is asked whether it lives.
    pub keepalive_interval: Duration,
    /// How long it may take to say so.
    pub keepalive_timeout: Duration,
    /// Watchers (`WatchOrders`, and health's `Watch`) at a time; who comes later gets
    /// `RESOURCE_EXHAUSTED`.
    pub max_watch_streams: usize,
    /// How often a watcher of health looks.
    pub health_watch_interval: Duration,
    /// How long open calls may take after the stop.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen_addr: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 9090)),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            max_connections: 10_000,
            max_message_bytes: 1 << 20,
            max_header_bytes: 32 << 10,
            first_call_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            max_concurrent_streams: 1_024,
            max_send_buffer_bytes: 64 << 10,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
            max_watch_streams: 1_000,
            health_watch_interval: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
