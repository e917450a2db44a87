//! Facts that are redriven or dropped: out of the parking, and out of the dead letters.

use super::{Kept, leaving};
use crate::desk::{done, with_fact};
use crate::{Desk, fact, new_order};
use order_core::domain::{Order, OrderRef, Timestamp};
use order_core::ports::{Change, Committed, Leaves, LetterContent, ParkedFact, StoredFact};
use std::sync::Arc;

/// How often two try the same at once.
const RACES: usize = 10;

/// A change that records this fact in it as it leaves where it is kept.
fn apply(desk: &Desk, order: &Order, kept: &ParkedFact, leaves: Leaves) -> Change {
    let record = desk.record(order, kept.fact.fact.clone());
    with_fact(record, leaving(kept, leaves))
}

/// A fact that was given up can be applied after all: then it is no dead letter any more, and its id is
/// known with the order. A second time it is known.
pub async fn a_buried_fact_leaves_by_its_effect(kept: Kept) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    let by_id = OrderRef::Id(order.order_id);
    let (parked, letter) = kept.bury(&desk, by_id, fact::reserved("res-1")).await;
    assert_eq!(
        letter.content,
        LetterContent::Fact(Box::new(parked.clone()))
    );
    assert_eq!(
        kept.repair.dead_letter(letter.id).await,
        Ok(Some(letter.clone()))
    );
    let order = done(&*kept.store, desk.place_order(order)).await;
    let change = apply(&desk, &order, &parked, Leaves::DeadLetters);
    let after = done(&*kept.store, change).await;
    assert_eq!(kept.letters().await, []);
    assert_eq!(kept.repair.dead_letter(letter.id).await, Ok(None));
    let known = StoredFact {
        order: Some((order.order_id, after.version)),
        fingerprint: parked.fingerprint,
    };
    assert_eq!(
        kept.store.find_fact(&parked.fact.key).await,
        Ok(Some(known))
    );
    // Of other content, since the order knows this fact.
    let other = desk.record(&after, fact::captured(&after, "pay-1", 1));
    let again = with_fact(other, leaving(&parked, Leaves::DeadLetters));
    assert_eq!(
        kept.store.commit(again).await,
        Ok(Committed::FactKnown(known))
    );
}

/// A fact whose order knows it already by another id leaves the dead letters too.
pub async fn a_buried_fact_that_is_remembered_leaves(kept: Kept) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    let by_id = OrderRef::Id(order.order_id);
    let (parked, _) = kept.bury(&desk, by_id, fact::reserved("res-1")).await;
    let order = done(&*kept.store, desk.place_order(order)).await;
    let remember = Change::Remember {
        order_id: order.order_id,
        version: order.version,
        fact: leaving(&parked, Leaves::DeadLetters),
    };
    assert_eq!(
        kept.store.commit(remember).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    assert_eq!(kept.letters().await, []);
}

/// Only what says where it is kept leaves there: a fact is known to whoever thinks that it is elsewhere.
pub async fn a_fact_leaves_only_where_it_is_kept(kept: Kept) {
    let desk = Desk::new();
    let (first, second) = (desk.order(new_order()), desk.order(new_order()));
    let by_id = |order: &Order| OrderRef::Id(order.order_id);
    let (buried, _) = kept
        .bury(&desk, by_id(&first), fact::reserved("res-1"))
        .await;
    let parked = kept
        .park(&desk, by_id(&second), fact::reserved("res-2"))
        .await;
    let first = done(&*kept.store, desk.place_order(first)).await;
    let second = desk.place_order(second);
    kept.store.commit(second.clone()).await.unwrap();
    let second = second.order().map(Arc::clone).expect("it was placed");
    for (order, fact, wrong) in [
        (&first, &buried, [Leaves::Nothing, Leaves::Parking]),
        (&second, &parked, [Leaves::Nothing, Leaves::DeadLetters]),
    ] {
        let known = StoredFact {
            order: None,
            fingerprint: fact.fingerprint,
        };
        for leaves in wrong {
            let change = apply(&desk, order, fact, leaves);
            assert_eq!(
                kept.store.commit(change).await,
                Ok(Committed::FactKnown(known)),
                "{leaves:?}"
            );
        }
    }
    assert_eq!(
        (kept.letters().await.len(), kept.waiting().await.len()),
        (1, 1)
    );
}

/// The id of a fact that somebody dropped stays known: neither whoever read it before nor its
/// repetition has an effect.
pub async fn a_dropped_fact_stays_known(kept: Kept) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    let by_id = || OrderRef::Id(order.order_id);
    let (buried, letter) = kept.bury(&desk, by_id(), fact::reserved("res-1")).await;
    let parked = kept
        .park(&desk, by_id(), fact::captured(&order, "pay-1", 1))
        .await;
    let waiting = kept.waiting().await.remove(0);
    for id in [letter.id, waiting.id] {
        assert_eq!(kept.repair.discard(id).await, Ok(true));
        assert_eq!(kept.repair.discard(id).await, Ok(false));
    }
    assert_eq!(
        (kept.letters().await.len(), kept.waiting().await.len()),
        (0, 0)
    );
    let place = desk.place_order(order.clone());
    assert_eq!(
        kept.store.commit(place).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
    for (fact, leaves) in [(buried, Leaves::DeadLetters), (parked, Leaves::Parking)] {
        let known = StoredFact {
            order: None,
            fingerprint: fact.fingerprint,
        };
        assert_eq!(kept.store.find_fact(&fact.fact.key).await, Ok(Some(known)));
        for change in [
            apply(&desk, &order, &fact, leaves),
            apply(&desk, &order, &fact, Leaves::Nothing),
            Change::Park(fact),
        ] {
            assert_eq!(
                kept.store.commit(change).await,
                Ok(Committed::FactKnown(known))
            );
        }
    }
}

