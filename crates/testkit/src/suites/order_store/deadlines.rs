//! Orders whose deadline has come.

use super::Store;
use crate::desk::done;
use crate::{Desk, fact, new_order};
use order_core::domain::{EventData, Order, OrderId, PaymentTerms, Timestamp};
use order_core::ports::Change;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// More than there are.
const ALL: usize = 1_000;

/// A day and more, by which no two clocks of a test differ.
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// How soon an order is due in the test that waits for it, and how long it waits at most.
const SOON_MILLIS: i64 = 300;
const LONGEST_WAIT: Duration = Duration::from_secs(20);

async fn due(store: &Store) -> Vec<OrderId> {
    store.due(ALL).await.unwrap().orders
}

/// The desk's time is long past for every store; this is not reached while a test runs.
async fn tomorrow(store: &Store) -> Timestamp {
    store.now().await.unwrap().plus_millis(DAY_MILLIS)
}

/// The store has one time, whoever asks and whatever for.
pub async fn the_store_tells_its_time(store: Store) {
    let before = store.now().await.unwrap();
    let due = store.due(ALL).await.unwrap();
    let after = store.now().await.unwrap();
    assert_eq!(due.orders, []);
    assert!(
        before <= due.now && due.now <= after,
        "{before:?} {due:?} {after:?}"
    );
}

/// Orders are due earliest deadline first, `limit` at most; those whose deadline is ahead are not.
pub async fn orders_are_due_earliest_deadline_first(store: Store) {
    let desk = Desk::new();
    let base = desk.tick().plus_millis(DAY_MILLIS);
    let ahead = tomorrow(&store).await;
    let mut expected = Vec::new();
    // Deadlines rise in another order than ids do.
    for n in 0..40_i64 {
        let deadline = base.plus_millis(n * 17 % 40);
        let order = desk
            .placed(&*store, new_order().confirm_before(deadline))
            .await;
        desk.placed(&*store, new_order()).await;
        desk.placed(&*store, new_order().confirm_before(ahead.plus_millis(-n)))
            .await;
        expected.push((deadline, order.order_id));
    }
    expected.sort_unstable();
    let ids: Vec<OrderId> = expected.iter().map(|(_, order_id)| *order_id).collect();
    assert_eq!(due(&store).await, ids);
    for limit in [0, 1, 7, 39, 40, 41] {
        let some = store.due(limit).await.unwrap().orders;
        assert_eq!(some, ids[..limit.min(40)], "{limit} at most");
    }
}

/// An order is due at its deadline by the time that the answer tells, and not before it.
pub async fn an_order_is_due_at_its_deadline(store: Store) {
    let desk = Desk::new();
    let deadline = store.now().await.unwrap().plus_millis(SOON_MILLIS);
    let order = desk
        .placed(&*store, new_order().confirm_before(deadline))
        .await;
    let last = Instant::now() + LONGEST_WAIT;
    loop {
        let due = store.due(ALL).await.unwrap();
        if due.now >= deadline {
            assert_eq!(due.orders, [order.order_id]);
            return;
        }
        assert_eq!(due.orders, [], "{deadline:?} is ahead of {:?}", due.now);
        assert!(Instant::now() < last, "the store's time stands still");
        sleep(Duration::from_millis(5)).await;
    }
}

/// An order that is no longer pending, or whose deadline was dealt with, is not due.
pub async fn an_order_that_moved_on_is_not_due(store: Store) {
    let desk = Desk::new();
    let deadline = desk.tick().plus_millis(DAY_MILLIS);
    let invoice = || {
        new_order()
            .terms(PaymentTerms::Invoice)
            .confirm_before(deadline)
    };
    let waits = desk.placed(&*store, invoice()).await;
    let confirmed = desk.placed(&*store, invoice()).await;
    let handled = desk.placed(&*store, invoice()).await;
    assert_eq!(due(&store).await.len(), 3);
    desk.recorded(&*store, &confirmed, fact::reserved("res-1"))
        .await;
    change_by_hand(&store, &desk, &handled, |order| {
        order.deadline_handled = true;
    })
    .await;
    assert_eq!(due(&store).await, [waits.order_id]);
}

/// A deadline that is amended counts as it is now.
pub async fn an_amended_deadline_counts(store: Store) {
    let desk = Desk::new();
    let past = desk.tick().plus_millis(DAY_MILLIS);
    let ahead = tomorrow(&store).await;
    let mut order = desk.placed(&*store, new_order().confirm_before(past)).await;
    for (deadline, is_due) in [(Some(ahead), false), (Some(past), true), (None, false)] {
        let changed = change_by_hand(&store, &desk, &order, |order| {
            order.confirm_before = deadline;
        });
        order = changed.await.into();
        let expected = if is_due { vec![order.order_id] } else { vec![] };
        assert_eq!(due(&store).await, expected, "{deadline:?}");
    }
}

async fn change_by_hand(
    store: &Store,
    desk: &Desk,
    order: &Order,
    change: impl FnOnce(&mut Order),
) -> Order {
    let mut changed = order.clone();
    change(&mut changed);
    let event = desk.event(
        changed,
        EventData::Amended {
            fields: vec!["confirm_before".to_owned()],
        },
    );
    let expected_version = order.version;
    let advance = Change::Advance {
        expected_version,
        events: vec![event],
        request: None,
        fact: None,
    };
    Order::clone(&*done(&**store, advance).await)
}
