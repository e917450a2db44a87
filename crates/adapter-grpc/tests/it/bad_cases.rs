//! The table of bad input: what is sent, and what is to be told.

use crate::desk::{Client, line, order, place_this};
use order_proto::v1::{
    AmendOrderRequest, BatchPlaceOrdersRequest, CancelOrderRequest, GetOrderRequest,
    HoldOrderRequest, ListOrderEventsRequest, ListOrdersRequest, NewOrder, NewOrderLine,
    PlaceOrderRequest, RecordFactRequest, ReleaseOrderRequest, WatchOrdersRequest,
};
use prost_types::Timestamp;
use tonic::Status;

/// Any request.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Place(PlaceOrderRequest),
    Batch(BatchPlaceOrdersRequest),
    Get(GetOrderRequest),
    List(ListOrdersRequest),
    Cancel(CancelOrderRequest),
    Amend(AmendOrderRequest),
    Hold(HoldOrderRequest),
    Release(ReleaseOrderRequest),
    Fact(RecordFactRequest),
    History(ListOrderEventsRequest),
    Watch(WatchOrdersRequest),
}

impl Ask {
    pub(crate) async fn send(self, client: &mut Client) -> Result<(), Status> {
        match self {
            Ask::Place(ask) => client.place_order(ask).await.map(drop),
            Ask::Batch(ask) => client.batch_place_orders(ask).await.map(drop),
            Ask::Get(ask) => client.get_order(ask).await.map(drop),
            Ask::List(ask) => client.list_orders(ask).await.map(drop),
            Ask::Cancel(ask) => client.cancel_order(ask).await.map(drop),
            Ask::Amend(ask) => client.amend_order(ask).await.map(drop),
            Ask::Hold(ask) => client.hold_order(ask).await.map(drop),
            Ask::Release(ask) => client.release_order(ask).await.map(drop),
            Ask::Fact(ask) => client.record_fact(ask).await.map(drop),
            Ask::History(ask) => client.list_order_events(ask).await.map(drop),
            Ask::Watch(ask) => client.watch_orders(ask).await.map(drop),
        }
    }
}

pub(crate) struct Case {
    pub(crate) ask: Ask,
    pub(crate) reason: &'static str,
    pub(crate) fields: &'static [&'static str],
}

pub(crate) fn case(ask: Ask, fields: &'static [&'static str]) -> Case {
    Case {
        ask,
        reason: "INVALID_ARGUMENT",
        fields,
    }
}

/// An order that is wrong in what `change` does to it.
fn placing(fields: &'static [&'static str], change: impl FnOnce(&mut NewOrder)) -> Case {
    let mut order = order();
    change(&mut order);
    case(Ask::Place(place_this("key", order)), fields)
}

/// An order of one line that is wrong in what `change` does to it.
fn lining(fields: &'static [&'static str], change: impl FnOnce(&mut NewOrderLine)) -> Case {
    placing(fields, |order| {
        let mut one = line("s", 1, 100);
        change(&mut one);
        order.lines = vec![one];
    })
}

pub(crate) fn long(length: usize) -> String {
    "x".repeat(length)
}

pub(crate) fn orders() -> Vec<Case> {
    let all = &["order.customer_id", "order.currency", "order.lines"];
    let nothing = Ask::Place(PlaceOrderRequest::default());
    vec![
        case(nothing, &["request_id", "order"]),
        case(Ask::Place(place_this("k", NewOrder::default())), all),
        case(
            Ask::Place(place_this("a b", NewOrder::default())),
            &[
                "request_id",
                "order.customer_id",
                "order.currency",
                "order.lines",
            ],
        ),
        case(Ask::Place(place_this("clé", order())), &["request_id"]),
        case(Ask::Place(place_this(&long(256), order())), &["request_id"]),
        placing(&["order.customer_id"], |order| order.customer_id = long(65)),
        placing(&["order.customer_id"], |order| {
            "a\0b".clone_into(&mut order.customer_id);
        }),
        placing(&["order.currency"], |order| {
            "eur".clone_into(&mut order.currency);
        }),
        placing(&["order.currency"], |order| {
            "XXX".clone_into(&mut order.currency);
        }),
        placing(&["order.external_id"], |order| {
            order.external_id = Some(String::new());
        }),
        placing(&["order.lines"], |order| order.lines.clear()),
        placing(&["order.lines"], |order| {
            order.lines = vec![line("s", 1, 1); 1_001];
        }),
        placing(
            &[
                "order.lines[0].sku",
                "order.lines[0].quantity",
                "order.lines[0].unit_price",
                "order.lines[3].quantity",
            ],
            |order| {
                order.lines = vec![
                    line("", 0, -1),
                    line("s", 1, 1),
                    line("s", 1, 1),
                    line("s", 1_000_001, 1),
                ];
            },
        ),
    ]
}

/// Faults of one line, of amounts and of what stands beside the lines.
pub(crate) fn parts() -> Vec<Case> {
    vec![
        lining(&["order.lines[0].sku"], |line| {
            "a\nb".clone_into(&mut line.sku);
        }),
        lining(&["order.lines[0].name"], |line| {
            line.name = Some(String::new());
        }),
        lining(&["order.lines[0].quantity"], |line| {
            line.quantity = i64::MAX;
        }),
        lining(&["order.lines[0].quantity"], |line| {
            line.quantity = i64::MIN;
        }),
        lining(&["order.lines[0].quantity"], |line| {
            line.quantity = (1 << 32) + 1;
        }),
        lining(&["order.lines[0].unit_price"], |line| {
            line.unit_price = 1 << 53;
        }),
        lining(&["order.lines[0].unit_price"], |line| {
            (line.quantity, line.unit_price) = (1_000_000, (1 << 53) - 1);
        }),
        lining(&["order.lines[0].discount"], |line| line.discount = 101),
        lining(&["order.lines[0].tax"], |line| line.tax = -1),
        placing(&["order.discount"], |order| order.discount = 1_000_000),
        placing(&["order.shipping", "order.tax"], |order| {
            (order.shipping, order.tax) = (-1, -1);
        }),
        Case {
            reason: "TOTAL_MISMATCH",
            ..placing(&["order.expected_total"], |order| {
                order.expected_total = Some(4_499);
            })
        },
        placing(&["order.payment_terms"], |order| order.payment_terms = 77),
        placing(&["order.payment_terms", "order.currency"], |order| {
            order.payment_terms = -1;
            order.currency.clear();
        }),
        placing(&["order.confirm_before"], |order| {
            order.confirm_before = Some(Timestamp {
                seconds: 1,
                nanos: 0,
            });
        }),
        placing(&["order.confirm_before", "order.customer_id"], |order| {
            order.confirm_before = Some(Timestamp {
                seconds: i64::MAX,
                nanos: -1,
            });
            order.customer_id.clear();
        }),
        placing(&["order.metadata"], |order| {
            order.metadata = (0..51).map(|n| (n.to_string(), String::new())).collect();
        }),
        placing(&["order.metadata.a"], |order| {
            drop(order.metadata.insert("a".to_owned(), long(501)));
        }),
        placing(
            &[
                "order.shipping_address.name",
                "order.shipping_address.lines",
                "order.shipping_address.city",
                "order.shipping_address.country",
            ],
            |order| order.shipping_address = Some(order_proto::v1::Address::default()),
        ),
        case(
            Ask::Batch(BatchPlaceOrdersRequest::default()),
            &["requests"],
        ),
        case(
            Ask::Batch(BatchPlaceOrdersRequest {
                requests: vec![PlaceOrderRequest::default(); 1_001],
            }),
            &["requests"],
        ),
    ]
}
