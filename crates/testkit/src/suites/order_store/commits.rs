//! What is read after a change, and what is not.

use super::{ALL, Store, events, history, loaded};
use crate::desk::{done, fact_of, order_of, request_of, with_fact, with_request};
use crate::{Desk, fact, new_order};
use order_core::domain::{FactKey, IdempotencyKey, OrderId, PaymentTerms};
use order_core::ports::{Change, Committed};
use std::sync::Arc;

/// A read that begins after a commit answered sees it.
pub async fn a_placed_order_is_read_back(store: Store) {
    let desk = Desk::new();
    let change = desk.place(new_order().external("shop-1"));
    let (order, request) = (order_of(&change), request_of(&change));
    assert_eq!(
        store.commit(change).await.unwrap(),
        Committed::Done {
            facts_waiting: false
        }
    );
    assert_eq!(loaded(&store, &order).await, order);
    assert_eq!(
        store.load_external("shop-1").await.unwrap(),
        Some(Arc::clone(&order))
    );
    let known = store
        .find_request(request.key)
        .await
        .unwrap()
        .expect("the key is stored");
    assert_eq!(
        (known.order_id, known.version, known.fingerprint),
        (order.order_id, 1, request.fingerprint)
    );
}

/// What is not there is none, never an error.
pub async fn the_unknown_is_none(store: Store) {
    let nobody = OrderId::from_u128(7);
    let key = FactKey {
        source: "/nobody".to_owned(),
        id: "1".to_owned(),
    };
    assert_eq!(store.load(nobody).await, Ok(None));
    assert_eq!(store.load_at(nobody, 1).await, Ok(None));
    assert_eq!(store.load_external("nobody").await, Ok(None));
    assert_eq!(store.find_request(IdempotencyKey(7)).await, Ok(None));
    assert_eq!(store.find_fact(&key).await, Ok(None));
    assert_eq!(store.history(nobody, 0, ALL).await, Ok(vec![]));
    assert_eq!(store.parked_for(nobody, ALL).await, Ok(vec![]));
    assert_eq!(
        store
            .list(&order_core::ports::ListQuery {
                limit: 9,
                ..Default::default()
            })
            .await,
        Ok(vec![])
    );
}

/// An order is read as it was at each of its versions, and at no other.
pub async fn every_version_is_read_back(store: Store) {
    let desk = Desk::new();
    let mut order = desk.placed(&*store, new_order().lines(3)).await;
    for n in 1..=5 {
        order = desk
            .recorded(
                &*store,
                &order,
                fact::captured(&order, &format!("pay-{n}"), n),
            )
            .await;
    }
    let written = events(&store, &order).await;
    assert_eq!(written.len() as u64, order.version);
    for event in &written {
        let at = store
            .load_at(order.order_id, event.version())
            .await
            .unwrap();
        assert_eq!(at.as_ref(), Some(&event.order));
    }
    for version in [0, order.version + 1, u64::from(u32::MAX)] {
        assert_eq!(
            store.load_at(order.order_id, version).await,
            Ok(None),
            "version {version}"
        );
    }
}

/// The events of one change are all stored, in order, at neighbouring positions.
pub async fn a_change_of_several_events_is_stored_whole(store: Store) {
    let desk = Desk::new();
    let placed = desk
        .placed(&*store, new_order().terms(PaymentTerms::Invoice))
        .await;
    let change = desk.record(&placed, fact::reserved("res-1"));
    let Change::Advance {
        events: decided, ..
    } = &change
    else {
        unreachable!()
    };
    let decided = decided.clone();
    assert!(decided.len() >= 2, "reserving confirms an order on invoice");
    let order = done(&*store, change).await;
    let stored = history(&store, &order).await;
    assert_eq!(
        stored[1..]
            .iter()
            .map(|recorded| recorded.event.clone())
            .collect::<Vec<_>>(),
        decided
    );
    for pair in stored[1..].windows(2) {
        assert_eq!(pair[0].position.offset + 1, pair[1].position.offset);
    }
    assert_eq!(loaded(&store, &order).await, order);
}

/// A history is paged by version, oldest first, `limit` at most.
pub async fn a_history_is_paged_by_version(store: Store) {
    let desk = Desk::new();
    let mut order = desk.placed(&*store, new_order()).await;
    desk.placed(&*store, new_order()).await;
    for kind in ["A", "B", "C", "D", "E", "F"] {
        order = done(&*store, desk.hold(&order, kind)).await;
        desk.placed(&*store, new_order()).await;
    }
    let all = history(&store, &order).await;
    assert_eq!(
        all.iter()
            .map(|recorded| recorded.event.version())
            .collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7]
    );
    for after in 0..=8 {
        for limit in [1, 2, 3, 7, 8] {
            let page = store.history(order.order_id, after, limit).await.unwrap();
            let expected: Vec<_> = all
                .iter()
                .filter(|recorded| recorded.event.version() > after)
                .take(limit)
                .cloned()
                .collect();
            assert_eq!(page, expected, "after {after}, limit {limit}");
        }
    }
}

