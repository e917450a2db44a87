//! What is drawn is what was promised: valid orders, well-formed facts.

use order_core::domain::{
    Amount, Fact, LineQuantity, NewFact, NewFactBody, Order, OrderId, PaymentTerms, State,
    Timestamp,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::new_order;
use testkit::strategies::{any_command, any_facts, any_new_order};

fn order() -> Order {
    let new = new_order().lines(3).terms(PaymentTerms::Capture).build();
    Order::place(new, OrderId::NIL, 0, Timestamp::default()).expect("the order is valid")
}

/// The fact as a message says it.
fn message(fact: Fact) -> NewFact {
    let quantities = |lines: Vec<(u32, u32)>| {
        let wide = |(line_no, quantity): (u32, u32)| LineQuantity {
            line_no: line_no.into(),
            quantity: quantity.into(),
        };
        lines.into_iter().map(wide).collect()
    };
    let body = match fact {
        Fact::Payment(fact) => NewFactBody::Payment {
            kind: fact.kind,
            payment_id: fact.payment_id,
            reference: Some(fact.reference),
            amount: fact.amount.map(Amount::minor),
            currency: fact.currency.map(|currency| currency.code().to_owned()),
            reason: Some(fact.reason),
        },
        Fact::Stock(fact) => NewFactBody::Stock {
            kind: fact.kind,
            reservation_id: fact.reservation_id,
            reason: Some(fact.reason),
        },
        Fact::Shipment(fact) => NewFactBody::Shipment {
            kind: fact.kind,
            shipment_id: fact.shipment_id,
            carrier: Some(fact.carrier),
            tracking_number: Some(fact.tracking_number),
            lines: quantities(fact.lines),
        },
        Fact::Return(fact) => NewFactBody::Return {
            return_id: fact.return_id,
            lines: quantities(fact.lines),
        },
    };
    NewFact {
        source: "/test".into(),
        id: "1".into(),
        order_id: Some(OrderId::NIL),
        external_id: None,
        body,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_new_order_is_valid(new in any_new_order()) {
        let placed = Order::place(new, OrderId::NIL, 0, Timestamp::default());
        prop_assert!(placed.is_ok(), "{placed:?}");
    }

    #[test]
    fn every_fact_is_well_formed_and_comes_once(facts in any_facts(&order())) {
        prop_assert_eq!(facts.iter().collect::<BTreeSet<_>>().len(), facts.len());
        for fact in facts {
            prop_assert_eq!(message(fact.clone()).check().map(|incoming| incoming.fact), Ok(fact));
        }
    }

    #[test]
    fn facts_and_commands_go_together(facts in any_facts(&order()), commands in prop::collection::vec(any_command(), 0..6)) {
        let mut now = order();
        for fact in facts {
            let decision = now.record(fact, Timestamp::default(), Arc::default()).unwrap();
            now = decision.events.last().map_or(now, |event| Order::clone(&event.order));
        }
        for command in commands {
            if let Ok(decision) = command.ask(&now, Timestamp::default(), Arc::default()) {
                now = decision.events.last().map_or(now, |event| Order::clone(&event.order));
            }
        }
        prop_assert!(now.version >= 1);
    }
}

/// The sets contradict themselves and complete orders, both often enough to matter.
#[test]
fn drawn_facts_reach_far() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut held, mut states) = (0, BTreeSet::new());
    for _ in 0..2_000 {
        let facts = any_facts(&order()).new_tree(&mut runner).unwrap().current();
        let mut now = order();
        for fact in facts {
            let decision = now
                .record(fact, Timestamp::default(), Arc::default())
                .unwrap();
            now = decision
                .events
                .last()
                .map_or(now, |event| Order::clone(&event.order));
        }
        held += usize::from(!now.holds.is_empty());
        states.insert(now.state);
    }
    assert!(held > 200, "{held} of 2,000 sets contradict the order");
    assert!(
        states.is_superset(&[State::Pending, State::Confirmed, State::Rejected].into()),
        "{states:?}"
    );
}
