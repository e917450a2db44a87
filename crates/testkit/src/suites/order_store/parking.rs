//! Facts that wait for their order.

use super::{ALL, Store};
use crate::desk::{done, fact_of, order_of, with_fact};
use crate::samples::full_order;
use crate::{Desk, fact, new_order};
use order_core::domain::{Fact, Order, OrderRef};
use order_core::ports::{Change, Committed, FactRecord, Leaves, ParkedFact, StoredFact};

pub(super) fn external(text: &str) -> OrderRef {
    OrderRef::External(text.to_owned())
}

fn parked_fact(change: &Change) -> ParkedFact {
    match change {
        Change::Park(parked) => parked.clone(),
        other => panic!("nothing is parked: {other:?}"),
    }
}

pub(super) async fn park(store: &Store, desk: &Desk, order: OrderRef, fact: Fact) -> ParkedFact {
    let change = desk.park(order, fact);
    let parked = parked_fact(&change);
    assert_eq!(
        store.commit(change).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    parked
}

pub(super) fn record_of(parked: &ParkedFact) -> FactRecord {
    fact_of(&Change::Park(parked.clone()))
}

/// A parked fact is known without an order, and is not ready before its order is known.
pub async fn a_parked_fact_waits(store: Store) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    let parked = park(
        &store,
        &desk,
        OrderRef::Id(order.order_id),
        fact::reserved("res-1"),
    )
    .await;
    let known = StoredFact {
        order: None,
        fingerprint: parked.fingerprint,
    };
    assert_eq!(store.find_fact(&parked.fact.key).await, Ok(Some(known)));
    assert_eq!(store.parked_ready(ALL).await, Ok(vec![]));
    assert_eq!(
        store.parked_for(order.order_id, ALL).await,
        Ok(vec![]),
        "the order is not known yet"
    );
    assert_eq!(store.load(order.order_id).await, Ok(None));
}

/// Placing an order tells whether facts wait for it, named by its id or by its `external_id`.
pub async fn placing_tells_of_waiting_facts(store: Store) {
    let desk = Desk::new();
    let by_id = desk.order(new_order());
    let by_external = desk.order(new_order().external("shop-1"));
    let by_both = desk.order(new_order().external("shop-2"));
    let nothing = desk.order(new_order().external("shop-3"));
    park(
        &store,
        &desk,
        OrderRef::Id(by_id.order_id),
        fact::reserved("res-1"),
    )
    .await;
    park(&store, &desk, external("shop-1"), fact::reserved("res-2")).await;
    park(
        &store,
        &desk,
        OrderRef::Id(by_both.order_id),
        fact::reserved("res-3"),
    )
    .await;
    park(&store, &desk, external("shop-2"), fact::reserved("res-4")).await;
    park(&store, &desk, external("SHOP-3"), fact::reserved("res-5")).await;
    for (order, facts_waiting) in [
        (by_id, true),
        (by_external, true),
        (by_both, true),
        (nothing, false),
    ] {
        let place = desk.place_order(order);
        assert_eq!(
            store.commit(place).await,
            Ok(Committed::Done { facts_waiting })
        );
    }
}

/// Facts of a known order are ready, whole, oldest first, `limit` at most, with the order's id.
pub async fn ready_facts_come_oldest_first(store: Store) {
    let desk = Desk::new();
    let first = desk.order(new_order().external("shop-1"));
    let second = desk.order(new_order().external("shop-2"));
    let mut expected = Vec::new();
    for n in 0..12 {
        let (order, by) = match n % 4 {
            0 => (&first, OrderRef::Id(first.order_id)),
            1 => (&second, external("shop-2")),
            2 => (&first, external("shop-1")),
            _ => (&second, external("never placed")),
        };
        let parked = park(
            &store,
            &desk,
            by,
            fact::captured(order, &format!("pay-{n}"), n),
        )
        .await;
        if n % 4 != 3 {
            expected.push((order.order_id, parked));
        }
    }
    for order in [&second, &first] {
        done(&*store, desk.place_order(order.clone())).await;
    }
    assert_eq!(store.parked_ready(ALL).await.unwrap(), expected);
    for limit in [1, 5] {
        assert_eq!(
            store.parked_ready(limit).await.unwrap(),
            expected[..limit],
            "limit {limit}"
        );
    }
    for order in [&first, &second] {
        let of_order = expected.iter().filter(|(of, _)| *of == order.order_id);
        let of_order: Vec<ParkedFact> = of_order.map(|(_, parked)| parked.clone()).collect();
        assert_eq!(
            store.parked_for(order.order_id, ALL).await.unwrap(),
            of_order
        );
        assert_eq!(
            store.parked_for(order.order_id, 2).await.unwrap(),
            of_order[..2]
        );
    }
}

/// Every kind of fact is parked and given back to the letter, with or without trace and caller.
pub async fn every_kind_of_fact_is_parked_whole(store: Store) {
    let desk = Desk::new();
    let sample = full_order(&desk);
    let payments = sample.ledger.payments().iter().cloned().map(Fact::Payment);
    let stock = sample.ledger.stock().iter().cloned().map(Fact::Stock);
    let shipments = sample
        .ledger
        .shipments()
        .iter()
        .cloned()
        .map(Fact::Shipment);
    let returns = sample.ledger.returns().iter().cloned().map(Fact::Return);
    let mut expected = Vec::new();
    for (n, fact) in payments
        .chain(stock)
        .chain(shipments)
        .chain(returns)
        .enumerate()
    {
        let mut parked = parked_fact(&desk.park(external("shop-9"), fact));
        if n % 2 == 1 {
            (parked.traceparent, parked.caller) = (None, None);
        }
        done_parking(&store, parked.clone()).await;
        expected.push(parked);
    }
    let order = desk.placed(&*store, new_order().external("shop-9")).await;
    assert_eq!(
        store.parked_for(order.order_id, ALL).await.unwrap(),
        expected
    );
}

