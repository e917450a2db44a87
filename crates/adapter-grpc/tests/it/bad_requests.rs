//! The table of bad input, continued: changes, reads and facts.

use crate::bad_cases::{Ask, Case, case, long};
use crate::facts::{came_back, captured, fact, parcel, reserved, units};
use order_proto::v1::record_fact_request::{Fact, Order};
use order_proto::v1::{
    AmendOrderRequest, CancelOrderRequest, GetOrderRequest, HoldOrderRequest, LineQuantity,
    ListOrderEventsRequest, ListOrdersRequest, OrderAmendment, RecordFactRequest,
    ReleaseOrderRequest, ShipmentFactKind, WatchOrdersRequest,
};
use prost_types::{FieldMask, Timestamp};

/// Changes; `order_id` is of a placed order.
pub(crate) fn changes(order_id: &str) -> Vec<Case> {
    let id = || order_id.to_owned();
    let cancel = || CancelOrderRequest {
        order_id: id(),
        reason: "r".to_owned(),
        ..CancelOrderRequest::default()
    };
    let units = |line_no, quantity| vec![LineQuantity { line_no, quantity }];
    vec![
        case(Ask::Cancel(CancelOrderRequest::default()), &["order_id"]),
        case(
            Ask::Cancel(CancelOrderRequest {
                reason: String::new(),
                etag: "3".to_owned(),
                ..cancel()
            }),
            &["etag", "reason"],
        ),
        case(
            Ask::Cancel(CancelOrderRequest {
                request_id: "a b".to_owned(),
                ..cancel()
            }),
            &["request_id"],
        ),
        case(
            Ask::Cancel(CancelOrderRequest {
                lines: units(9, 1),
                ..cancel()
            }),
            &["lines[0].line_no"],
        ),
        case(
            Ask::Cancel(CancelOrderRequest {
                lines: units(1, 0),
                ..cancel()
            }),
            &["lines[0].quantity"],
        ),
        case(
            Ask::Hold(HoldOrderRequest {
                order_id: id(),
                ..HoldOrderRequest::default()
            }),
            &["kind", "reason"],
        ),
        case(
            Ask::Hold(HoldOrderRequest {
                order_id: id(),
                kind: "CONTRADICTION".to_owned(),
                reason: "r".to_owned(),
                ..HoldOrderRequest::default()
            }),
            &["kind"],
        ),
        case(
            Ask::Release(ReleaseOrderRequest {
                order_id: "7".to_owned(),
                ..ReleaseOrderRequest::default()
            }),
            &["order_id", "hold_id"],
        ),
    ]
}

/// Amendments; `order_id` is of a placed order.
pub(crate) fn amendments(order_id: &str) -> Vec<Case> {
    let amend = |paths: &[&str], order: OrderAmendment| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Ask::Amend(AmendOrderRequest {
            order_id: order_id.to_owned(),
            order: Some(order),
            update_mask: Some(FieldMask { paths }),
            ..AmendOrderRequest::default()
        })
    };
    let late = OrderAmendment {
        confirm_before: Some(Timestamp {
            seconds: 1,
            nanos: 0,
        }),
        ..OrderAmendment::default()
    };
    let pair = OrderAmendment {
        metadata: [("a".to_owned(), "1".to_owned())].into(),
        ..OrderAmendment::default()
    };
    vec![
        case(
            amend(&["*", "state", "shipping_address.street", "metadata"], pair),
            &[
                "update_mask.paths[0]",
                "update_mask.paths[1]",
                "update_mask.paths[2]",
                "update_mask.paths[3]",
            ],
        ),
        case(
            amend(&["confirm_before"], late.clone()),
            &["order.confirm_before"],
        ),
        case(amend(&[], late), &["order.confirm_before"]),
        case(
            amend(&["shipping_address.city"], OrderAmendment::default()),
            &[
                "order.shipping_address.name",
                "order.shipping_address.lines",
                "order.shipping_address.city",
                "order.shipping_address.country",
            ],
        ),
    ]
}

