//! No sequence of commands and facts, valid or not, breaks an invariant or panics.

use crate::desk::{NOW, cause, place, time};
use order_core::domain::{Decision, Event, Fact, Order, Refusal, State, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;
use testkit::strategies::{Command, any_command, any_fact, any_new_order};

#[derive(Clone, Debug)]
enum Step {
    Fact(Fact),
    Command(Command),
}

fn any_step(order: &Order) -> impl Strategy<Value = Step> + use<> {
    prop_oneof![
        3 => any_fact(order).prop_map(Step::Fact),
        2 => any_command().prop_map(Step::Command),
    ]
}

fn take(order: &Order, step: &Step, now: Timestamp) -> Result<Decision, Refusal> {
    match step {
        Step::Fact(fact) => order.record(fact.clone(), now, cause()),
        Step::Command(command) => command.ask(order, now, cause()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_sequence_breaks_an_invariant(
        (mut new, steps, deadline) in any_new_order().prop_flat_map(|new| {
            let steps = prop::collection::vec(any_step(&place(new.clone())), 0..25);
            (Just(new), steps, any::<bool>())
        })
    ) {
        new.confirm_before = deadline.then(|| time(NOW + 5));
        let mut order = place(new);
        check_order(&order)?;
        for (i, step) in steps.iter().enumerate() {
            let now = time(NOW + i64::try_from(i).unwrap());
            match take(&order, step, now) {
                Ok(decision) => {
                    check_events(&order, &decision.events)?;
                    if let Some(last) = decision.events.last() {
                        order = Order::clone(&last.order);
                    }
                }
                Err(refusal) => {
                    prop_assert!(!matches!(step, Step::Fact(_)), "a fact was refused: {}", refusal);
                }
            }
        }
    }
}

/// Each event is the next version, a step that the lifecycle allows, and leaves a sound order.
fn check_events(before: &Order, events: &[Event]) -> Result<(), TestCaseError> {
    let mut last = before.clone();
    for event in events {
        prop_assert_eq!(event.version(), last.version + 1, "versions are contiguous");
        let (from, to) = (last.state, event.order.state);
        prop_assert!(from == to || is_allowed(from, to), "{} to {}", from, to);
        prop_assert!(event.order.updated_at >= last.updated_at);
        prop_assert!(event.order.ledger.len() >= last.ledger.len());
        check_order(&event.order)?;
        last = Order::clone(&event.order);
    }
    Ok(())
}

fn is_allowed(from: State, to: State) -> bool {
    use State::{Cancelled, Cancelling, Completed, Confirmed, Expired, Pending, Rejected};
    matches!(
        (from, to),
        (
            Pending,
            Confirmed | Rejected | Expired | Cancelling | Cancelled
        ) | (Confirmed, Completed | Cancelling | Cancelled)
            | (Cancelling, Cancelled | Confirmed)
    )
}

fn check_order(order: &Order) -> Result<(), TestCaseError> {
    let mut again = order.clone();
    again.derive();
    prop_assert_eq!(order, &again, "what is derived is a function of the rest");
    let sum: i128 = order.lines.iter().map(|line| line.total.wide()).sum();
    prop_assert_eq!(sum + order.shipping.wide(), order.totals.total.wide());
    prop_assert!(order.amount_due() <= order.totals.total);
    let ids: BTreeSet<&str> = order
        .holds
        .iter()
        .map(|hold| hold.hold_id.as_str())
        .collect();
    prop_assert_eq!(ids.len(), order.holds.len(), "holds have ids of their own");
    let mut contradicts = false;
    for line in &order.lines {
        let counters = line.counters;
        prop_assert!(line.cancelled <= line.quantity);
        prop_assert!(counters.delivered <= counters.shipped);
        contradicts |= u64::from(line.cancelled) + counters.shipped > u64::from(line.quantity);
        contradicts |= counters.returned > counters.delivered;
    }
    contradicts |= order.payment.refunded > order.payment.captured;
    let told = order.holds.iter().any(|hold| hold.kind == "CONTRADICTION");
    let looked_at = order
        .acknowledged
        .keys()
        .any(|hold_id| hold_id.starts_with("contradiction."));
    prop_assert!(!contradicts || told || looked_at, "a contradiction is told");
    prop_assert_eq!(order.allowed_actions().len(), 5);
    Ok(())
}
