//! Each fact has one effect, and an order ends as it does when the same facts are told one after another
//! (the rule of permutations).

use super::Histories;
use crate::plan::{PlacedBy, PlannedOrder};
use crate::world::World;
use order_core::domain::limits::PARKING_MILLIS;
use order_core::domain::{Cause, Event, Fact, HoldKind, Order, PaymentKind, StockKind};
use order_core::ports::OrderStore;
use std::sync::Arc;

pub(super) async fn check(world: &World, histories: &Histories) {
    let mut parked = 0;
    for planned in &world.plan.orders {
        known(world, planned, histories).await;
        let name = planned.name();
        match histories.last(&name) {
            Some(last) => replayed(world, planned, histories, last),
            None => parked += planned.facts.len() as u64,
        }
        if histories.last(&name).is_none() && planned.placed_by == PlacedBy::Message {
            // Its deadline may have passed before it could be placed.
            let refusable = planned.new.confirm_before.is_some();
            if !refusable {
                world.wrong(&name, "the message that places it was lost".to_owned());
            }
        }
    }
    buried(world, parked).await;
}

/// Every message was handled, so every id is known; one that had an effect, with the version of its own.
async fn known(world: &World, planned: &PlannedOrder, histories: &Histories) {
    let name = planned.name();
    let history = histories.of(&name).unwrap_or_default();
    for fact in &planned.facts {
        let checked = fact.clone().check();
        let key = checked.expect("a world's facts are well-formed").key;
        let found = world.database.find_fact(&key).await;
        let Ok(Some(found)) = found else {
            world.wrong(&name, format!("{} was handled and is not known", fact.id));
            continue;
        };
        let events = history.iter().map(|recorded| &recorded.event);
        let mut caused = events.filter(|event| event.cause.id.as_deref() == Some(&fact.id));
        let own = caused.next_back().map(Event::version);
        let known = found.order.map(|(_, version)| version);
        if own.is_some() && known != own {
            let what = format!("{} had its effect in version {own:?}", fact.id);
            world.wrong(&name, format!("{what} and is known with {known:?}"));
        }
    }
}

/// Compares with the order that is told every fact once, straight after it was placed.
fn replayed(world: &World, planned: &PlannedOrder, histories: &Histories, last: &Order) {
    let name = planned.name();
    let Some(placed) = histories.of(&name).and_then(|history| history.first()) else {
        return;
    };
    let mut straight = Arc::clone(&placed.event.order);
    let cause = Arc::new(Cause::default());
    let facts: Vec<Fact> = planned
        .facts
        .iter()
        .map(|fact| fact.clone().check().expect("well-formed").fact)
        .collect();
    for fact in &facts {
        let told = straight.record(fact.clone(), placed.event.time, Arc::clone(&cause));
        if let Some(event) = told.expect("the ledger has room").events.last() {
            straight = Arc::clone(&event.order);
        }
    }
    let mut differ = Vec::new();
    let mut compare = |what: &'static str, same: bool| {
        if !same {
            differ.push(what);
        }
    };
    compare("ledger", straight.ledger == last.ledger);
    compare("payment", straight.payment == last.payment);
    compare("shipments", straight.shipments == last.shipments);
    compare("returns", straight.returns == last.returns);
    if planned.is_moved_by_facts_alone() {
        compare(
            "payment status",
            straight.payment_status == last.payment_status,
        );
        compare(
            "fulfilment",
            straight.fulfillment_status == last.fulfillment_status,
        );
        compare(
            "return status",
            straight.return_status == last.return_status,
        );
        compare("holds", straight.holds == last.holds);
        compare("lines", straight.lines == last.lines);
        let open = leaves_state_open(&facts, last);
        compare("state", open || straight.state == last.state);
    }
    if !differ.is_empty() {
        let differ = differ.join(", ");
        world.wrong(&name, format!("ends otherwise than its facts: {differ}"));
    }
}

/// Whether the set may leave the state to the order of arrival: it holds a contradiction, or a fact and
/// its undoing.
fn leaves_state_open(facts: &[Fact], ended: &Order) -> bool {
    let contradiction = HoldKind::Contradiction.as_str();
    let contradicts = ended.holds.iter().any(|hold| hold.kind == contradiction);
    let undone = facts.iter().any(|fact| match fact {
        Fact::Stock(stock) => stock.kind == StockKind::Released,
        Fact::Payment(payment) => payment.kind == PaymentKind::Voided,
        Fact::Shipment(_) | Fact::Return(_) => false,
    });
    contradicts || undone
}

/// What waits in vain is given up after 72 hours, all of it and nothing else.
async fn buried(world: &World, parked: u64) {
    let now = OrderStore::now(&world.database).await;
    let now = now.expect("the database itself does not fail");
    let early = world
        .database
        .bury_parked(now.plus_millis(-PARKING_MILLIS), usize::MAX);
    if early.await != Ok(0) {
        world.wrong("parked", "facts were parked in the past".to_owned());
    }
    let all = world
        .database
        .bury_parked(now.plus_millis(1), usize::MAX)
        .await;
    if all != Ok(parked) {
        world.wrong(
            "parked",
            format!("{all:?} facts wait in vain, not {parked}"),
        );
    }
}