/// A decision made on another version than the stored one is a conflict, as is one on no order.
pub async fn an_advance_on_another_version_conflicts(store: Store) {
    let desk = Desk::new();
    let first = desk.placed(&*store, new_order()).await;
    let second = done(&*store, desk.hold(&first, "A")).await;
    let ahead = order_of(&desk.hold(&second, "B"));
    let nobody = desk.order(new_order());
    for (change, why) in [
        (desk.hold(&first, "LATE"), "behind"),
        (desk.hold(&ahead, "EARLY"), "ahead"),
        (desk.hold(&nobody, "NOBODY"), "unknown order"),
    ] {
        assert_eq!(
            store.commit(change).await,
            Ok(Committed::VersionConflict),
            "{why}"
        );
    }
    assert_eq!(loaded(&store, &first).await, second);
    assert_eq!(store.load(nobody.order_id).await, Ok(None));
}

/// Another order with the same `external_id` is refused by name; orders without one never collide.
pub async fn an_external_id_is_taken_once(store: Store) {
    let desk = Desk::new();
    let first = desk.placed(&*store, new_order().external("shop-1")).await;
    let second = desk.place(new_order().external("shop-1"));
    let refused = order_of(&second);
    let taken = Committed::ExternalIdTaken {
        order_id: first.order_id,
    };
    assert_eq!(store.commit(second).await, Ok(taken));
    assert_eq!(store.load(refused.order_id).await, Ok(None));
    for external_id in ["SHOP-1", "shop-1 ", "shop-11"] {
        desk.placed(&*store, new_order().external(external_id))
            .await;
    }
    desk.placed(&*store, new_order()).await;
    desk.placed(&*store, new_order()).await;
}

/// After any answer but `Done`, nothing is stored: no event, no key, no fact id.
pub async fn an_answer_other_than_done_writes_nothing(store: Store) {
    let desk = Desk::new();
    let first = desk.place(new_order().external("shop-1"));
    let (order, used_key) = (order_of(&first), request_of(&first));
    done(&*store, first).await;
    let recorded = desk.record(&order, fact::captured(&order, "pay-1", 1));
    let used_fact = fact_of(&recorded);
    let order = done(&*store, recorded).await;
    let before = history(&store, &order).await;

    let stale = desk.order(new_order());
    let late = with_fact(desk.hold(&stale, "LATE"), desk.fact_record());
    let same_fact = with_fact(desk.hold(&order, "FACT"), used_fact);
    let same_key = with_request(
        with_fact(desk.hold(&order, "KEY"), desk.fact_record()),
        used_key,
    );
    for (change, expects_key) in [
        (late, true),
        (same_fact.clone(), true),
        (same_key.clone(), false),
    ] {
        let (request, fact) = (request_of(&change), fact_of(&change));
        let answer = store.commit(change).await.unwrap();
        assert!(!matches!(answer, Committed::Done { .. }), "{answer:?}");
        if expects_key {
            assert_eq!(
                store.find_request(request.key).await,
                Ok(None),
                "after {answer:?}"
            );
        }
        if !matches!(answer, Committed::FactKnown(_)) {
            assert_eq!(
                store.find_fact(&fact.key).await,
                Ok(None),
                "after {answer:?}"
            );
        }
    }
    let taken = desk.place(new_order().external("shop-1"));
    let key = request_of(&taken).key;
    assert!(matches!(
        store.commit(taken).await,
        Ok(Committed::ExternalIdTaken { .. })
    ));
    assert_eq!(store.find_request(key).await, Ok(None));
    assert_eq!(history(&store, &order).await, before);
    assert_eq!(loaded(&store, &order).await, order);
}

/// One change that is refused does not touch others that are committed at the same time.
pub async fn a_refused_change_fails_alone(store: Store) {
    let desk = Desk::new();
    let base = desk.placed(&*store, new_order().external("taken")).await;
    let mut tasks = Vec::new();
    for n in 0..60 {
        let good = n % 3 == 0;
        let change = match n % 3 {
            0 => desk.place(new_order()),
            1 => desk.place(new_order().external("taken")),
            _ => desk.hold(&desk.order(new_order()), "NOBODY"),
        };
        let store = Store::clone(&store);
        tasks.push((
            good,
            tokio::spawn(async move { (order_of(&change), store.commit(change).await) }),
        ));
    }
    for (good, task) in tasks {
        let (order, answer) = task.await.unwrap();
        assert_eq!(
            matches!(answer, Ok(Committed::Done { .. })),
            good,
            "{answer:?}"
        );
        assert_eq!(store.load(order.order_id).await.unwrap().is_some(), good);
    }
    assert_eq!(loaded(&store, &base).await, base);
}
