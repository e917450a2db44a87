//! Changes of one batch: what is done for one stands against the next, though nothing of either is in
//! the database yet.

use super::{DONE, Durable, all_events, one_batch};
use crate::desk::{fact_of, order_of, request_of, with_fact, with_request};
use crate::{Desk, fact, new_order};
use order_core::domain::{Order, OrderRef};
use order_core::ports::{Change, Committed, OrderStore, StoreError};

/// The second of one idempotency key is answered as known.
pub async fn two_placements_with_one_key_are_one_order<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let first = desk.place(new_order());
    let second = with_request(desk.place(new_order()), request_of(&first));
    let order = order_of(&first);
    let answers = one_batch::<D>(&store, vec![first, second]).await;
    assert_eq!(answers[0], DONE);
    assert!(
        matches!(answers[1], Committed::RequestKnown(known) if known.order_id == order.order_id)
    );
    assert_eq!(all_events(&store).await.len(), 1);
}

/// The second of one external id is told who has it.
pub async fn two_placements_with_one_external_id_are_one_order<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let changes: Vec<_> = (0..2)
        .map(|_| desk.place(new_order().external("shop-1")))
        .collect();
    let order = order_of(&changes[0]);
    let answers = one_batch::<D>(&store, changes).await;
    assert_eq!(
        answers,
        [
            DONE,
            Committed::ExternalIdTaken {
                order_id: order.order_id
            }
        ]
    );
}

/// The second of one version conflicts.
pub async fn two_changes_of_one_version_are_one<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    let changes = (0..2)
        .map(|_| desk.record(&order, fact::authorized(&order, "pay-1", 5)))
        .collect();
    assert_eq!(
        one_batch::<D>(&store, changes).await,
        [DONE, Committed::VersionConflict]
    );
}

/// Each change of an order sees the one before it.
pub async fn an_order_moves_on_by_several_changes<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let placing = desk.place(new_order());
    let placed = order_of(&placing);
    let first = desk.record(&placed, fact::authorized(&placed, "pay-1", 5));
    let second = desk.record(&order_of(&first), fact::reserved("res-1"));
    let order = order_of(&second);
    assert_eq!(
        one_batch::<D>(&store, vec![placing, first, second]).await,
        [DONE; 3]
    );
    assert_eq!(
        store.load(order.order_id).await.unwrap(),
        Some(order.clone())
    );
    assert_eq!(
        store.history(order.order_id, 0, 100).await.unwrap().len(),
        usize::try_from(order.version).unwrap()
    );
}

/// A fact's id counts once, in whichever kind of change it comes again.
pub async fn one_fact_id_counts_once<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let orders: [_; 2] = [
        desk.placed(&store, new_order()).await,
        desk.placed(&store, new_order()).await,
    ];
    let first = desk.record(&orders[0], fact::reserved("res-1"));
    let record = fact_of(&first);
    let second = with_fact(
        desk.record(&orders[1], fact::reserved("res-2")),
        record.clone(),
    );
    let third = with_fact(
        desk.park(OrderRef::External("shop-9".into()), fact::reserved("res-3")),
        record,
    );
    let order = order_of(&first);
    let answers = one_batch::<D>(&store, vec![first, second, third]).await;
    assert_eq!(answers[0], DONE);
    for answer in &answers[1..] {
        assert!(
            matches!(answer, Committed::FactKnown(known)
            if known.order == Some((order.order_id, order.version))),
            "{answer:?}"
        );
    }
}

/// An order sees what was parked for it in the same batch; what is parked after it is told of it.
pub async fn a_fact_parked_just_before_its_order_is_told_to_it<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let by_external = desk.place(new_order().external("shop-1"));
    let by_id = desk.place(new_order());
    let waits = Committed::Done {
        facts_waiting: true,
    };
    let orders = [order_of(&by_external), order_of(&by_id)];
    let answers = one_batch::<D>(
        &store,
        vec![
            desk.park(OrderRef::External("shop-1".into()), fact::reserved("res-1")),
            desk.park(OrderRef::Id(orders[1].order_id), fact::reserved("res-2")),
            by_external,
            by_id,
            desk.park(OrderRef::External("shop-1".into()), fact::reserved("res-3")),
        ],
    )
    .await;
    let known = Committed::OrderKnown {
        order_id: orders[0].order_id,
    };
    assert_eq!(answers, [DONE, DONE, waits.clone(), waits, known]);
    let ready = store.parked_ready(10).await.unwrap();
    let ready: Vec<_> = ready.into_iter().map(|(order_id, _)| order_id).collect();
    assert_eq!(ready, orders.map(|order| order.order_id));
}

/// However many rows a batch has, it is one batch.
pub async fn a_batch_of_more_rows_than_one_statement_takes_is_whole<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let mut changes = Vec::new();
    for _ in 0..170 {
        let placing = desk.place(new_order());
        let paid = {
            let order = order_of(&placing);
            desk.record(
                &order,
                fact::authorized(&order, "pay-1", order.totals.total.minor()),
            )
        };
        let reserved = desk.record(&order_of(&paid), fact::reserved("res-1"));
        changes.extend([placing, paid, reserved]);
    }
    // Placed, paid, reserved, confirmed: 680 events of 510 changes.
    let answers = one_batch::<D>(&store, changes).await;
    assert!(answers.iter().all(|answer| *answer == DONE));
    let events = all_events(&store).await;
    assert_eq!(events.len(), 680);
    assert!(
        (1..)
            .zip(&events)
            .all(|(offset, recorded)| recorded.position.offset == offset)
    );
}

/// A change that breaks the rules of `Change` is refused before it is queued.
pub async fn a_change_that_breaks_the_rules_fails_alone<D: Durable>(database: D) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    let mut gap = desk.record(&order, fact::reserved("res-1"));
    if let Change::Advance { events, .. } = &mut gap {
        let mut later = Order::clone(&events[0].order);
        later.version += 1;
        events[0].order = later.into();
    }
    let good = desk.place(new_order());
    let (gap, good) = tokio::join!(store.commit(gap), store.commit(good));
    assert!(
        matches!(&gap, Err(StoreError::Corrupt { detail }) if detail.contains("comes next")),
        "{gap:?}"
    );
    assert_eq!(good, Ok(DONE));
}

/// Retries amid new changes are answered as known, and the new changes are done.
pub async fn changes_that_come_again_do_not_keep_the_others_from_being_written<D: Durable>(
    database: D,
) {
    let store = database.open(None).await;
    let desk = Desk::new();
    let before: Vec<_> = (0..5).map(|_| desk.place(new_order())).collect();
    one_batch::<D>(&store, before.clone()).await;
    let mut changes = Vec::new();
    for again in before {
        changes.extend([desk.place(new_order()), again]);
    }
    let answers = one_batch::<D>(&store, changes).await;
    for (n, answer) in answers.iter().enumerate() {
        let known = matches!(answer, Committed::RequestKnown(_));
        assert_eq!(known, n % 2 == 1, "{n}: {answer:?}");
    }
    assert_eq!(all_events(&store).await.len(), 10);
}
