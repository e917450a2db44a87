//! What the golden files hold, spelled out field by field: nothing here may come from a builder that
//! changes with the code. Never change a sample whose file was released; add another one.

use order_core::domain::{
    Address, Amount, Asked, Currency, EventData, Fact, FactKey, Fingerprint, FulfillmentStatus,
    Hold, IncomingFact, Ledger, Line, LineCounters, LineQuantity, Order, OrderId, OrderRef,
    PaymentFact, PaymentKind, PaymentRelease, PaymentStatus, PaymentSums, PaymentTerms, ReturnFact,
    ReturnStatus, ShipmentFact, ShipmentKind, State, StockFact, StockKind, Timestamp, Totals,
};
use order_core::ports::ParkedFact;

pub(crate) fn orders() -> Vec<(&'static str, Order)> {
    vec![("v1_order_fresh", fresh()), ("v1_order_full", full())]
}

pub(crate) fn events() -> Vec<(&'static str, EventData)> {
    let reason = || "out of stock".to_owned();
    let hold = || hold("hold-3", "FRAUD_CHECK");
    vec![
        ("v1_event_placed", EventData::Placed),
        ("v1_event_confirmed", EventData::Confirmed),
        (
            "v1_event_rejected",
            EventData::Rejected { reason: reason() },
        ),
        ("v1_event_expired", EventData::Expired),
        (
            "v1_event_amended",
            EventData::Amended {
                fields: vec!["metadata".to_owned(), "shipping_address".to_owned()],
            },
        ),
        (
            "v1_event_lines_cancelled",
            EventData::LinesCancelled {
                lines: vec![LineQuantity {
                    line_no: 2,
                    quantity: 7,
                }],
                reason: reason(),
            },
        ),
        (
            "v1_event_cancellation_requested",
            EventData::CancellationRequested { reason: reason() },
        ),
        (
            "v1_event_cancelled",
            EventData::Cancelled { reason: reason() },
        ),
        ("v1_event_held", EventData::Held(hold())),
        ("v1_event_released", EventData::Released(hold())),
        (
            "v1_event_payment_changed",
            EventData::PaymentChanged(captured()),
        ),
        (
            "v1_event_stock_changed",
            EventData::FulfillmentChanged(reserved()),
        ),
        (
            "v1_event_shipment_changed",
            EventData::FulfillmentChanged(shipped()),
        ),
        (
            "v1_event_return_changed",
            EventData::ReturnChanged(returned()),
        ),
        (
            "v1_event_refund_due",
            EventData::RefundDue {
                amount: amount(1_234),
                currency: currency("JPY"),
            },
        ),
        (
            "v1_event_stock_release_due",
            EventData::StockReleaseDue {
                reservation_ids: vec!["res-1".to_owned(), "res-2".to_owned()],
            },
        ),
        (
            "v1_event_payment_release_due",
            EventData::PaymentReleaseDue {
                payments: vec![PaymentRelease {
                    payment_id: "pay-1".to_owned(),
                    amount: amount(99),
                }],
            },
        ),
        ("v1_event_completed", EventData::Completed),
    ]
}

pub(crate) fn parked_facts() -> Vec<(&'static str, ParkedFact)> {
    let parked = |order, fact| ParkedFact {
        fact: IncomingFact {
            key: FactKey {
                source: "/payments".to_owned(),
                id: "message-1".to_owned(),
            },
            order,
            fact,
        },
        fingerprint: Fingerprint(0x0102_0304_0506_0708_090A_0B0C_0D0E_0F10),
        parked_at: time(1_735_689_600_123),
        traceparent: None,
        caller: None,
    };
    let by_external = ParkedFact {
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        caller: Some("spiffe://example/payments".to_owned()),
        ..parked(OrderRef::External("shop-4711".to_owned()), captured())
    };
    vec![
        (
            "v1_parked_by_id",
            parked(OrderRef::Id(order_id()), shipped()),
        ),
        ("v1_parked_by_external_id", by_external),
    ]
}

/// Names and values.
type Headers = Vec<(String, Option<Vec<u8>>)>;

pub(crate) fn headers() -> Vec<(&'static str, Headers)> {
    let header = |name: &str, value: Option<&[u8]>| (name.to_owned(), value.map(<[u8]>::to_vec));
    let all = vec![
        header("ce_id", Some(b"message-1")),
        header("again", None),
        header("again", Some(b"")),
        header("", Some(&[0, 0xFF])),
    ];
    vec![("v1_headers", all)]
}

