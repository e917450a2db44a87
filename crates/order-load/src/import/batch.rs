//! Cuts orders into request bodies that the service takes: at most so many orders and so many bytes.

use std::vec::IntoIter;

use bytes::Bytes;

use super::KeyedOrder;

/// The service takes at most this many orders in a batch.
const MAX_BATCH_ORDERS: usize = 1000;
/// The service takes bodies up to 1 MiB; a little is left, so that one more comma does not matter.
const MAX_BATCH_BYTES: usize = 1024 * 1024 - 1024;

const HEAD: &[u8] = br#"{"orders":["#;
const TAIL: &[u8] = b"]}";

/// Orders that are cut on demand, so that only the batches on their way are in memory as JSON.
#[derive(Debug)]
pub struct Batches {
    orders: IntoIter<KeyedOrder>,
    /// The order that did not fit any more, with its JSON.
    left: Option<(KeyedOrder, Vec<u8>)>,
}

/// One request.
#[derive(Debug)]
pub struct Batch {
    /// The orders in the order of the body.
    pub orders: Vec<KeyedOrder>,
    /// The JSON.
    pub body: Bytes,
}

impl Batches {
    /// All of `orders`, in their order.
    pub fn of(orders: Vec<KeyedOrder>) -> Self {
        Self {
            orders: orders.into_iter(),
            left: None,
        }
    }

    fn next_order(&mut self) -> Option<(KeyedOrder, Vec<u8>)> {
        self.left.take().or_else(|| {
            let order = self.orders.next()?;
            let json = serde_json::to_vec(&order).expect("strings and integers are always JSON");
            Some((order, json))
        })
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let mut orders = Vec::new();
        let mut body = HEAD.to_vec();
        while orders.len() < MAX_BATCH_ORDERS {
            let Some((order, json)) = self.next_order() else {
                break;
            };
            // An order that is too long alone is sent alone: the service says what is wrong with it.
            if !orders.is_empty() && body.len() + json.len() + 1 + TAIL.len() > MAX_BATCH_BYTES {
                self.left = Some((order, json));
                break;
            }
            if !orders.is_empty() {
                body.push(b',');
            }
            body.extend_from_slice(&json);
            orders.push(order);
        }
        body.extend_from_slice(TAIL);
        (!orders.is_empty()).then(|| Batch {
            orders,
            body: body.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::order::{NewLine, NewOrder};

    fn orders(count: usize, lines: usize) -> Vec<KeyedOrder> {
        let line = NewLine::totalling("SKU".to_owned(), 1, 100, 0);
        (0..count)
            .map(|n| KeyedOrder {
                idempotency_key: format!("key-{n}"),
                order: NewOrder {
                    customer_id: "c".to_owned(),
                    currency: "USD",
                    lines: vec![line.clone(); lines],
                    external_id: None,
                    metadata: BTreeMap::new(),
                },
            })
            .collect()
    }

    #[track_caller]
    fn assert_all_sent(orders: Vec<KeyedOrder>) -> Vec<usize> {
        let keys: Vec<_> = orders.iter().map(|o| o.idempotency_key.clone()).collect();
        let batches: Vec<Batch> = Batches::of(orders).collect();
        let mut sent = Vec::new();
        for batch in &batches {
            assert!(batch.body.len() <= MAX_BATCH_BYTES || batch.orders.len() == 1);
            let json: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
            for order in json["orders"].as_array().unwrap() {
                sent.push(order["idempotency_key"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(sent, keys);
        batches.iter().map(|batch| batch.orders.len()).collect()
    }

    #[test]
    fn at_most_a_thousand_orders_go_together() {
        assert_eq!(assert_all_sent(orders(2001, 1)), [1000, 1000, 1]);
        assert_eq!(assert_all_sent(Vec::new()), Vec::<usize>::new());
    }

    #[test]
    fn long_orders_are_cut_by_bytes_and_none_is_lost() {
        let sizes = assert_all_sent(orders(100, 1000));
        assert!(sizes.len() > 1, "{sizes:?}");
    }

    #[test]
    fn an_order_that_is_too_long_goes_alone() {
        assert_eq!(assert_all_sent(orders(2, 30_000)), [1, 1]);
    }
}
