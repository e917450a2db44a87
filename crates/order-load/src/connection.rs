//! One HTTP/1.1 connection, kept alive, with one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use planes::{ConnectOptions, Plane, PlaneKind};

use crate::LoadError;
use crate::target::Target;

/// How long an answer may take; longer than any deadline of the service.
const REQUEST_TIMEOUT_SECONDS: u64 = 60;
/// The longest answer: a batch of 1,000 orders with many lines each.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A connection to the service.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

/// An answer whose body was read.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// `Retry-After` in seconds, where it was sent.
    pub retry_after_seconds: Option<u64>,
    /// The whole body.
    pub body: Bytes,
}

impl Connection {
    /// Connects by the unbound data plane.
    pub async fn open(target: &Target) -> Result<Self, LoadError> {
        let plane = Plane::unbound(PlaneKind::Data);
        let stream = planes::connect(&plane, target.address, ConnectOptions::default()).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender; what breaks it is told by the request that it breaks.
        tokio::spawn(connection);
        let host = HeaderValue::from_str(&target.authority).map_err(http::Error::from)?;
        Ok(Self { sender, host })
    }

    /// Posts JSON and returns the status alone; the body is read and thrown away, so that the
    /// connection can be used again.
    pub async fn post(
        &mut self,
        path: &'static str,
        key: &str,
        body: Bytes,
    ) -> Result<StatusCode, LoadError> {
        let key = HeaderValue::from_str(key).map_err(http::Error::from)?;
        in_time(async {
            let mut response = self.send(path, Some(key), body).await?;
            while let Some(frame) = response.body_mut().frame().await {
                frame?;
            }
            Ok(response.status())
        })
        .await
    }

    /// Posts JSON and returns the whole answer.
    pub async fn post_and_read(
        &mut self,
        path: &'static str,
        body: Bytes,
    ) -> Result<Answer, LoadError> {
        in_time(async {
            let response = self.send(path, None, body).await?;
            let status = response.status();
            let retry_after_seconds = response
                .headers()
                .get(http::header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok());
            let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
                .collect()
                .await
                .map_err(|error| LoadError::Body(error.to_string()))?
                .to_bytes();
            Ok(Answer {
                status,
                retry_after_seconds,
                body,
            })
        })
        .await
    }

    async fn send(
        &mut self,
        path: &'static str,
        key: Option<HeaderValue>,
        body: Bytes,
    ) -> Result<Response<Incoming>, LoadError> {
        self.sender.ready().await?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Ok(self
            .sender
            .send_request(request.body(Full::new(body))?)
            .await?)
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    tokio::time::timeout(Duration::from_secs(REQUEST_TIMEOUT_SECONDS), work)
        .await
        .unwrap_or(Err(LoadError::Timeout {
            seconds: REQUEST_TIMEOUT_SECONDS,
        }))
}
