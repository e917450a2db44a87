//! Unary gRPC (the protocol's PROTOCOL-HTTP2.md) straight over HTTP/2: messages come encoded and
//! framed, so that a call is a frame of headers and a frame of data. No client stack of layers and
//! codecs stands between, for what it costs.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};
use tokio::sync::Mutex;

use super::{Answer, Line, RECONNECT_PAUSE, connect};
use crate::LoadError;
use crate::target::Target;

/// What a stream may send before we have read it: a whole batch's answer.
const STREAM_WINDOW_BYTES: u32 = 16 * 1024 * 1024;
/// The same for all streams of a connection together.
const CONNECTION_WINDOW_BYTES: u32 = 64 * 1024 * 1024;
/// Before a message: not compressed, and its length (Length-Prefixed-Message).
pub const FRAME_BYTES: usize = 5;
/// The codes by number (google.rpc.Code).
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A unary call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `/package.Service/Method`.
    pub method: &'static str,
    /// The message in its frame, as [`framed`] makes it.
    pub message: Bytes,
}

/// A message with what stands before it on the wire.
pub fn framed(message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(FRAME_BYTES + message.len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.extend_from_slice(message);
    bytes.freeze()
}

/// One caller of a connection that others share.
#[derive(Debug)]
pub struct GrpcLine {
    shared: Arc<Shared>,
    send: SendRequest<Bytes>,
    generation: u64,
    headers: HeaderMap,
    /// Of the last method: a line mostly calls one.
    uri: (&'static str, Uri),
}

#[derive(Debug)]
struct Shared {
    target: Target,
    newest: Mutex<(u64, SendRequest<Bytes>)>,
}

impl Line for GrpcLine {
    type Call = Call;

    async fn open(target: &Target, callers: usize) -> Result<Vec<Self>, LoadError> {
        let send = handshake(target).await?;
        let shared = Arc::new(Shared {
            target: target.clone(),
            newest: Mutex::new((0, send.clone())),
        });
        let mut headers = HeaderMap::new();
        headers.insert(http::header::TE, HeaderValue::from_static("trailers"));
        let grpc = HeaderValue::from_static("application/grpc");
        headers.insert(http::header::CONTENT_TYPE, grpc);
        if let Some(seconds) = target.max_age_seconds {
            headers.insert("max-staleness", HeaderValue::from(seconds));
        }
        let line = || Self {
            shared: Arc::clone(&shared),
            send: send.clone(),
            generation: 0,
            headers: headers.clone(),
            uri: ("", Uri::default()),
        };
        Ok((0..callers).map(|_| line()).collect())
    }

    async fn call(&mut self, call: Call) -> Result<Answer, LoadError> {
        let request = self.request(call.method)?;
        self.send = self.send.clone().ready().await?;
        let (response, mut stream) = self.send.send_request(request, false)?;
        stream.send_data(call.message, true)?;
        let (head, mut body) = response.await?.into_parts();
        if head.status != 200 {
            let code = format!("HTTP {}", head.status.as_u16());
            return Ok(refused(&code, &head.headers));
        }
        let message = whole(&mut body).await?;
        // An error without a message has one block of headers alone ("Trailers-Only").
        let trailers = body.trailers().await?.unwrap_or(head.headers);
        let code = trailers.get("grpc-status").map(HeaderValue::as_bytes);
        if code == Some(b"0") {
            return Ok(Answer::Done(message));
        }
        let code = code.and_then(|code| std::str::from_utf8(code).ok()?.parse::<usize>().ok());
        let name = code.and_then(|code| CODES.get(code));
        Ok(refused(name.unwrap_or(&"no grpc-status"), &trailers))
    }

    /// The first of the connection's callers connects; the others take what it has made.
    async fn reopen(&mut self) -> Result<(), LoadError> {
        let mut newest = self.shared.newest.lock().await;
        if newest.0 == self.generation {
            tokio::time::sleep(RECONNECT_PAUSE).await;
            *newest = (self.generation + 1, handshake(&self.shared.target).await?);
        }
        (self.generation, self.send) = (newest.0, newest.1.clone());
        Ok(())
    }
}

impl GrpcLine {
    fn request(&mut self, method: &'static str) -> Result<Request<()>, LoadError> {
        if self.uri.0 != method {
            let uri = Uri::builder()
                .scheme("http")
                .authority(self.shared.target.authority.as_str())
                .path_and_query(method);
            self.uri = (method, uri.build()?);
        }
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri.1.clone();
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }
}

async fn handshake(target: &Target) -> Result<SendRequest<Bytes>, LoadError> {
    let stream = connect(target).await?;
    let (send, connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .enable_push(false)
        .handshake(stream)
        .await?;
    // Ends with the last caller; what breaks it is told by the call that it breaks.
    tokio::spawn(connection);
    Ok(send)
}

/// The message without its frame; empty where there is none.
async fn whole(body: &mut RecvStream) -> Result<Bytes, LoadError> {
    let mut message = Bytes::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        // Mostly there is one chunk, which is not copied.
        message = if message.is_empty() {
            chunk
        } else {
            [message, chunk].concat().into()
        };
    }
    let start = FRAME_BYTES.min(message.len());
    Ok(message.split_off(start))
}

fn refused(code: &str, headers: &HeaderMap) -> Answer {
    let reason = headers.get("grpc-message");
    let reason = reason.and_then(|reason| reason.to_str().ok());
    Answer::Refused {
        code: code.to_owned(),
        reason: reason.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_length_before_it() {
        assert_eq!(framed(b"abc").as_ref(), b"\0\0\0\0\x03abc");
        assert_eq!(framed(&[]).len(), FRAME_BYTES);
    }
}
