//! Why there is no connection, in words for operators.

use planes::PlaneError;
use std::time::Duration;
use tls::TlsError;

/// A connection was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URI names no peer.
    #[error("{0} names no peer: expected http://HOST:PORT or https://HOST:PORT")]
    Uri(http::Uri),
    /// The peer cannot be found or reached.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The peer cannot be trusted, or does not trust us.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It took too long, name and TLS together.
    #[error(
        "{peer} has not finished its TLS handshake within {within:?}; check that TLS is spoken there"
    )]
    Slow {
        /// Where.
        peer: String,
        /// How long it had.
        within: Duration,
    },
}
