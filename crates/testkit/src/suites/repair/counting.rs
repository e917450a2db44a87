//! Counts of what waits for somebody, and of orders.

use super::{Kept, message};
use crate::desk::done;
use crate::{Desk, fact, new_order};
use order_core::domain::{EventData, Order, OrderRef, State};
use order_core::ports::{Change, Count, RepairCounts};
use std::sync::Arc;

fn exactly(number: u64) -> Count {
    Count {
        number,
        capped: false,
    }
}

/// Dead letters of each kind and parked facts are counted.
pub async fn what_waits_is_counted(kept: Kept) {
    let desk = Desk::new();
    let never = || OrderRef::External("never".to_owned());
    assert_eq!(kept.repair.counts().await.unwrap(), RepairCounts::default());
    kept.bury(&desk, never(), fact::reserved("res-1")).await;
    for n in 0..2 {
        kept.repair.keep(message(n)).await.unwrap();
    }
    for n in 0..3 {
        kept.park(&desk, never(), fact::reserved(&format!("res-{n}")))
            .await;
    }
    let counts = kept.repair.counts().await.unwrap();
    assert_eq!(counts.dead_facts, exactly(1));
    assert_eq!(counts.dead_messages, exactly(2));
    assert_eq!(counts.parked_facts, exactly(3));
    assert_eq!(counts.dead_letters(), exactly(3));
}

/// Every state is counted, those without an order too, as orders come and move on.
pub async fn orders_are_counted_by_their_state(kept: Kept) {
    let desk = Desk::new();
    let count = async || kept.tally.orders_by_state().await.unwrap();
    let none: Vec<(State, Count)> = State::ALL.iter().map(|s| (*s, exactly(0))).collect();
    assert_eq!(count().await, none);
    for _ in 0..3 {
        desk.placed(&*kept.store, new_order()).await;
    }
    for (n, state) in (1..).zip(State::ALL) {
        for _ in 0..n {
            let order = desk.placed(&*kept.store, new_order()).await;
            let mut moved = Order::clone(&order);
            moved.state = *state;
            let event = desk.event(moved, EventData::Completed);
            kept.store.commit(advance(&order, event)).await.unwrap();
        }
    }
    let expected: Vec<(State, Count)> = (1..)
        .zip(State::ALL)
        .map(|(n, state)| {
            (
                *state,
                exactly(n + if *state == State::Pending { 3 } else { 0 }),
            )
        })
        .collect();
    assert_eq!(count().await, expected);
}

/// An order counts as held from its first hold to its last release, whoever put the hold there.
pub async fn orders_with_a_hold_are_counted(kept: Kept) {
    let desk = Desk::new();
    let count = async || kept.tally.held_orders().await.unwrap();
    let first = desk.placed(&*kept.store, new_order()).await;
    let second = desk.placed(&*kept.store, new_order()).await;
    desk.placed(&*kept.store, new_order()).await;
    assert_eq!(count().await, exactly(0));

    let held = done(&*kept.store, desk.hold(&first, "FRAUD")).await;
    let twice = done(&*kept.store, desk.hold(&held, "REVIEW")).await;
    assert_eq!(count().await, exactly(1));
    // Two amounts under one business key: a hold of the service's own.
    let paid = desk
        .recorded(&*kept.store, &second, fact::captured(&second, "pay-1", 1))
        .await;
    let own = desk
        .recorded(&*kept.store, &paid, fact::captured(&second, "pay-1", 2))
        .await;
    assert!(!own.holds.is_empty(), "{:?}", own.holds);
    assert_eq!(count().await, exactly(2));

    let after = desk
        .recorded(&*kept.store, &twice, fact::reserved("res-1"))
        .await;
    let one_left = done(&*kept.store, release(&desk, &after)).await;
    assert_eq!(count().await, exactly(2), "one of its two holds is left");
    done(&*kept.store, release(&desk, &one_left)).await;
    assert_eq!(count().await, exactly(1));

    // Holds that come and go within one batch, of many orders at once.
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let (store, order) = (kept.store.clone(), desk.order(new_order()));
        let place = desk.place_order(order.clone());
        let fraud = desk.hold(&order, "FRAUD");
        let release = release(&desk, fraud.order().expect("it moves an order"));
        tasks.push(tokio::spawn(async move {
            for change in [place, fraud, release] {
                done(&*store, change).await;
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(count().await, exactly(1));
}

/// Ends the first of the callers' holds.
fn release(desk: &Desk, order: &Arc<Order>) -> Change {
    let mut moved = Order::clone(order);
    let hold = moved.caller_holds.remove(0);
    let event = desk.event(moved, EventData::Released(hold));
    advance(order, event)
}

fn advance(order: &Order, event: order_core::domain::Event) -> Change {
    Change::Advance {
        expected_version: order.version,
        events: vec![event],
        request: None,
        fact: None,
    }
}
