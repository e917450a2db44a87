//! Deadlines with several replicas on one database: each order expires once, when the database's clock
//! says so, whatever the replicas' own clocks say.

use crate::support::{Database, all_events, tool};
use adapter_postgres::PostgresStore;
use futures_util::future::join_all;
use order_core::app::{Orders, Swept};
use order_core::domain::{Cause, Event, EventData, OrderId, Timestamp};
use order_core::domain::{NewFact, NewFactBody, StockKind};
use order_core::ports::OrderStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::fakes::{MachineClock, ManualClock, SequentialIds};
use testkit::servers::Version;
use testkit::{Desk, fact, new_order, rows};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// How far the clocks of replicas are stepped.
const STEP_MILLIS: i64 = 30 * DAY_MILLIS;
/// Within this, orders that are due are dealt with, on a machine that is busy with other tests.
const BOUND: Duration = Duration::from_mins(1);

/// The use cases of one replica, and its clock.
struct Replica {
    orders: Orders,
    clock: Arc<ManualClock>,
    store: PostgresStore,
}

impl Replica {
    /// With a clock that is so far ahead of the machine's.
    async fn start(database: &Database, number: u16, ahead_millis: i64) -> Replica {
        let store = database.open().await;
        let now = order_core::ports::Clock::now(&MachineClock);
        let clock = Arc::new(ManualClock::at(now.plus_millis(ahead_millis)));
        let orders = Orders::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            clock.clone(),
            Arc::new(SequentialIds::new(number)),
        );
        Replica {
            orders,
            clock,
            store,
        }
    }

    /// Works off what is due, as the chores do; answers how many orders.
    async fn expire_all(&self) -> usize {
        let mut done = 0;
        loop {
            let Swept { done: some, more } = self.orders.expire_due().await.unwrap();
            done += some;
            if !more {
                return done;
            }
        }
    }
}

/// Orders with this deadline: of three in turn, one has stock reserved, one money authorized, one
/// neither.
async fn placed(
    store: &PostgresStore,
    desk: &Desk,
    deadline: Timestamp,
    count: usize,
) -> Vec<OrderId> {
    let place = async |n: usize| {
        let order = desk
            .placed(store, new_order().confirm_before(deadline))
            .await;
        let fact = match n % 3 {
            0 => fact::reserved("res-1"),
            1 => fact::authorized(&order, "pay-1", order.totals.total.minor()),
            _ => return order.order_id,
        };
        desk.recorded(store, &order, fact).await.order_id
    };
    join_all((0..count).map(place)).await
}

/// What the deadline made of each order.
async fn caused_by_deadlines(store: &PostgresStore) -> BTreeMap<OrderId, Vec<Event>> {
    let mut all: BTreeMap<OrderId, Vec<Event>> = BTreeMap::new();
    for recorded in all_events(store).await {
        let event = recorded.event;
        if event.cause.source.as_deref() == Some("order-service/deadline") {
            all.entry(event.order.order_id).or_default().push(event);
        }
    }
    all
}

