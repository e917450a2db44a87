//! A fact whose `CloudEvents` data is a message of `orders.v1`, as a queue carries it: `PaymentFact`
//! for `payment.*`, `StockFact` for `stock.*`, `ShipmentFact` for `shipment.*`, `ReturnFact` for
//! `return.received.v1`. These messages do not name their order, so the event does.

use super::new_fact;
use crate::v1;
use crate::v1::record_fact_request::{Fact, Order};
use order_core::domain::{self, NewFact, Violations};
use prost::Message;

const PAYMENT: &str = "PaymentFact";
const STOCK: &str = "StockFact";
const SHIPMENT: &str = "ShipmentFact";
const RETURN: &str = "ReturnFact";

/// The parts of such an event.
#[derive(Clone, Debug)]
pub struct FactEvent<'a> {
    /// `CloudEvents` type, such as `payment.captured.v1`; the message's kind must agree with it.
    pub type_name: &'a str,
    /// `CloudEvents` source.
    pub source: &'a str,
    /// `CloudEvents` id.
    pub id: &'a str,
    /// The order by our id; it counts where both are given.
    pub order_id: Option<&'a str>,
    /// The order by the caller's own number.
    pub external_id: Option<&'a str>,
    /// The encoded message.
    pub data: &'a [u8],
}

/// Why the data is no fact of its event's type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFactData {
    /// The type is no fact's.
    #[error("type {0:?} is no fact; facts are {known}", known = known_types())]
    UnknownType(String),
    /// The bytes are not the message that the type asks for.
    #[error("the data is no message {message}: {reason}")]
    Undecodable {
        /// The message's name.
        message: &'static str,
        /// What prost says.
        reason: String,
    },
    /// The message tells of something else.
    #[error("the type is {type_name}, and the message is of the kind {kind}; they must agree")]
    OtherKind {
        /// The event's type.
        type_name: String,
        /// The message's kind, as a type.
        kind: &'static str,
    },
}

/// The fact of an event, checked whole; what is wrong is told in the paths of `RecordFactRequest`.
/// Where anything is wrong the fact is not to be recorded.
pub fn fact_of_event(
    event: &FactEvent<'_>,
    wrong: &mut Violations,
) -> Result<NewFact, InvalidFactData> {
    let by_id = event.order_id.map(|id| Order::OrderId(id.to_owned()));
    let external = |id: &str| Order::ExternalId(id.to_owned());
    let request = v1::RecordFactRequest {
        source: event.source.to_owned(),
        id: event.id.to_owned(),
        order: by_id.or_else(|| event.external_id.map(external)),
        fact: Some(message(event.type_name, event.data)?),
        validate_only: false,
    };
    let fact = new_fact(request, wrong);
    let told = fact.clone().check().map(|checked| checked.fact.type_name());
    match told {
        Ok(kind) if kind != event.type_name && wrong.is_empty() => {
            Err(InvalidFactData::OtherKind {
                type_name: event.type_name.to_owned(),
                kind,
            })
        }
        _ => Ok(fact),
    }
}

fn message(type_name: &str, data: &[u8]) -> Result<Fact, InvalidFactData> {
    if !domain::Fact::type_names().any(|known| known == type_name) {
        return Err(InvalidFactData::UnknownType(type_name.to_owned()));
    }
    match message_of(type_name) {
        Some(name @ PAYMENT) => decoded(name, data).map(Fact::Payment),
        Some(name @ STOCK) => decoded(name, data).map(Fact::Stock),
        Some(name @ SHIPMENT) => decoded(name, data).map(Fact::Shipment),
        Some(name @ RETURN) => decoded(name, data).map(Fact::GoodsReturn),
        _ => Err(InvalidFactData::UnknownType(type_name.to_owned())),
    }
}

/// The message of `orders.v1` that is the data of facts of this type; `None` where the type is of no
/// family of facts.
pub fn message_of(type_name: &str) -> Option<&'static str> {
    match type_name.split('.').next() {
        Some("payment") => Some(PAYMENT),
        Some("stock") => Some(STOCK),
        Some("shipment") => Some(SHIPMENT),
        Some("return") => Some(RETURN),
        _ => None,
    }
}

fn decoded<T: Message + Default>(message: &'static str, data: &[u8]) -> Result<T, InvalidFactData> {
    T::decode(data).map_err(|error| InvalidFactData::Undecodable {
        message,
        reason: error.to_string(),
    })
}

fn known_types() -> String {
    domain::Fact::type_names().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "019329c3-7d35-7a11-8f30-2f6ed4c2a9d1";

    fn event<'a>(type_name: &'a str, data: &'a [u8]) -> FactEvent<'a> {
        FactEvent {
            type_name,
            source: "/psp",
            id: "1",
            order_id: Some(ORDER),
            external_id: None,
            data,
        }
    }

    #[test]
    fn the_kind_must_be_the_types() {
        let data = v1::PaymentFact {
            kind: v1::PaymentFactKind::Captured.into(),
            payment_id: "p".to_owned(),
            amount: Some(5),
            currency: Some("EUR".to_owned()),
            ..v1::PaymentFact::default()
        }
        .encode_to_vec();
        let mut wrong = Violations::new();
        let fact = fact_of_event(&event("payment.captured.v1", &data), &mut wrong).unwrap();
        assert!(wrong.is_empty());
        assert_eq!(
            fact.check().unwrap().fact.type_name(),
            "payment.captured.v1"
        );
        let other = fact_of_event(&event("payment.refunded.v1", &data), &mut wrong);
        assert!(other.unwrap_err().to_string().contains("must agree"));
    }

    #[test]
    fn what_is_no_message_is_told() {
        let mut wrong = Violations::new();
        for (type_name, data, words) in [
            ("payment.captured.v1", &b"\xff\xff"[..], "PaymentFact"),
            ("payment.guessed.v1", b"", "payment.captured.v1"),
            ("order.place.v1", b"", "no fact"),
        ] {
            let told = fact_of_event(&event(type_name, data), &mut wrong).unwrap_err();
            assert!(told.to_string().contains(words), "{told}");
        }
        // An empty message is one, with everything missing.
        fact_of_event(&event("return.received.v1", b""), &mut wrong).unwrap();
        assert!(!wrong.is_empty());
    }
}
