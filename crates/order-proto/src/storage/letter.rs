//! Headers of messages that nobody could understand.

use super::stored;
use super::value::DecodeError;
use prost::Message;

/// Names and values in their order; a value may be absent.
type Headers = Vec<(String, Option<Vec<u8>>)>;

/// The headers of a message.
pub fn encode_headers(headers: &Headers) -> Vec<u8> {
    let header = |(name, value): &(String, Option<Vec<u8>>)| stored::Header {
        name: name.clone(),
        value: value.clone(),
    };
    stored::DeadMessageHeaders {
        headers: headers.iter().map(header).collect(),
    }
    .encode_to_vec()
}

/// The headers with these bytes.
pub fn decode_headers(bytes: &[u8]) -> Result<Headers, DecodeError> {
    let stored = stored::DeadMessageHeaders::decode(bytes)?;
    let header = |header: stored::Header| (header.name, header.value);
    Ok(stored.headers.into_iter().map(header).collect())
}
