//! Orders that are written once and differ in two numbers: whose they are, and their key.
//!
//! Encoding a message for each call would cost the driver more than the numbers that change.

use bytes::{Bytes, BytesMut};
use order_proto::v1;
use prost::Message as _;

use crate::LoadError;
use crate::line::grpc::framed;

/// Customers that orders are spread over when nothing is said.
pub const CUSTOMERS: u16 = 10_000;
/// What each customer's id begins with; four digits follow.
const CUSTOMER_PREFIX: &str = "customer-";
const CUSTOMER_DIGITS: usize = 4;
/// What follows the run's name in a key.
const NUMBER_DIGITS: usize = 12;

/// The id of a customer.
pub fn customer(number: u16) -> String {
    format!("{CUSTOMER_PREFIX}{number:0CUSTOMER_DIGITS$}")
}

/// The key of a call.
pub fn key(run: &str, number: u64) -> String {
    format!("{run}-{number:0NUMBER_DIGITS$}")
}

/// A name for this run's keys that no other run has; made by the kernel.
pub fn run_id() -> Result<String, LoadError> {
    let path = "/proc/sys/kernel/random/uuid";
    let id = std::fs::read_to_string(path).map_err(|source| LoadError::Proc {
        path: path.to_owned(),
        source,
    })?;
    Ok(id.trim().to_owned())
}

/// An order as gRPC takes it.
pub fn message(customer: String, lines: u16, request_id: String) -> v1::PlaceOrderRequest {
    let line = |number: u16| v1::NewOrderLine {
        sku: format!("SKU-{number:04}"),
        quantity: i64::from(number % 3 + 1),
        unit_price: i64::from(1999 + u32::from(number)),
        ..v1::NewOrderLine::default()
    };
    v1::PlaceOrderRequest {
        order: Some(v1::NewOrder {
            customer_id: customer,
            currency: "EUR".to_owned(),
            lines: (0..lines).map(line).collect(),
            ..v1::NewOrder::default()
        }),
        request_id,
        validate_only: false,
    }
}

/// The same order as REST takes it.
pub fn json(customer: &str, lines: u16) -> String {
    let line = |number: u16| {
        let (quantity, price) = (number % 3 + 1, 1999 + u32::from(number));
        format!(r#"{{"sku":"SKU-{number:04}","quantity":{quantity},"unit_price":{price}}}"#)
    };
    let lines: Vec<String> = (0..lines).map(line).collect();
    format!(
        r#"{{"customer_id":"{customer}","currency":"EUR","lines":[{}]}}"#,
        lines.join(",")
    )
}

/// Bytes with room for the numbers.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Bytes,
    customer_at: usize,
    number_at: Option<usize>,
}

impl Template {
    /// A framed `PlaceOrderRequest`.
    pub fn grpc(run: &str, lines: u16) -> Self {
        let message = message(customer(0), lines, key(run, 0));
        Self::of(framed(&message.encode_to_vec()), Some(&key(run, 0)))
    }

    /// The body of `POST /v1/orders`; the key is not in it.
    pub fn rest(lines: u16) -> Self {
        Self::of(json(&customer(0), lines).into(), None)
    }

    fn of(bytes: Bytes, key: Option<&str>) -> Self {
        let behind = |text: &str| {
            let at = bytes.windows(text.len()).position(|w| w == text.as_bytes());
            at.map(|at| at + text.len())
        };
        let customer = behind(&customer(0)).map_or(0, |end| end - CUSTOMER_DIGITS);
        let number = key.and_then(behind).map(|end| end - NUMBER_DIGITS);
        Self {
            customer_at: customer,
            number_at: number,
            bytes,
        }
    }

    /// The order with this number, of this customer.
    pub fn fill(&self, customer: u16, number: u64) -> Bytes {
        let mut bytes = BytesMut::from(&self.bytes[..]);
        let room = self.customer_at..self.customer_at + CUSTOMER_DIGITS;
        write_digits(&mut bytes[room], customer.into());
        if let Some(at) = self.number_at {
            write_digits(&mut bytes[at..at + NUMBER_DIGITS], number);
        }
        bytes.freeze()
    }
}

fn write_digits(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::grpc::FRAME_BYTES;

    #[test]
    fn a_filled_message_is_the_one_that_would_be_encoded() {
        let filled = Template::grpc("run", 3).fill(42, 1_234_567);
        let decoded = v1::PlaceOrderRequest::decode(&filled[FRAME_BYTES..]).unwrap();
        assert_eq!(
            decoded,
            message(customer(42), 3, "run-000001234567".to_owned())
        );
    }

    #[test]
    fn a_filled_body_is_the_order_of_its_customer() {
        let filled = Template::rest(3).fill(9_999, 7);
        assert_eq!(filled, json("customer-9999", 3));
        let value: serde_json::Value = serde_json::from_slice(&filled).unwrap();
        assert_eq!(value["lines"].as_array().unwrap().len(), 3);
        assert_eq!(value["lines"][1]["unit_price"], 2000);
    }

    #[test]
    fn two_runs_share_no_key() {
        assert_ne!(run_id().unwrap(), run_id().unwrap());
    }
}
