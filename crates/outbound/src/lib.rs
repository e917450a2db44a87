//! Connections for clients of HTTP/1 and HTTP/2: bound to their plane, from the plane's own address,
//! their names asked by our own resolver, encrypted where the URI says `https`.
//!
//! A [`Connector`] is what such a client asks for a connection (`tower::Service<Uri>`); it gives hyper's
//! I/O, so tonic's channels and hyper-util's clients take it as it is. What never enters: sockets (those
//! are of `planes`), certificates (`tls`), a protocol.

mod connector;
mod error;
mod stream;

pub use connector::{Connector, ConnectorOptions};
pub use error::ConnectError;
pub use stream::Stream;
