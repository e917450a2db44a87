//! Idempotency keys: one space for all commands, each counting once, and which answer comes first.

use super::{Store, loaded};
use crate::desk::{done, fact_of, order_of, request_of, with_fact, with_request};
use crate::{Desk, new_order};
use order_core::domain::{Fingerprint, IdempotencyKey};
use order_core::ports::{Change, Committed, RequestRecord, StoredRequest};

fn stored(
    order_id: order_core::domain::OrderId,
    version: u64,
    request: RequestRecord,
) -> StoredRequest {
    StoredRequest {
        order_id,
        version,
        fingerprint: request.fingerprint,
    }
}

/// The key of a placed order is known, with the fingerprint that was stored, not the one that came.
pub async fn a_key_places_once(store: Store) {
    let desk = Desk::new();
    let first = desk.place(new_order());
    let (order, request) = (order_of(&first), request_of(&first));
    done(&*store, first).await;
    let other_body = RequestRecord {
        fingerprint: Fingerprint(42),
        ..request
    };
    for record in [request, other_body] {
        let again = with_request(desk.place(new_order()), record);
        let fresh = order_of(&again);
        let known = Committed::RequestKnown(stored(order.order_id, 1, request));
        assert_eq!(store.commit(again).await, Ok(known));
        assert_eq!(store.load(fresh.order_id).await, Ok(None));
    }
}

/// The key of a command is known with the version that it answered, also after later changes.
pub async fn a_key_changes_once(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order()).await;
    let first = desk.hold(&order, "A");
    let request = request_of(&first);
    let second = done(&*store, first).await;
    let third = done(&*store, desk.hold(&second, "B")).await;
    let again = with_request(desk.hold(&third, "C"), request);
    let known = stored(order.order_id, 2, request);
    assert_eq!(
        store.commit(again).await,
        Ok(Committed::RequestKnown(known))
    );
    assert_eq!(store.find_request(request.key).await, Ok(Some(known)));
    assert_eq!(loaded(&store, &order).await, third);
}

/// Placing and changing share one space of keys.
pub async fn placing_and_changing_share_one_key_space(store: Store) {
    let desk = Desk::new();
    let place = desk.place(new_order());
    let place_key = request_of(&place);
    let order = done(&*store, place).await;
    let change = desk.hold(&order, "A");
    let hold_key = request_of(&change);
    let held = done(&*store, change).await;

    let change = with_request(desk.hold(&held, "B"), place_key);
    let known = stored(order.order_id, 1, place_key);
    assert_eq!(
        store.commit(change).await,
        Ok(Committed::RequestKnown(known))
    );
    let place = with_request(desk.place(new_order()), hold_key);
    let known = stored(order.order_id, 2, hold_key);
    assert_eq!(
        store.commit(place).await,
        Ok(Committed::RequestKnown(known))
    );
    let other = desk.placed(&*store, new_order()).await;
    let change = with_request(desk.hold(&other, "B"), hold_key);
    assert_eq!(
        store.commit(change).await,
        Ok(Committed::RequestKnown(known))
    );
}

/// A refused change does not burn its key: the same key can still be used.
pub async fn a_refused_change_does_not_burn_its_key(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order().external("shop-1")).await;
    let taken = desk.place(new_order().external("shop-1"));
    let request = request_of(&taken);
    assert!(matches!(
        store.commit(taken).await,
        Ok(Committed::ExternalIdTaken { .. })
    ));
    done(
        &*store,
        with_request(desk.place(new_order().external("shop-2")), request),
    )
    .await;

    let held = done(&*store, desk.hold(&order, "A")).await;
    let stale = desk.hold(&order, "STALE");
    let request = request_of(&stale);
    assert_eq!(store.commit(stale).await, Ok(Committed::VersionConflict));
    done(&*store, with_request(desk.hold(&held, "B"), request)).await;
}

/// All 128 bits of keys and fingerprints count and are kept.
pub async fn keys_count_with_every_bit(store: Store) {
    let desk = Desk::new();
    let bits = [
        0,
        1,
        1 << 62,
        1 << 63,
        1 << 64,
        1 << 127,
        u128::MAX,
        u128::MAX >> 1,
        u128::MAX >> 64,
    ];
    for bits in bits {
        let record = RequestRecord {
            key: IdempotencyKey(bits),
            fingerprint: Fingerprint(!bits),
        };
        let order = done(&*store, with_request(desk.place(new_order()), record)).await;
        let known = store.find_request(record.key).await;
        assert_eq!(
            known,
            Ok(Some(stored(order.order_id, 1, record))),
            "{bits:#x}"
        );
    }
    for bits in bits {
        assert!(
            store
                .find_request(IdempotencyKey(bits))
                .await
                .unwrap()
                .is_some(),
            "{bits:#x}"
        );
    }
}

/// A change needs neither key nor fact; two such changes never know each other.
pub async fn a_change_without_key_or_fact_is_fine(store: Store) {
    let desk = Desk::new();
    let mut order = desk.placed(&*store, new_order()).await;
    for kind in ["A", "B", "C"] {
        let Change::Advance {
            expected_version,
            events,
            ..
        } = desk.hold(&order, kind)
        else {
            unreachable!()
        };
        order = done(
            &*store,
            Change::Advance {
                expected_version,
                events,
                request: None,
                fact: None,
            },
        )
        .await;
    }
    assert_eq!(loaded(&store, &order).await.version, 4);
}

/// When several answers fit, `RequestKnown` comes before `FactKnown`, and both before
/// `ExternalIdTaken` and `VersionConflict`.
pub async fn the_first_fitting_answer_is_given(store: Store) {
    let desk = Desk::new();
    let place = desk.place(new_order().external("shop-1"));
    let key = request_of(&place);
    let order = done(&*store, place).await;
    let change = with_fact(desk.hold(&order, "A"), desk.fact_record());
    let fact = fact_of(&change);
    let held = done(&*store, change).await;

    let all = with_fact(with_request(desk.hold(&order, "ALL"), key), fact.clone());
    assert!(
        matches!(store.commit(all).await, Ok(Committed::RequestKnown(_))),
        "key, fact and version"
    );
    let key_and_version = with_request(desk.hold(&order, "KEY"), key);
    assert!(
        matches!(
            store.commit(key_and_version).await,
            Ok(Committed::RequestKnown(_))
        ),
        "key and version"
    );
    let key_and_fact = with_fact(with_request(desk.hold(&held, "KEY"), key), fact.clone());
    assert!(
        matches!(
            store.commit(key_and_fact).await,
            Ok(Committed::RequestKnown(_))
        ),
        "key and fact"
    );
    let fact_and_version = with_fact(desk.hold(&order, "FACT"), fact);
    assert!(
        matches!(
            store.commit(fact_and_version).await,
            Ok(Committed::FactKnown(_))
        ),
        "fact and version"
    );
    let key_and_external = with_request(desk.place(new_order().external("shop-1")), key);
    assert!(
        matches!(
            store.commit(key_and_external).await,
            Ok(Committed::RequestKnown(_))
        ),
        "key and external id"
    );
    assert_eq!(loaded(&store, &order).await, held);
}
