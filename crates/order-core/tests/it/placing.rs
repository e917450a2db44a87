//! Placing: what is refused, with every reason at once, and what is priced.

use crate::desk::{NOW, place, time};
use order_core::domain::{Address, NewLine, NewOrder, Order, OrderId, Violations};
use testkit::new_order;

fn refused(new: impl Into<NewOrder>) -> Violations {
    Order::place(new.into(), OrderId::NIL, 0, time(NOW)).unwrap_err()
}

fn fields(violations: &Violations) -> Vec<&str> {
    violations
        .as_slice()
        .iter()
        .map(|violation| violation.field.as_str())
        .collect()
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_callers_paths() {
    let mut new = new_order()
        .amounts(-1, -2, -3)
        .metadata("", "x")
        .confirm_before(time(NOW))
        .build();
    new.external_id = Some(String::new());
    new.customer_id = "a\u{7}".repeat(40);
    new.currency = "eur".into();
    new.expected_total = Some(-1);
    new.shipping_address = Some(Address {
        country: "XX".into(),
        ..Address::default()
    });
    new.lines.push(NewLine {
        sku: String::new(),
        quantity: 0,
        unit_price: -1,
        discount: -1,
        tax: i64::MAX,
        name: Some(String::new()),
    });
    assert_eq!(
        fields(&refused(new)),
        [
            "external_id",
            "customer_id",
            "customer_id",
            "currency",
            "lines[1].sku",
            "lines[1].name",
            "lines[1].quantity",
            "lines[1].unit_price",
            "lines[1].discount",
            "lines[1].tax",
            "shipping_address.name",
            "shipping_address.lines",
            "shipping_address.city",
            "shipping_address.country",
            "metadata.",
            "confirm_before",
            "discount",
            "shipping",
            "tax",
            "expected_total",
        ]
    );
}

/// The largest amount.
const MAX: i64 = (1 << 53) - 1;

#[test]
fn limits_are_met_to_the_unit() {
    let line = |quantity, unit_price, discount| NewLine {
        sku: "s".into(),
        quantity,
        unit_price,
        discount,
        ..NewLine::default()
    };
    let with = |line: NewLine| NewOrder {
        lines: vec![line],
        ..new_order().build()
    };

    assert!(Order::place(with(line(1, MAX, 0)), OrderId::NIL, 0, time(NOW)).is_ok());
    for (new, field) in [
        (with(line(1, MAX + 1, 0)), "lines[0].unit_price"),
        (with(line(2, MAX, 0)), "lines[0].unit_price"),
        (with(line(1_000_001, 1, 0)), "lines[0].quantity"),
        (with(line(2, 10, 21)), "lines[0].discount"),
        (new_order().amounts(1_001, 0, 0).build(), "discount"),
        (
            NewOrder {
                lines: vec![],
                ..new_order().build()
            },
            "lines",
        ),
        (
            NewOrder {
                lines: vec![line(1, 1, 0); 1_001],
                ..new_order().build()
            },
            "lines",
        ),
        (
            NewOrder {
                lines: vec![line(1, MAX, 0), line(1, 1, 0)],
                ..new_order().build()
            },
            "lines",
        ),
    ] {
        assert_eq!(fields(&refused(new)), [field]);
    }
    assert_eq!(
        place(NewOrder {
            lines: vec![line(1, 1, 0); 1_000],
            ..new_order().build()
        })
        .lines
        .len(),
        1_000
    );
}

#[test]
fn a_wrong_expected_total_has_a_code_of_its_own() {
    let mut new = new_order().build();
    new.expected_total = Some(999);
    let violations = refused(new.clone());
    assert!(violations.is_total_mismatch());
    assert_eq!(
        violations.as_slice()[0].reason,
        "is 999, but the order's total is 1000"
    );
    new.expected_total = Some(1_000);
    place(new);
}

#[test]
fn the_fingerprint_is_of_what_is_said() {
    let one = new_order().metadata("a", "b").build();
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
    let mut terms = one.clone();
    terms.payment_terms = Some(order_core::domain::PaymentTerms::Authorize);
    assert_eq!(
        one.fingerprint(),
        terms.fingerprint(),
        "the default said aloud is the same request"
    );
    let mut moved = one.clone();
    (moved.customer_id, moved.currency) = ("customer-1E".into(), "UR".into());
    assert_ne!(
        one.fingerprint(),
        moved.fingerprint(),
        "texts do not run into one another"
    );
    for change in [
        new_order().metadata("a", "c").build(),
        new_order().metadata("ab", "").build(),
        new_order().build(),
    ] {
        assert_ne!(one.fingerprint(), change.fingerprint());
    }
}
