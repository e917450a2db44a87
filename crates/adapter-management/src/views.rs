//! Dead letters and parked facts as JSON. Members are `snake_case`; times are RFC 3339 in UTC; bytes are an
//! object with `text` where they are UTF-8, else with `base64` (RFC 4648, padded).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use order_core::app::Redriven;
use order_core::domain::OrderRef;
use order_core::ports::{
    DeadLetter, EntryId, LetterContent, ListedMessage, ParkedFact, WaitingFact,
};
use order_json::{FactView, format_timestamp};
use serde::{Serialize, Serializer};

/// A page of dead letters.
#[derive(Serialize)]
pub(crate) struct LettersJson<'a> {
    pub(crate) dead_letters: Vec<LetterJson<'a>>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<&'a str>,
}

/// A page of parked facts.
#[derive(Serialize)]
pub(crate) struct ParkedJson<'a> {
    pub(crate) parked: Vec<WaitingJson<'a>>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_page_token: Option<&'a str>,
}

/// A dead letter: it has `fact` or `message`, which `kind` says.
#[derive(Serialize)]
pub(crate) struct LetterJson<'a> {
    /// `f17` or `m17`.
    #[serde(serialize_with = "displayed")]
    id: EntryId,
    kind: &'static str,
    /// Since when it is dead.
    at: String,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fact: Option<KeptFactJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageJson<'a>>,
}

/// A fact that waits for its order.
#[derive(Serialize)]
pub(crate) struct WaitingJson<'a> {
    /// `p17`.
    #[serde(serialize_with = "displayed")]
    id: EntryId,
    /// Whether its order is known by now.
    order_known: bool,
    /// Why it could not be applied when it was redriven last; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    fact: KeptFactJson<'a>,
}

/// A fact with where it came from.
#[derive(Serialize)]
struct KeptFactJson<'a> {
    /// `CloudEvents` source and id.
    source: &'a str,
    id: &'a str,
    /// The order that it names, by one of the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    parked_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    /// What it says, as in the events of an order: `type`, and what the type needs.
    data: FactView<'a>,
}

/// A message of Kafka.
#[derive(Serialize)]
struct MessageJson<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    /// Null where there is none, as everywhere here.
    key: Option<BytesJson<'a>>,
    headers: Vec<HeaderJson<'a>>,
    value: Option<BytesJson<'a>>,
    /// Bytes of the whole value.
    value_bytes: u64,
    /// Whether `value` is only the beginning of it.
    value_cut: bool,
    /// Bytes that are not kept at all, since the message was too large: it cannot be redriven.
    omitted_bytes: u64,
}

#[derive(Serialize)]
struct HeaderJson<'a> {
    name: &'a str,
    value: Option<BytesJson<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum BytesJson<'a> {
    Text(&'a str),
    Base64(String),
}

/// What came of a redrive.
#[derive(Serialize)]
pub(crate) struct RedrivenJson {
    #[serde(serialize_with = "displayed")]
    id: EntryId,
    /// `APPLIED`, `DUPLICATE`, `PARKED` or `HELD`, as of a fact.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    /// The order's version after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// What came of a drop.
#[derive(Serialize)]
pub(crate) struct DroppedJson {
    #[serde(serialize_with = "displayed")]
    pub(crate) id: EntryId,
    /// `DROPPED`.
    pub(crate) outcome: &'static str,
}

impl<'a> From<&'a DeadLetter> for LetterJson<'a> {
    fn from(letter: &'a DeadLetter) -> LetterJson<'a> {
        let (kind, fact, message) = match &letter.content {
            LetterContent::Fact(fact) => ("fact", Some(KeptFactJson::from(&**fact)), None),
            LetterContent::Message(listed) => ("message", None, Some(MessageJson::from(&**listed))),
        };
        LetterJson {
            id: letter.id,
            kind,
            at: format_timestamp(letter.at),
            reason: &letter.reason,
            fact,
            message,
        }
    }
}

impl<'a> From<&'a WaitingFact> for WaitingJson<'a> {
    fn from(waiting: &'a WaitingFact) -> WaitingJson<'a> {
        WaitingJson {
            id: waiting.id,
            order_known: waiting.order_known,
            reason: waiting.reason.as_deref(),
            fact: KeptFactJson::from(&waiting.parked),
        }
    }
}

impl<'a> From<&'a ParkedFact> for KeptFactJson<'a> {
    fn from(kept: &'a ParkedFact) -> KeptFactJson<'a> {
        let (order_id, external_id) = match kept.order() {
            OrderRef::Id(order_id) => (Some(order_id.to_string()), None),
            OrderRef::External(external_id) => (None, Some(external_id.as_str())),
        };
        KeptFactJson {
            source: &kept.fact.key.source,
            id: &kept.fact.key.id,
            order_id,
            external_id,
            parked_at: format_timestamp(kept.parked_at),
            caller: kept.caller.as_deref(),
            traceparent: kept.traceparent.as_deref(),
            data: FactView::from(&kept.fact.fact),
        }
    }
}

impl<'a> From<&'a ListedMessage> for MessageJson<'a> {
    fn from(listed: &'a ListedMessage) -> MessageJson<'a> {
        let message = &listed.message;
        let cut = listed.is_cut();
        let header = |(name, value): &'a (String, Option<Vec<u8>>)| HeaderJson {
            name,
            value: value.as_deref().map(|bytes| bytes_json(bytes, false)),
        };
        let value = message.value.as_deref();
        MessageJson {
            topic: &message.topic,
            partition: message.partition,
            offset: message.offset,
            key: message.key.as_deref().map(|bytes| bytes_json(bytes, false)),
            headers: message.headers.iter().map(header).collect(),
            value: value.map(|bytes| bytes_json(bytes, cut)),
            value_bytes: listed.value_bytes,
            value_cut: cut,
            omitted_bytes: message.omitted_bytes,
        }
    }
}

impl From<&Redriven> for RedrivenJson {
    fn from(redriven: &Redriven) -> RedrivenJson {
        RedrivenJson {
            id: redriven.id,
            outcome: redriven.receipt.outcome.as_str(),
            order_id: redriven.receipt.order_id.map(|id| id.to_string()),
            version: redriven.receipt.version,
        }
    }
}

/// Bytes as text where they are UTF-8; a character that was cut through at the end is left out.
fn bytes_json(bytes: &[u8], cut: bool) -> BytesJson<'_> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => return BytesJson::Text(text),
        Err(error) if cut && error.error_len().is_none() => &bytes[..error.valid_up_to()],
        Err(_) => return BytesJson::Base64(STANDARD.encode(bytes)),
    };
    BytesJson::Text(std::str::from_utf8(valid).unwrap_or_default())
}

fn displayed<S: Serializer>(value: &EntryId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_where_they_are_text() {
        assert_eq!(
            bytes_json("grün".as_bytes(), false),
            BytesJson::Text("grün")
        );
        assert_eq!(bytes_json(b"", true), BytesJson::Text(""));
        assert_eq!(bytes_json(b"gr\xC3", true), BytesJson::Text("gr"));
        let binary = BytesJson::Base64("Z3LD".to_owned());
        assert_eq!(bytes_json(b"gr\xC3", false), binary, "nothing was cut");
        let broken = BytesJson::Base64("wyg=".to_owned());
        assert_eq!(bytes_json(b"\xC3(", true), broken, "not at its end");
    }
}
