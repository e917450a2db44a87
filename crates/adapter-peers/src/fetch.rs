//! One GET by HTTP/1.1, bounded in time and size, on a connection of its own: a listener for management serves few
//! connections, which nobody may keep.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HOST, InvalidHeaderValue};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use outbound::{ConnectError, Connector, ConnectorOptions, Stream};
use std::time::Duration;
use tls::TlsError;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How much of the time a connection may take, in percent: what the kernel or TLS says of it tells more than
/// that there was no answer.
const CONNECT_PERCENT: u32 = 75;

/// What came.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// The bounds of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) within: Duration,
    pub(crate) max_bytes: usize,
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("no answer within {0:?}")]
    Slow(Duration),
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    // With TLS 1.3 a server refuses a certificate of ours only after the handshake.
    #[error(transparent)]
    Refused(#[from] TlsError),
    #[error("its answer is no HTTP: {0}")]
    Http(hyper::Error),
    #[error("its answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("it cannot be asked: {0}")]
    Request(#[from] http::Error),
    // Never with the token itself.
    #[error("the token is no header's value: {0}")]
    Token(#[from] InvalidHeaderValue),
}

impl FetchError {
    /// What TLS has to say of it, where it does.
    fn of(self, host: &str) -> FetchError {
        match &self {
            FetchError::Http(error) => TlsError::within(host, error).map_or(self, Self::Refused),
            _ => self,
        }
    }
}

impl From<hyper::Error> for FetchError {
    fn from(error: hyper::Error) -> FetchError {
        FetchError::Http(error)
    }
}

/// Asks; `bearer` is a token to prove ourselves with.
pub(crate) async fn get(
    mut options: ConnectorOptions,
    uri: Uri,
    bearer: Option<&str>,
    bounds: Bounds,
) -> Result<Fetched, FetchError> {
    let connect_within = bounds.within * CONNECT_PERCENT / 100;
    options.connect.timeout = connect_within;
    options.handshake_timeout = connect_within;
    // One question is asked: HTTP/2 would cost more and, of a refusal by TLS, tell less.
    options.http2 = false;
    let connector = Connector::new(options);
    let fetching = async {
        let stream = connector.connect(&uri).await?;
        // Ends the connection when the answer is read or given up.
        let mut driver = JoinSet::new();
        let answer = send(stream, &uri, bearer, &mut driver).await;
        let answer = answer.map_err(|error| error.of(uri.host().unwrap_or_default()))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), bounds.max_bytes);
        let body = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                FetchError::TooLarge(bounds.max_bytes)
            } else {
                FetchError::Body(error)
            }
        })?;
        Ok(Fetched {
            status,
            body: body.to_bytes(),
        })
    };
    timeout(bounds.within, fetching)
        .await
        .unwrap_or(Err(FetchError::Slow(bounds.within)))
}

async fn send(
    stream: Stream,
    uri: &Uri,
    bearer: Option<&str>,
    driver: &mut JoinSet<()>,
) -> Result<http::Response<Incoming>, FetchError> {
    let mut request = Request::get(uri.clone())
        .header(ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())?;
    if let Some(token) = bearer {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    // HTTP/1 names the host in a header, and asks for the path alone (RFC 9112, 3.2).
    if let Some(authority) = uri.authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    if let Some(path) = uri.path_and_query() {
        *request.uri_mut() = Uri::from(path.clone());
    }
    let (mut sender, connection) = http1::handshake(stream).await?;
    driver.spawn(async move { _ = connection.await });
    Ok(sender.send_request(request).await?)
}
