//! Many at once: of changes that exclude each other one is `Done`, and nothing is halved.

use super::{ALL, Store, events, loaded};
use crate::desk::{done, fact_of, order_of, request_of, with_fact, with_request};
use crate::{Desk, fact, new_order};
use order_core::domain::{Order, OrderRef, PaymentTerms};
use order_core::ports::{Change, Committed, StoreError};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::Barrier;

/// Changes that are committed at once.
const WRITERS: usize = 100;

type Answer = Result<Committed, StoreError>;

/// Commits all changes at the same time; answers in their order.
async fn commit_at_once(store: &Store, changes: Vec<Change>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(changes.len()));
    let mut tasks = Vec::new();
    for change in changes {
        let (store, barrier) = (Store::clone(store), Arc::clone(&barrier));
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            store.commit(change).await
        }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// The place of the one `Done` among the answers.
fn the_one_done(answers: &[Answer]) -> usize {
    let done: Vec<usize> = (0..answers.len())
        .filter(|n| matches!(answers[*n], Ok(Committed::Done { .. })))
        .collect();
    assert_eq!(
        done.len(),
        1,
        "exactly one of {} is Done: {answers:?}",
        answers.len()
    );
    done[0]
}

/// Of 100 orders placed at once under one key, one is placed and the others answer it.
pub async fn one_key_places_one_order(store: Store) {
    let desk = Desk::new();
    let request = desk.request();
    let changes: Vec<Change> = (0..WRITERS)
        .map(|_| with_request(desk.place(new_order()), request))
        .collect();
    let orders: Vec<Arc<Order>> = changes.iter().map(order_of).collect();
    let answers = commit_at_once(&store, changes).await;
    let one = the_one_done(&answers);
    let known = store
        .find_request(request.key)
        .await
        .unwrap()
        .expect("the key is stored");
    assert_eq!((known.order_id, known.version), (orders[one].order_id, 1));
    for (n, answer) in answers.iter().enumerate().filter(|(n, _)| *n != one) {
        assert_eq!(*answer, Ok(Committed::RequestKnown(known)));
        assert_eq!(store.load(orders[n].order_id).await, Ok(None));
    }
}

/// Of 100 changes decided at once on one version, one is written and the others conflict.
pub async fn one_version_is_followed_by_one_change(store: Store) {
    let desk = Desk::new();
    let order = desk.placed(&*store, new_order()).await;
    let changes: Vec<Change> = (0..WRITERS).map(|_| desk.hold(&order, "RACE")).collect();
    let orders: Vec<Arc<Order>> = changes.iter().map(order_of).collect();
    let answers = commit_at_once(&store, changes).await;
    let one = the_one_done(&answers);
    for answer in answers
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != one)
        .map(|(_, answer)| answer)
    {
        assert_eq!(*answer, Ok(Committed::VersionConflict));
    }
    assert_eq!(loaded(&store, &order).await, orders[one]);
    assert_eq!(events(&store, &order).await.len(), 2);
}

/// Of 100 changes of different orders with one fact id, one is written.
pub async fn one_fact_id_is_recorded_once(store: Store) {
    let desk = Desk::new();
    let record = desk.fact_record();
    let mut changes = Vec::new();
    for n in 0..WRITERS {
        let order = desk.placed(&*store, new_order()).await;
        changes.push(match n % 3 {
            0 => Change::Remember {
                order_id: order.order_id,
                version: 1,
                fact: record.clone(),
            },
            1 => with_fact(
                desk.park(OrderRef::External("nobody".to_owned()), fact::reserved("r")),
                record.clone(),
            ),
            _ => with_fact(
                desk.record(&order, fact::captured(&order, "pay-1", 1)),
                record.clone(),
            ),
        });
    }
    let answers = commit_at_once(&store, changes).await;
    let one = the_one_done(&answers);
    let known = store
        .find_fact(&record.key)
        .await
        .unwrap()
        .expect("the fact is known");
    for answer in answers
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != one)
        .map(|(_, answer)| answer)
    {
        assert_eq!(*answer, Ok(Committed::FactKnown(known)));
    }
}

/// Of 100 orders placed at once with one `external_id`, one is placed and the others name it.
pub async fn one_external_id_is_given_once(store: Store) {
    let desk = Desk::new();
    let changes: Vec<Change> = (0..WRITERS)
        .map(|_| desk.place(new_order().external("shop-1")))
        .collect();
    let orders: Vec<Arc<Order>> = changes.iter().map(order_of).collect();
    let answers = commit_at_once(&store, changes).await;
    let one = the_one_done(&answers);
    let taken = Committed::ExternalIdTaken {
        order_id: orders[one].order_id,
    };
    for answer in answers
        .iter()
        .enumerate()
        .filter(|(n, _)| *n != one)
        .map(|(_, answer)| answer)
    {
        assert_eq!(*answer, Ok(taken.clone()));
    }
}