/// Each of `orders` expired once, with the releases due; no other order did.
async fn assert_expired(store: &PostgresStore, orders: &[OrderId]) {
    let mut all = caused_by_deadlines(store).await;
    for (n, order_id) in orders.iter().enumerate() {
        let events = all.remove(order_id).unwrap_or_default();
        let kinds: Vec<_> = events.iter().map(|event| &event.data).collect();
        let as_expected = match (n % 3, &kinds[..]) {
            (
                0,
                [
                    EventData::Expired,
                    EventData::StockReleaseDue { reservation_ids },
                ],
            ) => reservation_ids == &["res-1"],
            (
                1,
                [
                    EventData::Expired,
                    EventData::PaymentReleaseDue { payments },
                ],
            ) => payments.len() == 1 && payments[0].amount.minor() == 1_000,
            (2, [EventData::Expired]) => true,
            _ => false,
        };
        assert!(as_expected, "order {n}: {kinds:?}");
    }
    assert_eq!(all.keys().collect::<Vec<_>>(), Vec::<&OrderId>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_expire_each_order_once() {
    const ORDERS: usize = 2_000;
    let database = Database::shared(Version::Reference).await;
    let replicas = join_all((1..4).map(|n| Replica::start(&database, n, 0))).await;
    let store = &replicas[0].store;
    let desk = Desk::new();
    let long_ago = desk.tick().plus_millis(DAY_MILLIS);
    let orders = placed(store, &desk, long_ago, ORDERS).await;
    let started = Instant::now();
    let mut expired = 0;
    while expired < ORDERS {
        assert!(started.elapsed() < BOUND, "{expired} of {ORDERS} orders");
        let at_once = join_all(replicas.iter().map(Replica::expire_all)).await;
        expired += at_once.iter().sum::<usize>();
    }
    assert_eq!(expired, ORDERS, "each was told of once");
    assert_expired(store, &orders).await;
    assert_eq!(store.due(1).await.unwrap().orders, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_a_clock_that_is_stepped_by_30_days_neither_expires_nor_misses_an_order() {
    const SOON_MILLIS: i64 = 1_500;
    // A multiple of three, so that lists of them can be joined.
    let some = rows::times(60, 2_001);
    let database = Database::shared(Version::Reference).await;
    let replicas = [
        Replica::start(&database, 1, STEP_MILLIS).await,
        Replica::start(&database, 2, -STEP_MILLIS).await,
    ];
    let [ahead, behind] = &replicas;
    let store = &ahead.store;
    let desk = Desk::new();
    let parked = parked_by(&replicas).await;
    let tomorrow = store.now().await.unwrap().plus_millis(DAY_MILLIS);
    let waiting = placed(store, &desk, tomorrow, some).await;
    assert_eq!(ahead.expire_all().await, 0, "expired early");

    let just_now = store.now().await.unwrap();
    let due = placed(store, &desk, just_now, some).await;
    assert_eq!(behind.expire_all().await, some, "missed");
    assert_expired(store, &due).await;

    // Soon by the database's clock, while the replicas' own step to and fro.
    let soon = store.now().await.unwrap().plus_millis(SOON_MILLIS);
    let soon_due = placed(store, &desk, soon, some).await;
    let (started, mut expired, mut steps) = (Instant::now(), 0, 0_u64);
    while expired < some {
        assert!(started.elapsed() < BOUND, "{expired} of {some} orders");
        for (replica, sign) in replicas.iter().zip([-1, 1]) {
            let back = if steps.is_multiple_of(2) { sign } else { -sign };
            replica.clock.advance(2 * back * STEP_MILLIS);
            expired += replica.expire_all().await;
            assert_eq!(replica.orders.bury_parked().await, Ok(0), "buried early");
        }
        steps += 1;
    }
    let expected = [due, soon_due].concat();
    assert_expired(store, &expected).await;
    let now = store.now().await.unwrap();
    for event in caused_by_deadlines(store).await.into_values().flatten() {
        let deadline = event.order.confirm_before.unwrap();
        assert!(deadline <= event.time, "early: {event:?}");
        assert!(event.time <= now, "at the replica's time: {event:?}");
    }
    assert_buried_after_72_hours(&database, &replicas, parked).await;
    let counted = [
        ("steps", 2 * steps + 2),
        ("expired", expected.len() as u64),
        ("early", 0),
        ("missed", 0),
        ("waiting", waiting.len() as u64),
        ("parked", parked),
    ];
    rows::told("T1", "two replicas' clocks stepped by ±30 days", &counted);
}

/// Each replica parks a fact; answers how many.
async fn parked_by(replicas: &[Replica]) -> u64 {
    let mut parked = 0;
    for replica in replicas {
        parked += 1;
        let fact = NewFact {
            source: "/stock".to_owned(),
            id: format!("early-{parked}"),
            order_id: None,
            external_id: Some(format!("shop-{parked}")),
            body: NewFactBody::Stock {
                kind: StockKind::Reserved,
                reservation_id: "res-1".to_owned(),
                reason: None,
            },
        };
        let told = replica.orders.record_fact(fact, Cause::default(), false);
        told.await.unwrap();
    }
    parked
}

/// As if the database had run for three days more, seen from its clock.
async fn assert_buried_after_72_hours(database: &Database, replicas: &[Replica], parked: u64) {
    let mut tool = tool(&database.server, &database.name).await;
    for (days, buried) in [(2, 0), (2, parked)] {
        let older = format!(
            "UPDATE parked_facts SET parked_at = parked_at - {}",
            days * DAY_MILLIS
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(older))
            .execute(&mut tool)
            .await
            .unwrap();
        let mut told = 0;
        for replica in replicas {
            told += replica.orders.bury_parked().await.unwrap();
        }
        assert_eq!(told, buried);
    }
}
