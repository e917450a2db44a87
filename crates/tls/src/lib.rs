//! Encryption of connections: rustls, with certificates and keys from files.
//!
//! Files are read anew for each connection that is made, and by a server when they have changed, so a
//! renewed certificate needs no restart.
//! Whoever cannot be trusted is told of by name: which peer, which file, what is wrong with it. What
//! never enters: sockets (a stream is handed in), protocols above TLS, a way to skip a check.

mod caller;
mod client;
mod error;
mod files;
mod security;
mod server;
mod stream;

pub use caller::Caller;
pub use client::{ClientTls, Identity};
pub use error::{TlsError, Why};
pub use files::About;
pub use security::Security;
pub use server::{Acceptor, ServerTls};
pub use stream::Stream;
/// What [`ClientTls::connect`] makes of a stream.
pub use tokio_rustls::client::TlsStream;
/// What [`Acceptor::accept`] makes of a stream.
pub use tokio_rustls::server::TlsStream as ServerStream;

/// The example of README.md is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
