//! Facts that waited too long for their order.

use super::parking::{external, park, record_of};
use super::{ALL, Store};
use crate::desk::with_fact;
use crate::{Desk, fact, new_order};
use order_core::domain::{OrderRef, Timestamp};
use order_core::ports::{Change, Committed, StoredFact};

/// Facts parked before a time become dead letters, no other; their ids stay known.
pub async fn old_facts_are_buried(store: Store) {
    let desk = Desk::new();
    let order = desk.order(new_order().external("shop-1"));
    let mut parked = Vec::new();
    for n in 0..6 {
        parked.push(
            park(
                &store,
                &desk,
                external("shop-1"),
                fact::captured(&order, &format!("pay-{n}"), 1),
            )
            .await,
        );
    }
    let before = parked[4].parked_at;
    assert_eq!(store.bury_parked(Timestamp::MIN, ALL).await, Ok(0));
    assert_eq!(store.bury_parked(before, 3).await, Ok(3), "the limit holds");
    assert_eq!(
        store.bury_parked(before, 3).await,
        Ok(1),
        "the rest, without the one parked at that time"
    );
    assert_eq!(store.bury_parked(before, 3).await, Ok(0));
    let place = desk.place_order(order.clone());
    assert_eq!(
        store.commit(place).await,
        Ok(Committed::Done {
            facts_waiting: true
        })
    );
    assert_eq!(
        store.parked_for(order.order_id, ALL).await.unwrap(),
        parked[4..]
    );
    for buried in &parked[..4] {
        let known = StoredFact {
            order: None,
            fingerprint: buried.fingerprint,
        };
        assert_eq!(store.find_fact(&buried.fact.key).await, Ok(Some(known)));
        assert_eq!(
            store.commit(Change::Park(buried.clone())).await,
            Ok(Committed::FactKnown(known))
        );
    }
}

/// A buried fact is no longer waiting: placing its order does not tell of it, and whoever read it
/// before it was buried can no longer apply it, so that it is never a dead letter and applied.
pub async fn a_buried_fact_is_not_applied(store: Store) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    let parked = park(
        &store,
        &desk,
        OrderRef::Id(order.order_id),
        fact::reserved("res-1"),
    )
    .await;
    assert_eq!(store.bury_parked(Timestamp::MAX, ALL).await, Ok(1));
    let place = desk.place_order(order.clone());
    assert_eq!(
        store.commit(place).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    assert_eq!(store.parked_ready(ALL).await, Ok(vec![]));
    let apply = with_fact(
        desk.record(&order, parked.fact.fact.clone()),
        record_of(&parked),
    );
    let known = StoredFact {
        order: None,
        fingerprint: parked.fingerprint,
    };
    assert_eq!(store.commit(apply).await, Ok(Committed::FactKnown(known)));
}
