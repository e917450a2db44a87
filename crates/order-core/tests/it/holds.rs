//! Holds: a caller's, the service's own, and what becomes of them.

use crate::desk::Story;
use order_core::domain::{Fact, PaymentKind, Refusal, State};
use testkit::{fact, new_order};

#[test]
fn a_callers_hold_blocks_the_way_forward_and_no_fact() {
    let mut story = Story::of(new_order());
    let order = story.order.clone();
    assert_eq!(story.hold("FRAUD_REVIEW").unwrap(), ["order.held.v1"]);
    assert_eq!(story.holds(), ["hold-2"]);
    story.told([fact::reserved("r"), fact::authorized(&order, "p", 1_000)]);
    assert_eq!(story.order.state, State::Pending);
    assert_eq!(
        story.release("hold-2").unwrap(),
        ["order.released.v1", "order.confirmed.v1"]
    );
}

#[test]
fn only_callers_kinds_and_known_holds_are_taken() {
    let mut story = Story::of(new_order());
    for kind in [
        "",
        "review",
        "A-B",
        "REFUND_DUE",
        "CONTRADICTION",
        &"A".repeat(41),
    ] {
        assert!(
            matches!(story.hold(kind), Err(Refusal::Invalid(_))),
            "{kind}"
        );
    }
    assert!(matches!(
        story.release("hold-2"),
        Err(Refusal::UnknownHold { .. })
    ));
}

#[test]
fn contradictions_hold_the_order_and_name_what_they_are_about() {
    let order = Story::of(new_order()).order;
    let mut wrong = fact::payment(&order, "p", PaymentKind::Captured, "", Some(100));
    if let Fact::Payment(payment) = &mut wrong {
        payment.currency = order_core::domain::Currency::parse("USD");
    }
    let refund = fact::refunded(&order, "p", "1", 5);
    for (facts, hold) in [
        (
            vec![wrong],
            "contradiction.wrong-currency.p.payment.captured.v1.",
        ),
        (vec![refund], "contradiction.over-refund"),
        (
            vec![fact::shipped("s", &[(1, 2)])],
            "contradiction.over-shipped.1",
        ),
        (
            vec![fact::shipped("s", &[(2, 1)])],
            "contradiction.unknown-line.s",
        ),
        (
            vec![fact::returned("b", &[(1, 1)])],
            "contradiction.over-returned.1",
        ),
        (
            vec![fact::reserved("r"), fact::refused("q")],
            "contradiction.stock",
        ),
        (
            vec![
                fact::captured(&order, "p", 5),
                fact::captured(&order, "p", 6),
            ],
            "contradiction.conflict.p.payment.captured.v1.",
        ),
    ] {
        let mut story = Story::of(new_order());
        let last = story.told(facts);
        assert_eq!(story.holds(), [hold]);
        assert!(last.contains(&"order.held.v1"), "{last:?}");
    }
}

#[test]
fn a_hold_that_a_late_fact_explains_goes_by_itself() {
    let mut story = Story::of(new_order());
    let order = story.order.clone();
    story.told([fact::reserved("r"), fact::refunded(&order, "p", "1", 100)]);
    assert_eq!(story.holds(), ["contradiction.over-refund"]);
    assert_eq!(
        story.told([fact::captured(&order, "p", 1_000)]),
        [
            "order.payment_changed.v1",
            "order.released.v1",
            "order.confirmed.v1"
        ]
    );
}

#[test]
fn a_released_contradiction_comes_back_only_when_it_grows() {
    let mut story = Story::of(new_order());
    let order = story.order.clone();
    story.told([fact::refunded(&order, "p", "1", 100)]);
    assert_eq!(
        story.release("contradiction.over-refund").unwrap(),
        ["order.released.v1"]
    );
    story.told([fact::reserved("r")]);
    assert!(story.holds().is_empty());
    let grown = story.told([fact::refunded(&order, "p", "2", 1)]);
    assert_eq!(grown, ["order.payment_changed.v1", "order.held.v1"]);
}

#[test]
fn a_refusal_after_confirming_is_a_contradiction_and_no_way_back() {
    let mut story = Story::of(new_order());
    let order = story.order.clone();
    story.told([fact::reserved("r"), fact::authorized(&order, "p", 1_000)]);
    story.told([fact::refused("q")]);
    assert_eq!(
        (story.order.state, story.holds()),
        (State::Confirmed, vec!["contradiction.stock"])
    );
}

#[test]
fn a_fact_told_twice_changes_nothing_also_in_other_words() {
    let mut story = Story::of(new_order());
    let order = story.order.clone();
    story.told([fact::captured(&order, "p", 5)]);
    let mut again = fact::captured(&order, "p", 5);
    if let Fact::Payment(payment) = &mut again {
        payment.reason = "sent again".into();
    }
    assert!(story.told([again]).is_empty());
}
