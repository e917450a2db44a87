//! Facts that were given up keep everything: who works them off later needs it.

use crate::support::fresh;
use order_core::domain::OrderRef;
use order_core::ports::{Change, Clock, Committed, OrderStore};
use order_proto::storage::decode_parked_fact;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use testkit::desk::fact_of;
use testkit::{Desk, fact, new_order};

#[tokio::test]
async fn a_buried_fact_keeps_its_content_its_reason_and_its_id() {
    let (folder, store) = fresh().await;
    let desk = Desk::new();
    let lonely = desk.park(OrderRef::External("never".into()), fact::reserved("res-1"));
    let late = desk.park(
        OrderRef::External("shop-1".into()),
        fact::shipped("parcel-1", &[(1, 2)]),
    );
    for change in [&lonely, &late] {
        store.commit(change.clone()).await.unwrap();
    }
    desk.placed(&store, new_order().external("shop-1")).await;
    assert_eq!(
        store
            .bury_parked(desk.clock.now().plus_millis(1), 100)
            .await,
        Ok(2)
    );

    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("orders.db"))
        .read_only(true);
    let mut tool = SqliteConnection::connect_with(&options).await.unwrap();
    let letters: Vec<(Vec<u8>, String)> =
        sqlx::query_as("SELECT content, reason FROM dead_letters ORDER BY parked_at")
            .fetch_all(&mut tool)
            .await
            .unwrap();
    let reasons = [
        "no order of this number was placed",
        "its order was placed, but",
    ];
    for ((change, reason), (content, found)) in [lonely, late].into_iter().zip(reasons).zip(letters)
    {
        assert!(found.starts_with(reason), "{found}");
        let record = fact_of(&change);
        let Change::Park(parked) = &change else {
            unreachable!()
        };
        assert_eq!(decode_parked_fact(&content).unwrap(), *parked);
        let known = store.find_fact(&record.key).await.unwrap().unwrap();
        assert_eq!((known.order, known.fingerprint), (None, record.fingerprint));
        assert!(matches!(
            store.commit(change).await,
            Ok(Committed::FactKnown(_))
        ));
    }
}
