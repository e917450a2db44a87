//! Makes a connection to wherever a URI points.

use crate::error::ConnectError;
use crate::stream::{HTTP2, Stream};
use http::Uri;
use planes::{ConnectOptions, Plane, Resolver, connect_first};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tls::ClientTls;
use tower_service::Service;

/// How long the handshake of TLS may take by default, in milliseconds.
const HANDSHAKE_TIMEOUT_MS: u64 = 5_000;
/// HTTP/1 in ALPN.
const HTTP1: &str = "http/1.1";

/// How connections are made.
#[derive(Clone, Debug)]
pub struct ConnectorOptions {
    /// By which plane.
    pub plane: Plane,
    /// Who knows the addresses of names.
    pub resolver: Resolver,
    /// Whom to trust, and with what to prove ourselves, where the URI says `https`.
    pub tls: ClientTls,
    /// The name that peers of `https` must prove; `None`: the host of the URI. Replicas that share a
    /// certificate are reached by addresses that it does not name.
    pub server_name: Option<String>,
    /// Whether peers of `https` may speak HTTP/1 too. gRPC does not.
    pub http1: bool,
    /// Whether they may speak HTTP/2.
    pub http2: bool,
    /// The bounds of one attempt.
    pub connect: ConnectOptions,
    /// How long the handshake of TLS may take.
    pub handshake_timeout: Duration,
}

impl ConnectorOptions {
    /// The default bounds; peers of `https` may be whom this machine trusts, and may speak HTTP/1.
    pub fn by(plane: Plane, resolver: Resolver) -> ConnectorOptions {
        ConnectorOptions {
            plane,
            resolver,
            tls: ClientTls::default(),
            server_name: None,
            http1: true,
            http2: true,
            connect: ConnectOptions::default(),
            handshake_timeout: Duration::from_millis(HANDSHAKE_TIMEOUT_MS),
        }
    }
}

/// Makes connections, and remembers why the last one was not made. Clones are one.
#[derive(Clone, Debug)]
pub struct Connector {
    options: Arc<ConnectorOptions>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Connector {
    /// One that makes them so.
    pub fn new(options: ConnectorOptions) -> Connector {
        Connector {
            options: Arc::new(options),
            trouble: Arc::default(),
        }
    }

    /// Connects to the host and port of `uri`; without a port to 80 or, by TLS, 443. The peer must prove to
    /// be the host that the URI names, or who the options say. Must be called inside a Tokio runtime.
    pub async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let made = self.options.connect_to(uri).await;
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        *trouble = made.as_ref().err().map(ToString::to_string);
        made
    }

    /// Why the last connection was not made; nothing where it was. A client above tells less.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }
}

impl ConnectorOptions {
    async fn connect_to(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let wrong = || ConnectError::Uri(uri.clone());
        let (encrypted, usual_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return Err(wrong()),
        };
        let host = uri.host().ok_or_else(wrong)?;
        // An IPv6 address stands in brackets.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(usual_port);
        let addresses = self.resolver.addresses(host).await?;
        let stream = connect_first(&self.plane, &addresses, port, self.connect).await?;
        if !encrypted {
            return Ok(Stream::plain(stream));
        }
        let offered = match (self.http1, self.http2) {
            (true, true) => &[HTTP2, HTTP1][..],
            (true, false) => &[HTTP1],
            (false, _) => &[HTTP2],
        };
        let proves = self.server_name.as_deref().unwrap_or(host);
        let shaking = self.tls.connect_speaking(offered, proves, stream);
        let within = self.handshake_timeout;
        match tokio::time::timeout(within, shaking).await {
            Ok(secured) => Ok(Stream::encrypted(secured?)),
            Err(_) => Err(ConnectError::Slow {
                peer: format!("{host}:{port}"),
                within,
            }),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await })
    }
}
