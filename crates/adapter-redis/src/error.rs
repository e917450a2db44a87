//! What can go wrong with Redis, in words for operators. No caller ever sees one: without Redis
//! everything goes on, slower.

use planes::{Peer, PlaneError};
use redis::RedisError;
use std::time::Duration;
use tls::TlsError;

/// The URL does not say where Redis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL cannot be used: {0}")]
pub struct UnusableUrl(pub(crate) &'static str);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("Redis is unreachable: {0}")]
    Plane(#[from] PlaneError),
    #[error("Redis at {peer} is not trusted: {source}")]
    Tls { peer: Peer, source: TlsError },
    #[error(
        "Redis at {peer} refused the connection: {source}; look at REDIS_USER, REDIS_PASSWORD and the ACL"
    )]
    Refused { peer: Peer, source: RedisError },
    #[error("Redis at {peer} said nothing within {timeout:?} of being connected to")]
    Silent { peer: Peer, timeout: Duration },
}
