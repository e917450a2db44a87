//! Reading a request's body: bounded in bytes and in time, copied only where it came in pieces.

use crate::error::{Code, Problem};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt;
use std::fmt::Display;
use std::time::Duration;

/// Reads the whole body, `max_bytes` at most, within `patience`.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    max_bytes: usize,
    patience: Duration,
) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Display,
{
    // What says that it is too long is refused before a byte of it is read.
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large(max_bytes));
    }
    let read = tokio::time::timeout(patience, collect(body, max_bytes)).await;
    read.unwrap_or_else(|_| {
        let detail = format!("the body did not come within {} ms", patience.as_millis());
        Err(Problem::new(Code::RequestTimeout, detail))
    })
}

async fn collect<B>(body: B, max_bytes: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
    B::Error: Display,
{
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut pieces: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(
                Code::InvalidArgument,
                format!("the body could not be read: {error}"),
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = pieces.as_ref().map_or(first.len(), BytesMut::len);
        if length + data.len() > max_bytes {
            return Err(too_large(max_bytes));
        }
        if length == 0 {
            first = data;
        } else {
            pieces
                .get_or_insert_with(|| BytesMut::from(first.as_ref()))
                .extend_from_slice(&data);
        }
    }
    Ok(pieces.map_or(first, BytesMut::freeze))
}

fn too_large(max_bytes: usize) -> Problem {
    Problem::new(
        Code::PayloadTooLarge,
        format!("the body is larger than {max_bytes} bytes"),
    )
}
