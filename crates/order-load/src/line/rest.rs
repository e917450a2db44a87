//! HTTP/1.1 (RFC 9112) on one kept-alive connection: each request is one write, each answer mostly
//! one read. Answers have a `Content-Length`, as all of the service's but its streams have.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Answer, Line, RECONNECT_PAUSE, connect};
use crate::LoadError;
use crate::target::Target;

/// Header fields of an answer; more are an error.
const MAX_HEADERS: usize = 64;
/// The longest head of an answer.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The longest answer: a batch of 1,000 orders with many lines each.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// What is read at a time at least; an order fits.
const READ_BYTES: usize = 8 * 1024;
/// How much of a refusal is kept.
const MAX_REASON_BYTES: usize = 300;

/// A request with the status that means success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// JSON, or nothing.
    pub body: Bytes,
    /// What is no refusal.
    pub success: u16,
}

/// An answer whose body was read.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, where it was sent.
    pub retry_after_seconds: Option<u64>,
    /// The whole body.
    pub body: Bytes,
}

/// A connection to the service.
#[derive(Debug)]
pub struct RestLine {
    target: Target,
    stream: TcpStream,
    output: Vec<u8>,
    input: BytesMut,
}

impl Line for RestLine {
    type Call = Call;

    async fn open(target: &Target, callers: usize) -> Result<Vec<Self>, LoadError> {
        let mut lines = Vec::with_capacity(callers);
        for _ in 0..callers {
            lines.push(Self::connect(target).await?);
        }
        Ok(lines)
    }

    async fn call(&mut self, call: Call) -> Result<Answer, LoadError> {
        let response = self.send(&call).await?;
        if response.status == call.success {
            return Ok(Answer::Done(response.body));
        }
        let told = &response.body[..response.body.len().min(MAX_REASON_BYTES)];
        Ok(Answer::Refused {
            code: response.status.to_string(),
            reason: String::from_utf8_lossy(told).into_owned(),
        })
    }

    async fn reopen(&mut self) -> Result<(), LoadError> {
        tokio::time::sleep(RECONNECT_PAUSE).await;
        *self = Self::connect(&self.target).await?;
        Ok(())
    }
}

impl RestLine {
    /// Connects.
    pub async fn connect(target: &Target) -> Result<Self, LoadError> {
        Ok(Self {
            target: target.clone(),
            stream: connect(target).await?,
            output: Vec::new(),
            input: BytesMut::new(),
        })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, call: &Call) -> Result<Response, LoadError> {
        self.write(call);
        self.stream
            .write_all(&self.output)
            .await
            .map_err(LoadError::Stream)?;
        self.input.clear();
        let head = loop {
            if let Some(head) = Head::parse(&self.input)? {
                break head;
            }
            if self.input.len() > MAX_HEAD_BYTES {
                return Err(LoadError::Answer("its head has no end".to_owned()));
            }
            self.read().await?;
        };
        while self.input.len() < head.bytes + head.body_bytes {
            self.read().await?;
        }
        let mut answer = self.input.split_to(head.bytes + head.body_bytes).freeze();
        Ok(Response {
            status: head.status,
            retry_after_seconds: head.retry_after_seconds,
            body: answer.split_off(head.bytes),
        })
    }

    fn write(&mut self, call: &Call) {
        let length = call.body.len().to_string();
        let out = &mut self.output;
        out.clear();
        for part in [
            call.method,
            " ",
            &call.path,
            " HTTP/1.1\r\nhost: ",
            &self.target.authority,
        ] {
            out.extend_from_slice(part.as_bytes());
        }
        if let Some(key) = &call.key {
            out.extend_from_slice(b"\r\nidempotency-key: ");
            out.extend_from_slice(key.as_bytes());
        }
        if let Some(seconds) = self.target.max_age_seconds {
            out.extend_from_slice(b"\r\ncache-control: max-age=");
            out.extend_from_slice(seconds.to_string().as_bytes());
        }
        if !call.body.is_empty() {
            out.extend_from_slice(b"\r\ncontent-type: application/json\r\ncontent-length: ");
            out.extend_from_slice(length.as_bytes());
        }
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&call.body);
    }

    async fn read(&mut self) -> Result<(), LoadError> {
        self.input.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.input).await;
        if read.map_err(LoadError::Stream)? == 0 {
            return Err(LoadError::Answer("the connection was closed".to_owned()));
        }
        Ok(())
    }
}

/// What the head of an answer says.
struct Head {
    bytes: usize,
    status: u16,
    body_bytes: usize,
    retry_after_seconds: Option<u64>,
}

impl Head {
    /// `None` while more is to come.
    fn parse(input: &[u8]) -> Result<Option<Self>, LoadError> {
        let wrong = |what: &dyn ToString| LoadError::Answer(what.to_string());
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(input).map_err(|error| wrong(&error))?;
        let httparse::Status::Complete(bytes) = parsed else {
            return Ok(None);
        };
        let field = |name: &str| {
            let mut all = response.headers.iter();
            let found = all.find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(found.value).ok()
        };
        let body_bytes = field("content-length")
            .and_then(|length| length.parse().ok())
            .filter(|length| *length <= MAX_BODY_BYTES)
            .ok_or_else(|| wrong(&"its Content-Length is absent or too large"))?;
        Ok(Some(Self {
            bytes,
            status: response.code.unwrap_or_default(),
            body_bytes,
            retry_after_seconds: field("retry-after").and_then(|value| value.parse().ok()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 503 Busy\r\nContent-length: 12\r\nRetry-After: 3\r\n\r\n{";
        for end in 0..text.len() - 1 {
            assert!(Head::parse(&text[..end]).unwrap().is_none(), "{end}");
        }
        let head = Head::parse(text).unwrap().unwrap();
        assert_eq!((head.status, head.body_bytes), (503, 12));
        assert_eq!(head.bytes, text.len() - 1);
        assert_eq!(head.retry_after_seconds, Some(3));
    }

    #[test]
    fn an_answer_without_a_length_or_with_a_huge_one_is_refused() {
        for field in [
            "",
            "content-length: 999999999999\r\n",
            "content-length: x\r\n",
        ] {
            let text = format!("HTTP/1.1 200 OK\r\n{field}\r\n");
            assert!(Head::parse(text.as_bytes()).is_err(), "{field}");
        }
        assert!(Head::parse(b"SSH-2.0-OpenSSH\r\n").is_err());
    }
}
