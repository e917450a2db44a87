//! The bounds of the management edge.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The port that scrapes and people come to.
const MGMT_PORT: u16 = 9091;

/// Where the management plane listens, and what a client may take from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `MGMT_LISTEN_ADDR`.
    pub listen_addr: SocketAddr,
    /// Connections at a time: a few scrapers and probes, and browsers, each of which opens up to six.
    pub max_connections: usize,
    /// How long a request's head may take to arrive, and how long a connection may be idle.
    pub header_read_timeout: Duration,
    /// How much of a request's head is kept in memory; hyper takes no less than 8,192.
    pub max_head_bytes: usize,
    /// How long open requests may take to finish at the stop.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen_addr: (Ipv4Addr::UNSPECIFIED, MGMT_PORT).into(),
            max_connections: 128,
            header_read_timeout: Duration::from_secs(10),
            max_head_bytes: 16 * 1024,
            drain_timeout: Duration::from_secs(2),
        }
    }
}
