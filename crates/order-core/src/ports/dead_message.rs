//! A message that nobody could understand, as it is kept.

use crate::domain::limits::{
    MAX_KEPT_HEAD_BYTES, MAX_KEPT_REASON_CHARS, MAX_KEPT_VALUE_BYTES, MAX_LISTED_VALUE_BYTES,
};

/// A message that nobody understood, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadMessage {
    /// The topic that it came by.
    pub topic: String,
    /// The topic's partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in their order; a name may come again.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Bytes that were left out since there were too many of them: such a message cannot be redriven.
    pub omitted_bytes: u64,
    /// Why it could not be understood.
    pub reason: String,
}

impl DeadMessage {
    /// The message within the bounds of what a store keeps: a value, or a key with headers, that is too
    /// large is left out as a whole, and so told; a reason is cut.
    #[must_use]
    pub fn bounded(mut self) -> DeadMessage {
        if self.value.as_ref().map_or(0, Vec::len) > MAX_KEPT_VALUE_BYTES {
            self.omit_value();
        }
        if self.head_bytes() > MAX_KEPT_HEAD_BYTES {
            self.omit_head();
        }
        self.reason = bounded_reason(&self.reason);
        self
    }

    /// The message with nothing but where it was and why: what is left to keep where a store refuses it.
    #[must_use]
    pub fn bare(mut self) -> DeadMessage {
        self.omit_value();
        self.omit_head();
        self
    }

    /// Bytes of everything that varies in size.
    pub fn weight_bytes(&self) -> usize {
        let value = self.value.as_ref().map_or(0, Vec::len);
        value + self.head_bytes() + self.topic.len() + self.reason.len()
    }

    fn head_bytes(&self) -> usize {
        let of = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + of(value));
        of(&self.key) + headers.sum::<usize>()
    }

    fn omit_value(&mut self) {
        let bytes = self.value.take().map_or(0, |value| value.len());
        self.omitted_bytes = self.omitted_bytes.saturating_add(bytes as u64);
    }

    fn omit_head(&mut self) {
        let bytes = self.head_bytes();
        self.key = None;
        self.headers.clear();
        self.omitted_bytes = self.omitted_bytes.saturating_add(bytes as u64);
    }
}

/// A message as it is listed: its value may be cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMessage {
    /// The message, without its reason, which is the letter's.
    pub message: DeadMessage,
    /// Bytes of the whole value.
    pub value_bytes: u64,
}

impl ListedMessage {
    /// The message whole.
    pub fn whole(message: DeadMessage) -> ListedMessage {
        let value_bytes = message.value.as_ref().map_or(0, Vec::len) as u64;
        ListedMessage {
            message,
            value_bytes,
        }
    }

    /// The same with the beginning of its value.
    #[must_use]
    pub fn cut(mut self) -> ListedMessage {
        if let Some(value) = &mut self.message.value {
            value.truncate(MAX_LISTED_VALUE_BYTES);
        }
        self
    }

    /// Whether some of the value is not here.
    pub fn is_cut(&self) -> bool {
        let here = self.message.value.as_ref().map_or(0, Vec::len) as u64;
        here < self.value_bytes
    }
}

/// A reason as stores keep it: cut, and without the one character that databases refuse in a text.
pub(crate) fn bounded_reason(reason: &str) -> String {
    let characters = reason.chars().take(MAX_KEPT_REASON_CHARS);
    let kept = |character| {
        if character == '\0' {
            '\u{fffd}'
        } else {
            character
        }
    };
    characters.map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_left_out_and_told() {
        let message = |value: usize, header: usize| DeadMessage {
            key: Some(b"key".to_vec()),
            headers: vec![("a".to_owned(), Some(vec![1; header]))],
            value: Some(vec![2; value]),
            reason: "\0".repeat(2_000),
            ..DeadMessage::default()
        };
        let fits = message(MAX_KEPT_VALUE_BYTES, MAX_KEPT_HEAD_BYTES - 4).bounded();
        assert!(fits.value.is_some() && fits.key.is_some() && fits.omitted_bytes == 0);
        assert_eq!(fits.reason, "\u{fffd}".repeat(MAX_KEPT_REASON_CHARS));
        let large = message(MAX_KEPT_VALUE_BYTES + 1, MAX_KEPT_HEAD_BYTES).bounded();
        assert_eq!(
            (&large.value, &large.key, large.headers.len()),
            (&None, &None, 0)
        );
        let all = MAX_KEPT_VALUE_BYTES + 1 + 3 + 1 + MAX_KEPT_HEAD_BYTES;
        assert_eq!(large.omitted_bytes, all as u64);
    }
}