/// An order of two lines as most are right after placing.
pub(crate) fn fresh() -> Order {
    let mut order = Order {
        order_id: order_id(),
        partition: 0,
        version: 1,
        placed_at: time(1_735_689_600_000),
        updated_at: time(1_735_689_600_000),
        external_id: Some("shop-2025-000017".to_owned()),
        customer_id: "customer-23570".to_owned(),
        currency: currency("EUR"),
        lines: vec![
            line(1, "SKU-4711-BLUE", 2, 1_999),
            line(2, "SKU-0815", 1, 24_900),
        ],
        discount: Amount::ZERO,
        shipping: amount(499),
        tax: Amount::ZERO,
        payment_terms: PaymentTerms::Authorize,
        shipping_address: None,
        metadata: [("channel".to_owned(), "web".to_owned())].into(),
        confirm_before: None,
        deadline_handled: false,
        state: State::Pending,
        cancel_reason: String::new(),
        shipped_while_cancelling: false,
        ledger: Ledger::default(),
        caller_holds: Vec::new(),
        acknowledged: [].into(),
        asked: Asked::default(),
        totals: Totals::default(),
        payment: PaymentSums::default(),
        payment_status: PaymentStatus::None,
        fulfillment_status: FulfillmentStatus::Unfulfilled,
        return_status: ReturnStatus::None,
        shipments: Vec::new(),
        returns: Vec::new(),
        holds: Vec::new(),
    };
    order.derive();
    order
}

/// An order in which no written field has its default.
fn full() -> Order {
    let mut order = Order {
        partition: 3,
        version: 12,
        updated_at: time(1_735_693_200_456),
        currency: currency("KWD"),
        lines: vec![Line {
            name: Some("Kettle, 1,7 l \u{2615}".to_owned()),
            discount: amount(11),
            tax: amount(12),
            allocated_discount: amount(13),
            allocated_tax: amount(14),
            total: amount(5_999),
            cancelled: 1,
            ..line(1, "SKU-1", 3, 1_999)
        }],
        discount: amount(13),
        tax: amount(14),
        payment_terms: PaymentTerms::Capture,
        shipping_address: Some(Address {
            name: "Ada Lovelace".to_owned(),
            lines: vec!["12 St James's Square".to_owned(), "Second floor".to_owned()],
            city: "London".to_owned(),
            region: Some("Greater London".to_owned()),
            postal_code: Some("SW1Y 4JH".to_owned()),
            country: "GB".to_owned(),
        }),
        confirm_before: Some(time(1_735_776_000_000)),
        deadline_handled: true,
        state: State::Cancelling,
        cancel_reason: "changed my mind".to_owned(),
        shipped_while_cancelling: true,
        ledger: Ledger::from_facts([captured(), voided(), reserved(), shipped(), returned()]),
        caller_holds: vec![hold("hold-3", "FRAUD_CHECK"), hold("hold-5", "ADDRESS")],
        acknowledged: [
            ("contradiction.over-refund".to_owned(), -5),
            ("refund-due".to_owned(), 9),
        ]
        .into(),
        asked: Asked {
            refund: amount(700),
            reservation_ids: ["res-1".to_owned(), "res-2".to_owned()].into(),
            payments: [("pay-1".to_owned(), amount(99))].into(),
        },
        ..fresh()
    };
    order.derive();
    order
}

fn line(line_no: u32, sku: &str, quantity: u32, unit_price: i64) -> Line {
    Line {
        line_no,
        sku: sku.to_owned(),
        name: None,
        quantity,
        unit_price: amount(unit_price),
        discount: Amount::ZERO,
        tax: Amount::ZERO,
        allocated_discount: Amount::ZERO,
        allocated_tax: Amount::ZERO,
        total: amount(unit_price * i64::from(quantity)),
        cancelled: 0,
        counters: LineCounters::default(),
    }
}

fn captured() -> Fact {
    Fact::Payment(PaymentFact {
        payment_id: "pay-1".to_owned(),
        kind: PaymentKind::Captured,
        reference: "capture-1".to_owned(),
        amount: Amount::new(Amount::MAX.minor()),
        currency: Some(currency("KWD")),
        reason: "as agreed".to_owned(),
    })
}

fn voided() -> Fact {
    Fact::Payment(PaymentFact {
        payment_id: "pay-2".to_owned(),
        kind: PaymentKind::Voided,
        reference: String::new(),
        amount: None,
        currency: None,
        reason: String::new(),
    })
}

fn reserved() -> Fact {
    Fact::Stock(StockFact {
        reservation_id: "res-1".to_owned(),
        kind: StockKind::Reserved,
        reason: "row 7".to_owned(),
    })
}

fn shipped() -> Fact {
    Fact::Shipment(ShipmentFact {
        shipment_id: "parcel-1".to_owned(),
        kind: ShipmentKind::Shipped,
        lines: vec![(1, 2), (2, 1_000_000)],
        carrier: "DHL".to_owned(),
        tracking_number: "JD014600003SE".to_owned(),
    })
}

fn returned() -> Fact {
    Fact::Return(ReturnFact {
        return_id: "return-1".to_owned(),
        lines: vec![(1, 1)],
    })
}

fn hold(hold_id: &str, kind: &str) -> Hold {
    Hold {
        hold_id: hold_id.to_owned(),
        kind: kind.to_owned(),
        reason: "looks odd".to_owned(),
    }
}

fn order_id() -> OrderId {
    OrderId::from_u128(0x0194_1F29_7C00_7A11_8F30_2F6E_D4C2_A9D1)
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("within the range")
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a code of ISO 4217")
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("within the range")
}
