//! Fact ids: each counts once, whichever order it is about.

use super::{Store, events, history, loaded};
use crate::desk::{done, fact_of, order_of, with_fact};
use crate::samples::ODD_TEXTS;
use crate::{Desk, fact, new_order};
use order_core::domain::{FactKey, Fingerprint};
use order_core::ports::{Change, Committed, FactRecord, StoredFact};

/// A recorded fact's id is known with its order, the version after it, and what was said first.
pub async fn a_fact_id_counts_once(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order()).await;
    let other = desk.placed(&*store, new_order()).await;
    let change = desk.record(&order, fact::captured(&order, "pay-1", 1));
    let record = fact_of(&change);
    let after = done(&*store, change).await;
    let known = StoredFact {
        order: Some((order.order_id, after.version)),
        fingerprint: record.fingerprint,
    };
    assert_eq!(store.find_fact(&record.key).await, Ok(Some(known)));

    let reused = FactRecord {
        fingerprint: Fingerprint(1),
        ..record
    };
    for order in [&after, &other] {
        let again = with_fact(
            desk.record(order, fact::captured(order, "pay-2", 2)),
            reused.clone(),
        );
        assert_eq!(store.commit(again).await, Ok(Committed::FactKnown(known)));
        assert_eq!(loaded(&store, order).await, *order);
    }
}

/// A fact's version is that of its change's last event.
pub async fn a_fact_is_known_with_the_version_of_its_last_event(store: Store) {
    let desk = Desk::new();
    let invoice = new_order().terms(order_core::domain::PaymentTerms::Invoice);
    let order = desk.placed(&*store, invoice).await;
    let change = desk.record(&order, fact::reserved("res-1"));
    let (record, after) = (fact_of(&change), order_of(&change));
    assert!(after.version > 2, "the fact confirms the order as well");
    done(&*store, change).await;
    let known = store
        .find_fact(&record.key)
        .await
        .unwrap()
        .expect("the fact is known");
    assert_eq!(known.order, Some((order.order_id, after.version)));
}

/// Source and id make a fact's key together, to the letter.
pub async fn fact_ids_are_told_apart_to_the_letter(store: Store) {
    let desk = Desk::new();
    let mut order = desk.placed(&*store, new_order()).await;
    let mut keys: Vec<(&str, &str)> = vec![
        ("/a", "bc"),
        ("/ab", "c"),
        ("/a", "BC"),
        ("/A", "bc"),
        ("bc", "/a"),
    ];
    keys.extend(ODD_TEXTS.iter().map(|text| (*text, "1")));
    keys.extend(ODD_TEXTS.iter().map(|text| ("/odd", *text)));
    for (n, (source, id)) in keys.iter().enumerate() {
        let key = FactKey {
            source: (*source).to_owned(),
            id: (*id).to_owned(),
        };
        assert_eq!(store.find_fact(&key).await, Ok(None), "{key:?}");
        let record = FactRecord {
            key,
            ..desk.fact_record()
        };
        let payment = fact::captured(&order, &format!("pay-{n}"), 1);
        order = done(
            &*store,
            with_fact(desk.record(&order, payment), record.clone()),
        )
        .await;
        let known = store
            .find_fact(&record.key)
            .await
            .unwrap()
            .expect("the fact is known");
        assert_eq!(
            known.order,
            Some((order.order_id, order.version)),
            "{:?}",
            record.key
        );
    }
}

/// A conflict does not burn the fact's id: it is recorded on the next try.
pub async fn a_conflict_does_not_burn_the_fact_id(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order()).await;
    let held = done(&*store, desk.hold(&order, "A")).await;
    let stale = desk.record(&order, fact::captured(&order, "pay-1", 1));
    let record = fact_of(&stale);
    assert_eq!(store.commit(stale).await, Ok(Committed::VersionConflict));
    let retry = with_fact(
        desk.record(&held, fact::captured(&held, "pay-1", 1)),
        record,
    );
    done(&*store, retry).await;
}

/// Remembering stores the id alone: no event, no version; and it too counts once.
pub async fn remembering_stores_the_id_alone(store: Store) {
    let desk = Desk::new();
    let placed = desk.placed(&*store, new_order()).await;
    let order = desk
        .recorded(&*store, &placed, fact::captured(&placed, "pay-1", 1))
        .await;
    let before = history(&store, &order).await;
    let record = desk.fact_record();
    let remember = Change::Remember {
        order_id: order.order_id,
        version: order.version,
        fact: record.clone(),
    };
    let committed = store.commit(remember.clone()).await;
    assert_eq!(
        committed,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    let known = StoredFact {
        order: Some((order.order_id, order.version)),
        fingerprint: record.fingerprint,
    };
    assert_eq!(store.find_fact(&record.key).await, Ok(Some(known)));
    assert_eq!(
        store.commit(remember).await,
        Ok(Committed::FactKnown(known))
    );
    let advance = with_fact(
        desk.record(&order, fact::captured(&order, "pay-2", 1)),
        record,
    );
    assert_eq!(store.commit(advance).await, Ok(Committed::FactKnown(known)));
    assert_eq!(history(&store, &order).await, before);
    assert_eq!(loaded(&store, &order).await, order);
}

/// A fact that an order's change recorded cannot be remembered for another order.
pub async fn a_recorded_fact_is_not_remembered_again(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order()).await;
    let other = desk.placed(&*store, new_order()).await;
    let change = desk.record(&order, fact::captured(&order, "pay-1", 1));
    let record = fact_of(&change);
    let after = done(&*store, change).await;
    let remember = Change::Remember {
        order_id: other.order_id,
        version: 1,
        fact: record.clone(),
    };
    let known = StoredFact {
        order: Some((order.order_id, after.version)),
        fingerprint: record.fingerprint,
    };
    assert_eq!(
        store.commit(remember).await,
        Ok(Committed::FactKnown(known))
    );
    assert_eq!(events(&store, &other).await.len(), 1);
}