/// Reads; `order_id` is of a placed order.
pub(crate) fn reads(order_id: &str) -> Vec<Case> {
    let id = || order_id.to_owned();
    let list = ListOrdersRequest::default;
    let watch = WatchOrdersRequest::default;
    vec![
        case(Ask::Get(GetOrderRequest::default()), &["order_id"]),
        case(
            Ask::History(ListOrderEventsRequest {
                order_id: id(),
                page_size: -1,
                page_token: "x".to_owned(),
            }),
            &["page_size", "page_token"],
        ),
        case(
            Ask::List(ListOrdersRequest {
                customer_id: Some(String::new()),
                external_id: Some(long(65)),
                state: 8,
                payment_status: 11,
                fulfillment_status: -1,
                page_size: -1,
                page_token: "x".to_owned(),
                placed_after: Some(Timestamp {
                    seconds: 0,
                    nanos: -1,
                }),
                ..list()
            }),
            &[
                "placed_after",
                "state",
                "payment_status",
                "fulfillment_status",
                "customer_id",
                "external_id",
                "page_size",
                "page_token",
            ],
        ),
        case(
            Ask::Watch(WatchOrdersRequest {
                after: Some("01".to_owned()),
                customer_id: Some(String::new()),
                state: 99,
            }),
            &["after", "customer_id", "state"],
        ),
        case(
            Ask::Watch(WatchOrdersRequest {
                after: Some("999".to_owned()),
                ..watch()
            }),
            &["after"],
        ),
    ]
}

pub(crate) fn facts(order_id: &str) -> Vec<Case> {
    let of = |told: Fact| fact("f", Order::OrderId(order_id.to_owned()), told);
    let sound = || of(captured(1));
    let mut payment = of(captured(-1));
    if let Some(Fact::Payment(fact)) = &mut payment.fact {
        fact.payment_id.clear();
        fact.currency = Some("eur".to_owned());
        fact.reason = long(501);
    }
    let mut kindless = of(captured(5));
    if let Some(Fact::Payment(fact)) = &mut kindless.fact {
        fact.kind = 0;
        fact.payment_id.clear();
    }
    let mut amountless = sound();
    if let Some(Fact::Payment(fact)) = &mut amountless.fact {
        (fact.amount, fact.currency) = (None, None);
    }
    let mut stock = of(reserved());
    if let Some(Fact::Stock(fact)) = &mut stock.fact {
        (fact.kind, fact.reservation_id) = (9, long(65));
    }
    let mut goods = of(came_back());
    if let Some(Fact::GoodsReturn(fact)) = &mut goods.fact {
        fact.kind = 0;
        fact.lines[1].quantity = 0;
    }
    let whom = |order: Order| RecordFactRequest {
        order: Some(order),
        ..sound()
    };
    vec![
        case(
            Ask::Fact(RecordFactRequest::default()),
            &["order_id", "fact", "source", "id"],
        ),
        case(
            Ask::Fact(payment),
            &[
                "payment.payment_id",
                "payment.reason",
                "payment.currency",
                "payment.amount",
            ],
        ),
        case(Ask::Fact(kindless), &["payment.kind", "payment.payment_id"]),
        case(
            Ask::Fact(amountless),
            &["payment.currency", "payment.amount"],
        ),
        case(Ask::Fact(stock), &["stock.kind", "stock.reservation_id"]),
        case(
            Ask::Fact(goods),
            &["goods_return.kind", "goods_return.lines[1].quantity"],
        ),
        case(
            Ask::Fact(of(parcel(ShipmentFactKind::Shipped, Vec::new()))),
            &["shipment.lines"],
        ),
        case(
            Ask::Fact(of(parcel(ShipmentFactKind::Lost, units()))),
            &["shipment.lines"],
        ),
        case(
            Ask::Fact(of(parcel(ShipmentFactKind::Unspecified, units()))),
            &["shipment.kind"],
        ),
        case(
            Ask::Fact(whom(Order::OrderId("7".to_owned()))),
            &["order_id"],
        ),
        case(
            Ask::Fact(whom(Order::ExternalId(String::new()))),
            &["external_id"],
        ),
    ]
}