async fn done_parking(store: &Store, parked: ParkedFact) {
    let committed = store.commit(Change::Park(parked)).await;
    assert_eq!(
        committed,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
}

/// A fact whose order is known by now is not parked: it can be applied.
pub async fn a_fact_of_a_known_order_is_not_parked(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order().external("shop-1")).await;
    for by in [OrderRef::Id(order.order_id), external("shop-1")] {
        let change = desk.park(by, fact::reserved("res-1"));
        let record = fact_of(&change);
        let known = Committed::OrderKnown {
            order_id: order.order_id,
        };
        assert_eq!(store.commit(change).await, Ok(known));
        assert_eq!(store.find_fact(&record.key).await, Ok(None));
    }
    assert_eq!(store.parked_ready(ALL).await, Ok(vec![]));
}

/// A fact id is parked once, and one that is known is known first, whether its order is or not.
pub async fn a_fact_id_is_parked_once(store: Store) {
    let desk = Desk::new();
    let order = desk.order(new_order().external("shop-1"));
    let parked = park(&store, &desk, external("shop-1"), fact::reserved("res-1")).await;
    let again = with_fact(
        desk.park(external("shop-2"), fact::reserved("res-2")),
        record_of(&parked),
    );
    let known = Committed::FactKnown(StoredFact {
        order: None,
        fingerprint: parked.fingerprint,
    });
    assert_eq!(store.commit(again).await, Ok(known.clone()));
    done(&*store, desk.place_order(order)).await;
    assert_eq!(store.commit(Change::Park(parked.clone())).await, Ok(known));
    assert_eq!(store.parked_ready(ALL).await.unwrap().len(), 1);
}

async fn waiting(store: &Store, desk: &Desk) -> (Order, ParkedFact) {
    let order = desk.order(new_order());
    let parked = park(
        store,
        desk,
        OrderRef::Id(order.order_id),
        fact::reserved("res-1"),
    )
    .await;
    done(&**store, desk.place_order(order.clone())).await;
    (order, parked)
}

/// A change that takes a fact out of the parking does so in its own commit.
pub async fn applying_takes_a_fact_out_of_the_parking(store: Store) {
    let desk = Desk::new();
    let (order, parked) = waiting(&store, &desk).await;
    let stays = park(&store, &desk, external("later"), fact::reserved("res-2")).await;
    let record = record_of(&parked);
    let apply = with_fact(
        desk.record(&order, parked.fact.fact.clone()),
        record.clone(),
    );
    let after = order_of(&apply);

    let mut stale = apply.clone();
    if let Change::Advance {
        expected_version,
        events,
        ..
    } = &mut stale
    {
        *expected_version = after.version;
        *events = vec![desk.event(Order::clone(&after), events[0].data.clone())];
    }
    assert_eq!(store.commit(stale).await, Ok(Committed::VersionConflict));
    assert_eq!(
        store.parked_ready(ALL).await.unwrap().len(),
        1,
        "a refused change leaves it parked"
    );

    done(&*store, apply.clone()).await;
    assert_eq!(store.parked_ready(ALL).await, Ok(vec![]));
    let known = StoredFact {
        order: Some((order.order_id, after.version)),
        fingerprint: parked.fingerprint,
    };
    assert_eq!(store.find_fact(&record.key).await, Ok(Some(known)));
    assert_eq!(
        store.commit(apply).await,
        Ok(Committed::FactKnown(known)),
        "it leaves but once"
    );
    assert!(
        store.find_fact(&stays.fact.key).await.unwrap().is_some(),
        "others stay"
    );
}

/// Remembering, too, takes a fact out of the parking.
pub async fn remembering_takes_a_fact_out_of_the_parking(store: Store) {
    let desk = Desk::new();
    let (order, parked) = waiting(&store, &desk).await;
    let remember = Change::Remember {
        order_id: order.order_id,
        version: 1,
        fact: record_of(&parked),
    };
    assert_eq!(
        store.commit(remember).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    assert_eq!(store.parked_ready(ALL).await, Ok(vec![]));
    let known = store
        .find_fact(&parked.fact.key)
        .await
        .unwrap()
        .expect("the id stays known");
    assert_eq!(known.order, Some((order.order_id, 1)));
}

/// A parked fact that comes once more, not out of the parking, is known and stays parked.
pub async fn a_parked_fact_that_comes_again_is_known(store: Store) {
    let desk = Desk::new();
    let (order, parked) = waiting(&store, &desk).await;
    let record = FactRecord {
        leaves: Leaves::Nothing,
        ..record_of(&parked)
    };
    let again = with_fact(desk.record(&order, parked.fact.fact.clone()), record);
    let known = StoredFact {
        order: None,
        fingerprint: parked.fingerprint,
    };
    assert_eq!(store.commit(again).await, Ok(Committed::FactKnown(known)));
    assert_eq!(
        store.parked_ready(ALL).await,
        Ok(vec![(order.order_id, parked)])
    );
}
