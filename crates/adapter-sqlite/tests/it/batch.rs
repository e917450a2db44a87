//! Changes of one batch: what is done for one stands against the next, though nothing of either is
//! in the file yet. On one thread, all are queued before the writer gets its turn.

use crate::support::{all_events, fresh};
use adapter_sqlite::SqliteStore;
use futures_util::future::join_all;
use order_core::domain::{Order, OrderRef};
use order_core::ports::{Change, Committed, OrderStore, StoreError};
use testkit::desk::{fact_of, order_of, request_of, with_fact, with_request};
use testkit::{Desk, fact, new_order};

const DONE: Committed = Committed::Done {
    facts_waiting: false,
};

/// The answers to changes that are committed as one batch.
async fn one_batch(store: &SqliteStore, changes: Vec<Change>) -> Vec<Committed> {
    let before = store.stats().commits.batches;
    let answers = join_all(changes.into_iter().map(|change| store.commit(change))).await;
    assert_eq!(store.stats().commits.batches, before + 1);
    answers.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn two_placements_with_one_key_are_one_order() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let first = desk.place(new_order());
    let second = with_request(desk.place(new_order()), request_of(&first));
    let order = order_of(&first);
    let answers = one_batch(&store, vec![first, second]).await;
    assert_eq!(answers[0], DONE);
    assert!(
        matches!(answers[1], Committed::RequestKnown(known) if known.order_id == order.order_id)
    );
    assert_eq!(all_events(&store).await.len(), 1);
}

#[tokio::test]
async fn two_placements_with_one_external_id_are_one_order() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let changes: Vec<_> = (0..2)
        .map(|_| desk.place(new_order().external("shop-1")))
        .collect();
    let order = order_of(&changes[0]);
    let answers = one_batch(&store, changes).await;
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

#[tokio::test]
async fn two_changes_of_one_version_are_one() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    let changes = (0..2)
        .map(|_| desk.record(&order, fact::authorized(&order, "pay-1", 5)))
        .collect();
    assert_eq!(
        one_batch(&store, changes).await,
        [DONE, Committed::VersionConflict]
    );
}

#[tokio::test]
async fn an_order_moves_on_by_several_changes() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let placing = desk.place(new_order());
    let placed = order_of(&placing);
    let first = desk.record(&placed, fact::authorized(&placed, "pay-1", 5));
    let second = desk.record(&order_of(&first), fact::reserved("res-1"));
    let order = order_of(&second);
    assert_eq!(
        one_batch(&store, vec![placing, first, second]).await,
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

#[tokio::test]
async fn one_fact_id_counts_once() {
    let (_folder, store) = fresh().await;
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
    let answers = one_batch(&store, vec![first, second, third]).await;
    assert_eq!(answers[0], DONE);
    for answer in &answers[1..] {
        assert!(
            matches!(answer, Committed::FactKnown(known)
            if known.order == Some((order.order_id, order.version))),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_fact_parked_just_before_its_order_is_told_to_it() {
    let (_folder, store) = fresh().await;
    let desk = Desk::new();
    let by_external = desk.place(new_order().external("shop-1"));
    let by_id = desk.place(new_order());
    let waits = Committed::Done {
        facts_waiting: true,
    };
    let orders = [order_of(&by_external), order_of(&by_id)];
    let answers = one_batch(
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

#[tokio::test]
async fn a_batch_of_more_rows_than_one_statement_takes_is_whole() {
    let (_folder, store) = fresh().await;
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
    let answers = one_batch(&store, changes).await;
    assert!(answers.iter().all(|answer| *answer == DONE));
    let events = all_events(&store).await;
    assert_eq!(events.len(), 680);
    assert!(
        (1..)
            .zip(&events)
            .all(|(offset, recorded)| recorded.position.offset == offset)
    );
}

#[tokio::test]
async fn a_change_that_breaks_the_rules_fails_alone() {
    let (_folder, store) = fresh().await;
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

#[tokio::test]
async fn a_row_that_sqlite_refuses_fails_alone() {
    let (folder, store) = fresh().await;
    let desk = Desk::new();
    let damaged = desk.place(new_order());
    let order_id = order_of(&damaged).order_id;
    // An event of an order that is not there, in a partition that nobody reads: the look-up finds
    // nothing, the insert fails.
    let path = folder.path().join("orders.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut tool = <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options)
        .await
        .unwrap();
    let insert = "INSERT INTO order_events (position, order_id, version, time, data, snapshot) \
        VALUES (?2, ?1, 1, 0, x'', x'')";
    let position = 5_i64 << 48;
    sqlx::query(insert)
        .bind(order_id.to_bytes().to_vec())
        .bind(position)
        .execute(&mut tool)
        .await
        .unwrap();

    let others: Vec<_> = (0..9).map(|_| desk.place(new_order())).collect();
    let mut changes = others;
    changes.insert(4, damaged);
    let answers = join_all(changes.into_iter().map(|change| store.commit(change))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match (n, answer) {
            (4, Err(StoreError::Corrupt { detail })) => {
                assert!(detail.contains("UNIQUE"), "{detail}");
            }
            (_, answer) => assert_eq!(answer, Ok(DONE), "change {n}"),
        }
    }
    let delete = sqlx::query("DELETE FROM order_events WHERE position = ?1").bind(position);
    delete.execute(&mut tool).await.unwrap();
    assert_eq!(all_events(&store).await.len(), 9);
    // A refused change says nothing about the disk.
    assert!(store.stats().last_failure.is_none());
}
