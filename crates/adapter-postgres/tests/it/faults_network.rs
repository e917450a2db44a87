//! The way to PostgreSQL: late, black, cut, refused (FAULTS P4, P11); by TCP, so by the relay.

use crate::support::{Database, all_events};
use adapter_postgres::{Address, Config, PostgresStore};
use order_core::domain::OrderRef;
use order_core::ports::{Committed, OrderStore, StoreError};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use testkit::servers::proxy::Fault;
use testkit::servers::{Proxy, Version};
use testkit::{Desk, fact, new_order};

const DONE: Committed = Committed::Done {
    facts_waiting: false,
};
/// `ReadyForQuery`, idle: what comes last of the answer to a statement, after its commit.
const READY: &[u8] = b"Z\0\0\0\x05I";
/// `CommandComplete` of COMMIT.
const COMMITTED: &[u8] = b"COMMIT\0";
const SHORT: Duration = Duration::from_millis(300);
const LONGEST: Duration = Duration::from_secs(30);

async fn behind_proxy(change: impl FnOnce(Config) -> Config) -> (Database, Proxy, PostgresStore) {
    let database = Database::shared(Version::Reference).await;
    let peer = SocketAddr::from(([127, 0, 0, 1], database.server.port()));
    let proxy = Proxy::start(peer);
    let config = Config {
        address: Address::Tcp(proxy.address().into()),
        ..database.config()
    };
    let store = PostgresStore::open(change(config)).await.unwrap();
    (database, proxy, store)
}

fn hasty(config: Config) -> Config {
    Config {
        connect_timeout: SHORT,
        statement_timeout: SHORT,
        lock_timeout: SHORT,
        answer_grace: SHORT,
        read_timeout: SHORT,
        recovery_time: SHORT,
        ..config
    }
}

#[tokio::test]
async fn a_cut_answer_to_a_commit_is_found_out_about() {
    let (_database, proxy, store) = behind_proxy(|config| config).await;
    let desk = Desk::new();
    let mut orders = Vec::new();
    for n in 1..=10 {
        orders.push(desk.placed(&store, new_order()).await);
        proxy.set(Fault::CutBefore(READY.to_vec()));
        assert_eq!(store.commit(desk.place(new_order())).await, Ok(DONE));
        proxy.set(Fault::CutBefore(READY.to_vec()));
        let moved = desk.record(&orders[n - 1], fact::reserved("res-1"));
        assert_eq!(store.commit(moved).await, Ok(DONE));
        assert_eq!(proxy.cuts(), 2 * n);
    }
    // What is cut while it is alone is found out about as well.
    proxy.set(Fault::CutBefore(COMMITTED.to_vec()));
    let parked = desk.park(OrderRef::External("shop-1".into()), fact::reserved("res-9"));
    assert_eq!(store.commit(parked).await, Ok(DONE));
    assert_eq!(proxy.cuts(), 21);
    let events = all_events(&store).await;
    assert_eq!(events.len(), 30, "each is there once");
    assert!(
        (1..)
            .zip(&events)
            .all(|(n, event)| event.position.offset == n)
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_found_out_about_is_told_as_such() {
    let (database, proxy, store) = behind_proxy(hasty).await;
    let desk = Desk::new();
    desk.placed(&store, new_order()).await;
    proxy.set(Fault::CutAfter(1));
    let change = desk.place(new_order());
    let (answer, ()) = tokio::join!(store.commit(change.clone()), async {
        while proxy.cuts() == 0 {
            tokio::task::yield_now().await;
        }
        proxy.refuse();
    });
    assert!(
        matches!(&answer, Err(StoreError::Unavailable { .. })),
        "{answer:?}"
    );
    // The same under the same key, elsewhere: it is one order.
    let elsewhere = database.open().await;
    let again = elsewhere.commit(change).await.unwrap();
    assert!(matches!(again, Committed::RequestKnown(_)), "{again:?}");
    assert_eq!(all_events(&elsewhere).await.len(), 2);
}

#[tokio::test]
async fn a_late_server_is_used_in_batches() {
    let (_database, proxy, store) = behind_proxy(|config| config).await;
    let desk = Desk::new();
    desk.placed(&store, new_order()).await;
    proxy.set(Fault::Latency(Duration::from_millis(100)));
    let started = Instant::now();
    let changes = (0..100).map(|_| store.commit(desk.place(new_order())));
    for answer in futures_util::future::join_all(changes).await {
        assert_eq!(answer, Ok(DONE));
    }
    // Two batches of a round trip each, not a hundred.
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_black_hole_ends_by_deadlines_and_is_named() {
    let (_database, proxy, store) = behind_proxy(hasty).await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    store.load(order.order_id).await.unwrap();
    proxy.set(Fault::Blackhole);
    let change = desk.place(new_order());
    let started = Instant::now();
    let (written, read, listed) = tokio::join!(
        store.commit(change.clone()),
        store.load(order.order_id),
        store.load_external("shop-1"),
    );
    assert!(started.elapsed() < SHORT * 15, "{:?}", started.elapsed());
    let address = proxy.address().to_string();
    for error in [written.unwrap_err(), read.unwrap_err(), listed.unwrap_err()] {
        let text = error.to_string();
        assert!(text.contains(&address), "{text}");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{text}");
    }
    assert!(store.ping().await.is_err());
    proxy.set(Fault::None);
    let started = Instant::now();
    while store.ping().await.is_err() {
        assert!(started.elapsed() < LONGEST, "it does not recover");
    }
    let again = store.commit(change).await.unwrap();
    assert!(matches!(
        again,
        Committed::Done { .. } | Committed::RequestKnown(_)
    ));
    assert_eq!(all_events(&store).await.len(), 2);
}

#[tokio::test]
async fn a_refused_connection_is_told_at_once_with_its_address() {
    let (_database, proxy, store) = behind_proxy(hasty).await;
    let desk = Desk::new();
    let order = desk.placed(&store, new_order()).await;
    proxy.refuse();
    let started = Instant::now();
    let written = store.commit(desk.place(new_order())).await.unwrap_err();
    let read = store.load(order.order_id).await.unwrap_err();
    assert!(started.elapsed() < SHORT * 10, "{:?}", started.elapsed());
    for text in [written.to_string(), read.to_string()] {
        assert!(text.contains("nothing listens on that port"), "{text}");
        assert!(text.contains(&proxy.address().to_string()), "{text}");
    }
    let open = PostgresStore::open(Config::at(
        Address::Tcp(proxy.address().into()),
        "orders",
        "postgres",
    ))
    .await
    .unwrap_err()
    .to_string();
    assert!(
        open.contains("cannot be reached") && open.contains("nothing listens"),
        "{open}"
    );
}
