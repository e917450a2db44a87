//! What a test can make go wrong in the fakes.

use order_core::ports::{
    Clock, Committed, EventFeed, EventPublisher, FeedError, FeedPosition, FeedToken, HealthSource,
    OrderStore, PublishError, StoreError,
};
use testkit::desk::{order_of, request_of};
use testkit::fakes::{ManualClock, MemoryBroker, MemoryStore, StaticHealth};
use testkit::{Desk, new_order};

fn away() -> StoreError {
    StoreError::Unavailable {
        detail: "as the test says".to_owned(),
    }
}

#[tokio::test]
async fn the_next_call_fails_and_does_nothing() {
    let (store, desk) = (MemoryStore::new(), Desk::new());
    let change = desk.place(new_order());
    store.fail_next(away());
    assert_eq!(store.commit(change.clone()).await, Err(away()));
    assert_eq!(store.order_count(), 0);
    assert_eq!(
        store.commit(change).await,
        Ok(Committed::Done {
            facts_waiting: false
        })
    );
}

#[tokio::test]
async fn every_call_fails_until_it_is_told_otherwise() {
    let (store, desk) = (MemoryStore::new(), Desk::new());
    store.set_failing(Some(away()));
    for _ in 0..2 {
        assert_eq!(store.commit(desk.place(new_order())).await, Err(away()));
        assert_eq!(store.head().await, Err(FeedError::Store(away())));
    }
    store.set_failing(None);
    desk.placed(&store, new_order()).await;
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_write() {
    let (store, desk) = (MemoryStore::new(), Desk::new());
    let change = desk.place(new_order());
    let (order, request) = (order_of(&change), request_of(&change));
    store.lose_next_answer(away());
    assert_eq!(store.commit(change.clone()).await, Err(away()));
    assert_eq!(store.load(order.order_id).await, Ok(Some(order)));
    let again = store.commit(change).await;
    assert_eq!(
        again,
        store
            .find_request(request.key)
            .await
            .map(|known| Committed::RequestKnown(known.unwrap()))
    );
}

#[tokio::test]
async fn a_forgotten_position_is_gone() {
    let (store, desk) = (MemoryStore::new(), Desk::new());
    for _ in 0..5 {
        desk.placed(&store, new_order()).await;
    }
    store.forget_before(FeedPosition {
        partition: 0,
        offset: 3,
    });
    let oldest = FeedToken::new(vec![2]);
    for offset in [0, 1] {
        let gone = store.read_after(&FeedToken::new(vec![offset]), 9).await;
        assert_eq!(
            gone,
            Err(FeedError::Gone {
                oldest: oldest.clone()
            })
        );
    }
    let kept = store.read_after(&oldest, 9).await.unwrap();
    assert_eq!(
        kept.iter()
            .map(|recorded| recorded.position.offset)
            .collect::<Vec<_>>(),
        [3, 4, 5]
    );
    store.forget_before(FeedPosition {
        partition: 0,
        offset: 99,
    });
    assert_eq!(store.head().await, Ok(FeedToken::new(vec![5])));
    desk.placed(&store, new_order()).await;
    assert_eq!(
        store.read_after(&FeedToken::new(vec![5]), 9).await.unwrap()[0]
            .position
            .offset,
        6
    );
}

#[tokio::test]
async fn a_fork_goes_its_own_way() {
    let (store, desk) = (MemoryStore::new(), Desk::new());
    desk.placed(&store, new_order()).await;
    let fork = store.fork();
    desk.placed(&fork, new_order()).await;
    assert_eq!((store.order_count(), fork.order_count()), (1, 2));
    assert_eq!(store.clone().order_count(), 1);
}

#[tokio::test]
async fn a_broker_that_is_away_says_so() {
    let broker = MemoryBroker::new();
    broker.set_away(Some("no leader"));
    let unavailable = PublishError::Unavailable {
        detail: "no leader".to_owned(),
    };
    assert_eq!(broker.publisher().take_over(0).await, Err(unavailable));
    broker.set_away(None);
    assert_eq!(broker.publisher().take_over(0).await, Ok(None));
}

#[test]
fn a_clock_moves_as_it_is_told() {
    let clock = ManualClock::default();
    let start = clock.now();
    assert_eq!(clock.advance(1_500), start.plus_millis(1_500));
    assert_eq!(clock.advance(-2_000), start.plus_millis(-500));
    clock.set(start);
    assert_eq!(clock.now(), start);
}

#[test]
fn health_is_what_it_was_told() {
    let health = StaticHealth::ready();
    assert!(health.report().ready);
    health.set(StaticHealth::not_ready().report());
    assert!(!health.report().ready);
}
