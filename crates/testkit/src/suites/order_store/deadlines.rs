//! Orders whose deadline has come.

use super::Store;
use crate::desk::done;
use crate::{Desk, fact, new_order};
use order_core::domain::{EventData, Order, OrderId, PaymentTerms, Timestamp};
use order_core::ports::Change;

/// More than there are.
const ALL: usize = 1_000;

async fn due(store: &Store, now: Timestamp) -> Vec<OrderId> {
    store.due(now, ALL).await.unwrap()
}

/// Orders are due at their deadline, not before it, earliest deadline first, `limit` at most.
pub async fn orders_are_due_earliest_deadline_first(store: Store) {
    let desk = Desk::new();
    let base = desk.tick().plus_millis(3_600_000);
    let mut expected = Vec::new();
    // Deadlines rise in another order than ids do.
    for n in 0..40_i64 {
        let deadline = base.plus_millis(n * 17 % 40);
        let order = desk
            .placed(&*store, new_order().confirm_before(deadline))
            .await;
        desk.placed(&*store, new_order()).await;
        expected.push((deadline, order.order_id));
    }
    expected.sort_unstable();
    for millis in [-1, 0, 1, 20, 39, 1_000] {
        let now = base.plus_millis(millis);
        let ids: Vec<OrderId> = expected
            .iter()
            .filter(|(deadline, _)| *deadline <= now)
            .map(|(_, order_id)| *order_id)
            .collect();
        assert_eq!(due(&store, now).await, ids, "{millis} ms after the first");
        let some = store.due(now, 7).await.unwrap();
        assert_eq!(
            some,
            ids[..ids.len().min(7)],
            "the first 7, {millis} ms after the first"
        );
    }
}

/// An order that is no longer pending, or whose deadline was dealt with, is not due.
pub async fn an_order_that_moved_on_is_not_due(store: Store) {
    let desk = Desk::new();
    let deadline = desk.tick().plus_millis(3_600_000);
    let invoice = || {
        new_order()
            .terms(PaymentTerms::Invoice)
            .confirm_before(deadline)
    };
    let waits = desk.placed(&*store, invoice()).await;
    let confirmed = desk.placed(&*store, invoice()).await;
    let handled = desk.placed(&*store, invoice()).await;
    assert_eq!(due(&store, deadline).await.len(), 3);
    desk.recorded(&*store, &confirmed, fact::reserved("res-1"))
        .await;
    change_by_hand(&store, &desk, &handled, |order| {
        order.deadline_handled = true;
    })
    .await;
    assert_eq!(due(&store, deadline).await, [waits.order_id]);
}

/// A deadline that is amended counts as it is now.
pub async fn an_amended_deadline_counts(store: Store) {
    let desk = Desk::new();
    let first = desk.tick().plus_millis(3_600_000);
    let later = first.plus_millis(1_000);
    let order = desk
        .placed(&*store, new_order().confirm_before(first))
        .await;
    let order = change_by_hand(&store, &desk, &order, |order| {
        order.confirm_before = Some(later);
    })
    .await;
    assert_eq!(due(&store, first).await, []);
    assert_eq!(due(&store, later).await, [order.order_id]);
    change_by_hand(&store, &desk, &order, |order| order.confirm_before = None).await;
    assert_eq!(due(&store, Timestamp::MAX).await, []);
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
