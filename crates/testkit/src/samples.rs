//! Orders and events that are hard to keep: every field set, every kind of event, odd texts; and every
//! set of filters. A store keeps what it is given, so these need not be what the domain would decide.

use crate::{Desk, fact, new_order};
use order_core::domain::{
    Amount, Asked, Event, EventData, FulfillmentStatus, Hold, Ledger, LineQuantity, Order,
    PaymentRelease, PaymentStatus, PaymentTerms, State, Timestamp,
};
use order_core::ports::ListFilter;

/// Texts that stores, codecs and query builders get wrong. No control characters: the domain lets
/// none in.
pub const ODD_TEXTS: &[&str] = &[
    "'; DROP TABLE orders; --",
    "\"quoted\" \\back\\slash\\ `tick` $1 ?1 :name @x",
    "100%_of_[it]*",
    " leading and trailing ",
    "\u{a0}\u{2003}odd spaces\u{3000}",
    "e\u{301} is not \u{e9}",
    "\u{df} SS \u{1e9e} \u{130} i \u{131} I",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}txt.exe\u{202c} \u{645}\u{631}\u{62d}\u{628}\u{627}",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}",
    "\u{feff}byte order mark",
    "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\u{e000}",
    "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}\u{33d}a\u{334}\u{319}lgo",
    "{\"json\": [null, 1e400, NaN]}",
    "<script>alert(1)</script>&amp;",
    "\u{4e2d}\u{6587}\u{20000}\u{2a6d6}",
    "NULL",
    "0",
];

/// An order in which no field has its default, contradictions and all.
pub fn full_order(desk: &Desk) -> Order {
    let deadline = desk.tick().plus_millis(86_400_000);
    let new = new_order()
        .lines(3)
        .external("shop-4711")
        .amounts(7, 499, 31);
    let new = new
        .terms(PaymentTerms::Capture)
        .address()
        .confirm_before(deadline);
    let mut order = desk.order(
        new.metadata("channel", "web")
            .metadata("empty", "")
            .metadata("note", "\u{1f4e6}"),
    );
    order.deadline_handled = true;
    "changed my mind".clone_into(&mut order.cancel_reason);
    order.shipped_while_cancelling = true;
    order.ledger = full_ledger(&order);
    order.lines[0].cancelled = 1;
    for n in 1..=50 {
        order.caller_holds.push(hold(n));
    }
    order.acknowledged = [
        ("contradiction.over-refund", i64::MAX),
        ("a", i64::MIN),
        ("b", -1),
        ("c", 0),
    ]
    .map(|(hold_id, level)| (hold_id.to_owned(), level))
    .into();
    order.asked = Asked {
        refund: Amount::MAX,
        reservation_ids: ["res-1", "res-2"].map(str::to_owned).into(),
        payments: [
            ("pay-1".to_owned(), Amount::ZERO),
            ("pay-2".to_owned(), Amount::MAX),
        ]
        .into(),
    };
    order.derive();
    order
}

/// Every kind of fact, some of them in contradiction, and the largest numbers.
fn full_ledger(order: &Order) -> Ledger {
    let max = Amount::MAX.minor();
    Ledger::from_facts([
        fact::authorized(order, "pay-1", 4_000),
        fact::authorized(order, "pay-1", 4_001),
        fact::captured(order, "pay-1", max),
        fact::captured(order, "pay-2", max),
        fact::failed(order, "pay-3"),
        fact::voided(order, "pay-4"),
        fact::refunded(order, "pay-1", "ref-1", max),
        fact::refund_failed(order, "pay-1", "ref-2"),
        fact::chargeback_opened(order, "pay-2", "cb-1", 5),
        fact::chargeback_reversed(order, "pay-2", "cb-1", 5),
        fact::reserved("res-1"),
        fact::refused("res-1"),
        fact::released("res-2"),
        fact::shipped_all(order, "parcel-1"),
        fact::delivered("parcel-1"),
        fact::shipped("parcel-2", &[(1, u32::MAX), (u32::MAX, 1)]),
        fact::lost("parcel-2"),
        fact::returned("return-1", &[(1, 1), (3, 3)]),
    ])
}

/// One event of every kind, from the version after `order`'s on, each with its causes set or not.
pub fn event_of_every_kind(desk: &Desk, order: &Order) -> Vec<Event> {
    let reason = || "as \u{201e}it\u{201c} is".to_owned();
    let kinds = vec![
        EventData::Placed,
        EventData::Confirmed,
        EventData::Rejected { reason: reason() },
        EventData::Expired,
        EventData::Amended {
            fields: vec!["metadata".to_owned(), "confirm_before".to_owned()],
        },
        EventData::Amended { fields: Vec::new() },
        EventData::LinesCancelled {
            lines: vec![LineQuantity {
                line_no: 1,
                quantity: 1_000_000,
            }],
            reason: reason(),
        },
        EventData::CancellationRequested { reason: reason() },
        EventData::Cancelled {
            reason: String::new(),
        },
        EventData::Held(hold(1)),
        EventData::Released(hold(2)),
        EventData::PaymentChanged(fact::refunded(order, "pay-1", "ref-1", 9)),
        EventData::FulfillmentChanged(fact::refused("res-1")),
        EventData::FulfillmentChanged(fact::shipped("parcel-1", &[(1, 2), (2, 3)])),
        EventData::ReturnChanged(fact::returned("return-1", &[(1, 1)])),
        EventData::RefundDue {
            amount: Amount::MAX,
            currency: order.currency,
        },
        EventData::StockReleaseDue {
            reservation_ids: vec!["res-1".to_owned(), "res-2".to_owned()],
        },
        EventData::PaymentReleaseDue {
            payments: vec![PaymentRelease {
                payment_id: "pay-1".to_owned(),
                amount: Amount::MAX,
            }],
        },
        EventData::Completed,
    ];
    let mut last = order.clone();
    let mut events = Vec::new();
    for (n, data) in kinds.into_iter().enumerate() {
        let mut event = desk.event(last, data);
        if n % 2 == 1 {
            event.cause = std::sync::Arc::default();
        }
        // The extremes of time, at which a narrower column would wrap.
        match n {
            0 => event.time = Timestamp::MIN,
            1 => event.time = Timestamp::MAX,
            _ => {}
        }
        last = Order::clone(&event.order);
        events.push(event);
    }
    events
}

fn hold(n: usize) -> Hold {
    Hold {
        hold_id: format!("hold-{n}"),
        kind: "FRAUD_CHECK".to_owned(),
        reason: format!("reason {n}"),
    }
}

/// Every set of filters that a list can have, but for times, which bound ids.
pub fn list_filters() -> impl Iterator<Item = ListFilter> {
    (0_u8..32).map(|bits| {
        let on = |bit: u8| bits & (1 << bit) != 0;
        ListFilter {
            external_id: on(0).then(|| "shop-1".to_owned()),
            customer_id: on(1).then(|| "customer-1".to_owned()),
            state: on(2).then_some(State::Cancelling),
            payment_status: on(3).then_some(PaymentStatus::Disputed),
            fulfillment_status: on(4).then_some(FulfillmentStatus::Shipped),
            ..ListFilter::default()
        }
    })
}
