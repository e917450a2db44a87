//! Every order of arrival of a set of facts ends in the same order.

use crate::desk::{Story, place};
use order_core::domain::{Fact, HoldKind, NewOrder, Order, PaymentKind, StockKind};
use proptest::prelude::*;
use testkit::strategies::{any_facts, any_new_order};

/// An order, facts about it, and two orders of their arrival with some repetitions in between.
fn any_arrivals() -> impl Strategy<Value = (NewOrder, Vec<Fact>, Vec<Fact>)> {
    any_new_order().prop_flat_map(|new| {
        let facts = any_facts(&place(new.clone()));
        facts.prop_flat_map(move |facts| {
            let repeated: Vec<Fact> = facts
                .iter()
                .chain(facts.iter().step_by(3))
                .cloned()
                .collect();
            (
                Just(new.clone()),
                Just(facts).prop_shuffle(),
                Just(repeated).prop_shuffle(),
            )
        })
    })
}

/// Whether the set may leave the state to the order of arrival: it holds a contradiction, or a fact
/// and its undoing.
fn leaves_state_open(facts: &[Fact], ended: &Order) -> bool {
    let contradicts = ended
        .holds
        .iter()
        .any(|hold| hold.kind == HoldKind::Contradiction.as_str());
    let undone = facts.iter().any(|fact| match fact {
        Fact::Stock(stock) => stock.kind == StockKind::Released,
        Fact::Payment(payment) => payment.kind == PaymentKind::Voided,
        Fact::Shipment(_) | Fact::Return(_) => false,
    });
    contradicts || undone
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_of_arrival_ends_the_same((new, one_way, other_way) in any_arrivals()) {
        let (mut one, mut other) = (Story::of(new.clone()), Story::of(new));
        one.told(one_way.clone());
        other.told(other_way);
        let (one, other) = (one.order, other.order);
        prop_assert_eq!(&one.ledger, &other.ledger);
        prop_assert_eq!(one.payment, other.payment);
        prop_assert_eq!(one.payment_status, other.payment_status);
        prop_assert_eq!(one.fulfillment_status, other.fulfillment_status);
        prop_assert_eq!(one.return_status, other.return_status);
        prop_assert_eq!(&one.holds, &other.holds);
        prop_assert_eq!(&one.shipments, &other.shipments);
        prop_assert_eq!(&one.returns, &other.returns);
        prop_assert_eq!(&one.lines, &other.lines);
        if !leaves_state_open(&one_way, &one) {
            prop_assert_eq!(one.state, other.state);
        }
    }
}

/// The property above would hold of a lifecycle that never moves: drawn facts do reach the states
/// that facts can reach.
#[test]
fn drawn_facts_reach_every_state_that_facts_can_reach() {
    use order_core::domain::State;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    let mut closed = 0;
    for _ in 0..5_000 {
        let (new, facts, _) = any_arrivals().new_tree(&mut runner).unwrap().current();
        let mut story = Story::of(new);
        story.told(facts.clone());
        reached.insert(story.order.state);
        closed += u32::from(!leaves_state_open(&facts, &story.order));
    }
    for state in [
        State::Pending,
        State::Confirmed,
        State::Rejected,
        State::Completed,
    ] {
        assert!(reached.contains(&state), "{state} was never reached");
    }
    assert!(
        closed > 500,
        "the state was compared in {closed} of 5,000 sets only"
    );
}
