//! Facts that were given up keep everything: who works them off later needs it.

use crate::support::fresh;
use order_core::domain::OrderRef;
use order_core::ports::{Change, Clock, Committed, LetterContent, OrderStore, ParkedFact, Repair};
use order_proto::storage::{decode_parked_fact, encode_parked_fact};
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

/// A file of the version before, in which one fact waits and one was given up.
#[tokio::test]
async fn a_file_of_the_version_before_keeps_what_waits_and_what_was_given_up() {
    const BEFORE: [&str; 2] = [
        include_str!("../../../../migrations/sqlite/0001_orders.sql"),
        include_str!("../../../../migrations/sqlite/0002_feed_leases.sql"),
    ];
    const OURS: &str = "PRAGMA application_id = 0x6F726472; PRAGMA user_version = 2;";
    let folder = tempfile::TempDir::new().unwrap();
    let desk = Desk::new();
    let order = desk.order(new_order());
    let dead = desk.park(OrderRef::External("never".into()), fact::reserved("res-1"));
    let waits = desk.park(OrderRef::Id(order.order_id), fact::reserved("res-2"));
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("orders.db"))
        .create_if_missing(true);
    let mut tool = SqliteConnection::connect_with(&options).await.unwrap();
    for sql in BEFORE.into_iter().chain([OURS]) {
        sqlx::raw_sql(sql).execute(&mut tool).await.unwrap();
    }
    for (change, table, reason) in [
        (&dead, "dead_letters", ", 'given up'"),
        (&waits, "parked_facts", ", NULL"),
    ] {
        let Change::Park(parked) = change else {
            unreachable!()
        };
        let key = order_store_key(parked).to_vec();
        sqlx::query("INSERT INTO facts VALUES (?1, ?2, NULL, NULL)")
            .bind(key.clone())
            .bind(parked.fingerprint.0.to_be_bytes().to_vec())
            .execute(&mut tool)
            .await
            .unwrap();
        let insert = format!("INSERT INTO {table} VALUES (7, ?1, ?2, ?3, ?4, ?5{reason})");
        let by_id = match parked.order() {
            OrderRef::Id(id) => Some(id.to_bytes().to_vec()),
            OrderRef::External(_) => None,
        };
        let by_external = by_id.is_none().then_some("never");
        sqlx::query(sqlx::AssertSqlSafe(insert))
            .bind(key)
            .bind(by_id)
            .bind(by_external)
            .bind(parked.parked_at.millis())
            .bind(encode_parked_fact(parked))
            .execute(&mut tool)
            .await
            .unwrap();
    }
    tool.close().await.unwrap();

    let store = crate::support::open(folder.path()).await;
    let letters = store.dead_letters(None, 10).await.unwrap();
    let Change::Park(dead) = dead else {
        unreachable!()
    };
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].id.to_string(), &*letters[0].reason),
        ("f7".to_owned(), "given up")
    );
    assert_eq!(
        letters[0].at,
        dead.parked_at.plus_millis(72 * 60 * 60 * 1_000)
    );
    assert_eq!(letters[0].content, LetterContent::Fact(Box::new(dead)));
    let Change::Park(waits) = waits else {
        unreachable!()
    };
    let parked = store.parked_facts(None, 10).await.unwrap();
    assert_eq!((parked.len(), &parked[0].parked), (1, &waits));
    let placed = store.commit(desk.place_order(order.clone())).await;
    assert_eq!(
        placed,
        Ok(Committed::Done {
            facts_waiting: true
        })
    );
    assert_eq!(store.parked_for(order.order_id, 10).await.unwrap(), [waits]);
}

/// The digest of a fact's id, as a column.
fn order_store_key(parked: &ParkedFact) -> [u8; 16] {
    order_store::fact_digest(&parked.fact.key).to_be_bytes()
}