/// A fact that is parked while its order is placed is never forgotten: either placing tells that
/// it waits, or parking tells that the order is known.
pub async fn a_fact_never_slips_between_parking_and_placing(store: Store) {
    let desk = Desk::new();
    for n in 0..60 {
        let external_id = format!("shop-{n}");
        let order = desk.order(new_order().external(&external_id));
        let by = if n % 2 == 0 {
            OrderRef::Id(order.order_id)
        } else {
            OrderRef::External(external_id)
        };
        let park = desk.park(by, fact::reserved("res-1"));
        let place = desk.place_order(order.clone());
        let pair = if n % 4 < 2 {
            vec![park, place]
        } else {
            vec![place, park]
        };
        let answers = commit_at_once(&store, pair).await;
        let known = Ok(Committed::OrderKnown {
            order_id: order.order_id,
        });
        let told = answers.contains(&Ok(Committed::Done {
            facts_waiting: true,
        }));
        assert!(told != answers.contains(&known), "{answers:?}");
        let waiting = store.parked_for(order.order_id, ALL).await.unwrap();
        assert_eq!(waiting.len(), usize::from(told));
    }
}

/// Polls once, then drops the future, as a caller does that goes away.
async fn begin_and_drop(commit: impl Future<Output = Answer>) {
    let mut commit = pin!(commit);
    poll_fn(|context| {
        let _ = commit.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Dropping the future of a commit leaves the change whole or absent; asked again, it is whole.
pub async fn a_dropped_commit_is_whole_or_absent(store: Store) {
    let desk = Desk::new();
    for _ in 0..40 {
        let place = desk.place(new_order().terms(PaymentTerms::Invoice).lines(3));
        begin_and_drop(store.commit(place.clone())).await;
        let placed = settle(&store, place).await;
        let reserve = desk.record(&placed, fact::reserved("res-1"));
        let reserve = with_request(reserve, desk.request());
        begin_and_drop(store.commit(reserve.clone())).await;
        settle(&store, reserve).await;
    }
}

/// Asks again for a change that may be written or not, and checks every part of it.
async fn settle(store: &Store, change: Change) -> Arc<Order> {
    let (order, request) = (order_of(&change), request_of(&change));
    let decided = match &change {
        Change::Place { events, .. } | Change::Advance { events, .. } => events.clone(),
        Change::Remember { .. } | Change::Park(_) => Vec::new(),
    };
    let fact = matches!(change, Change::Advance { fact: Some(_), .. }).then(|| fact_of(&change));
    let answer = store.commit(change).await.unwrap();
    assert!(
        matches!(answer, Committed::Done { .. } | Committed::RequestKnown(_)),
        "{answer:?}"
    );
    assert_eq!(loaded(store, &order).await, order);
    let stored = events(store, &order).await;
    assert_eq!(
        stored.len() as u64,
        order.version,
        "each version has one event"
    );
    assert!(
        stored.ends_with(&decided),
        "all of the change's events are there"
    );
    let known = store
        .find_request(request.key)
        .await
        .unwrap()
        .expect("the key is stored");
    assert_eq!(
        (known.order_id, known.version),
        (order.order_id, order.version)
    );
    if let Some(fact) = fact {
        let known = store
            .find_fact(&fact.key)
            .await
            .unwrap()
            .expect("the fact is known");
        assert_eq!(known.order, Some((order.order_id, order.version)));
    }
    order
}

/// Tasks that are aborted while they commit leave whole changes or none behind.
pub async fn aborted_tasks_leave_whole_changes(store: Store) {
    let desk = Desk::new();
    let mut tasks = Vec::new();
    for n in 0..WRITERS {
        let change = desk.place(new_order().lines(2));
        let (own, again) = (Store::clone(&store), change.clone());
        let task = tokio::spawn(async move { own.commit(change).await });
        if n % 3 == 0 {
            tokio::task::yield_now().await;
        }
        task.abort();
        tasks.push((task, again));
    }
    for (task, change) in tasks {
        let _ = task.await;
        settle(&store, change).await;
    }
}

/// Readers never see half a change: an order is at a version whose events are all there.
pub async fn readers_see_whole_changes(store: Store) {
    let desk = Desk::new();
    let order = desk
        .placed(&*store, new_order().terms(PaymentTerms::Invoice))
        .await;
    let (own, id) = (Store::clone(&store), order.order_id);
    let reader = tokio::spawn(async move {
        loop {
            let now = own.load(id).await.unwrap().expect("the order stays");
            let history = own.history(id, 0, ALL).await.unwrap();
            assert!(
                history.len() as u64 >= now.version,
                "version {} has its events",
                now.version
            );
            assert!(
                history
                    .iter()
                    .zip(1..)
                    .all(|(recorded, version)| recorded.event.version() == version)
            );
            if now.version > 60 {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    let mut order = order;
    while order.version <= 60 {
        let contradiction = fact::refunded(&order, "pay-1", &format!("ref-{}", order.version), 1);
        order = done(&*store, desk.record(&order, contradiction)).await;
    }
    reader.await.unwrap();
}
