//! One GET, bounded in time and size, on a connection of its own: a listener for management serves few
//! connections, which nobody may keep.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HOST, InvalidHeaderValue};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use outbound::{ConnectError, Connector, ConnectorOptions, Stream};
use std::time::Duration;
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
    #[error("its answer is no HTTP: {0}")]
    Http(#[from] hyper::Error),
    #[error("its answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("it cannot be asked: {0}")]
    Request(#[from] http::Error),
    // Never with the token itself.
    #[error("the token is no header's value: {0}")]
    Token(#[from] InvalidHeaderValue),
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
    let connector = Connector::new(options);
    let fetching = async {
        let stream = connector.connect(&uri).await?;
        // Ends the connection when the answer is read or given up.
        let mut driver = JoinSet::new();
        let answer = send(stream, &uri, bearer, &mut driver).await?;
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
    if stream.speaks_http2() {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        driver.spawn(async move { _ = connection.await });
        return Ok(sender.send_request(request).await?);
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