/// Of dropping and applying a fact at once, one is done, and the other is told.
pub async fn a_fact_is_dropped_or_applied(kept: Kept) {
    let desk = Desk::new();
    for _ in 0..RACES {
        let order = desk.order(new_order());
        let by_id = OrderRef::Id(order.order_id);
        let (parked, letter) = kept.bury(&desk, by_id, fact::reserved("res-1")).await;
        let order = done(&*kept.store, desk.place_order(order)).await;
        let change = apply(&desk, &order, &parked, Leaves::DeadLetters);
        let (store, repair) = (kept.store.clone(), kept.repair.clone());
        let applying = tokio::spawn(async move { store.commit(change).await.unwrap() });
        let dropping = tokio::spawn(async move { repair.discard(letter.id).await.unwrap() });
        let (applied, dropped) = (applying.await.unwrap(), dropping.await.unwrap());
        let applied = matches!(applied, Committed::Done { .. });
        assert_ne!(applied, dropped, "exactly one is done");
        assert_eq!(kept.letters().await, []);
        let now = kept.store.load(order.order_id).await.unwrap().unwrap();
        assert_eq!(now.version > order.version, applied);
    }
}

/// Of two that redrive a fact at once, one has the effect.
pub async fn two_redrives_have_one_effect(kept: Kept) {
    let desk = Desk::new();
    for _ in 0..RACES {
        let order = desk.order(new_order());
        let by_id = OrderRef::Id(order.order_id);
        let (parked, _) = kept.bury(&desk, by_id, fact::reserved("res-1")).await;
        let order = done(&*kept.store, desk.place_order(order)).await;
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let change = apply(&desk, &order, &parked, Leaves::DeadLetters);
            let store = kept.store.clone();
            tasks.push(tokio::spawn(
                async move { store.commit(change).await.unwrap() },
            ));
        }
        let mut effects = 0;
        for task in tasks {
            effects += usize::from(matches!(task.await.unwrap(), Committed::Done { .. }));
        }
        assert_eq!(effects, 1);
        assert_eq!(kept.letters().await, []);
    }
}

/// Why a parked fact could not be applied is shown with it, and goes along when it is given up.
pub async fn a_noted_reason_goes_along(kept: Kept) {
    let desk = Desk::new();
    let order = desk.order(new_order());
    kept.park(&desk, OrderRef::Id(order.order_id), fact::reserved("res-1"))
        .await;
    kept.park(
        &desk,
        OrderRef::External("never".to_owned()),
        fact::reserved("res-2"),
    )
    .await;
    let waiting = kept.waiting().await;
    assert!(
        waiting
            .iter()
            .all(|fact| fact.reason.is_none() && !fact.order_known)
    );
    let first = waiting.last().unwrap().id;
    assert_eq!(
        kept.repair.note(first, "the ledger is full").await,
        Ok(true)
    );
    kept.store.commit(desk.place_order(order)).await.unwrap();
    let now = kept.repair.parked_fact(first).await.unwrap().unwrap();
    assert_eq!(now.reason.as_deref(), Some("the ledger is full"));
    assert!(now.order_known);
    assert_eq!(kept.store.bury_parked(Timestamp::MAX, 10).await, Ok(2));
    let reasons: Vec<String> = kept.letters().await.into_iter().map(|l| l.reason).collect();
    assert_eq!(
        reasons,
        [
            "no order of this number was placed while the fact was parked",
            "the ledger is full"
        ]
    );
}

/// A number that was given to one fact is never given to another, even if it was the last.
pub async fn an_id_is_never_given_twice(kept: Kept) {
    let desk = Desk::new();
    let order = || OrderRef::External("never".to_owned());
    kept.park(&desk, order(), fact::reserved("res-1")).await;
    let first = kept.waiting().await[0].id;
    assert_eq!(kept.repair.discard(first).await, Ok(true));
    kept.park(&desk, order(), fact::reserved("res-2")).await;
    assert_ne!(kept.waiting().await[0].id, first);
    assert_eq!(kept.store.bury_parked(Timestamp::MAX, 10).await, Ok(1));
    let buried = kept.letters().await[0].id;
    assert_eq!(kept.repair.discard(buried).await, Ok(true));
    let (_, next) = kept.bury(&desk, order(), fact::reserved("res-3")).await;
    assert_ne!(next.id, buried);
}
