//! What the store keeps of a message, what it does when the store does not, and the way back.

use super::*;
use order_core::app::FactOutcome;
use order_core::domain::limits::MAX_KEPT_VALUE_BYTES;
use order_core::ports::{DeadLetter, LetterContent};
use std::sync::Arc;
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds};
use testkit::{Desk, new_order};

fn message(value: Option<Vec<u8>>) -> OwnedMessage {
    let headers = OwnedHeaders::new()
        .insert(Header {
            key: "content-type",
            value: Some("application/cloudevents+json"),
        })
        .insert(Header::<&[u8]> {
            key: "own",
            value: None,
        })
        .insert(Header {
            key: "own",
            value: Some(&[0, 0xFF]),
        });
    OwnedMessage::new(
        value,
        Some(b"shop-1".to_vec()),
        "payments.events.v1".to_owned(),
        Timestamp::NotAvailable,
        3,
        41,
        Some(headers),
    )
}

fn orders(store: &MemoryStore) -> Orders {
    let store = Arc::new(store.clone());
    let (clock, ids) = (ManualClock::default(), SequentialIds::new(1));
    Orders::new(store.clone(), store, Arc::new(clock), Arc::new(ids))
}

async fn the_letter(store: &MemoryStore) -> (DeadLetter, DeadMessage) {
    let listed = store.dead_letters(None, 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    let letter = store.dead_letter(listed[0].id).await.unwrap().unwrap();
    let LetterContent::Message(content) = letter.content.clone() else {
        panic!("a message")
    };
    (letter, content.message)
}

#[tokio::test]
async fn a_message_is_kept_whole_and_comes_back_as_it_came() {
    let store = MemoryStore::new();
    let raw = message(Some(b"no json".to_vec()));
    for _ in 0..2 {
        let verdict = keep(&store, &raw, "it is no JSON\0").await;
        assert_eq!(verdict, Verdict::Done(Outcome::Dead));
    }
    let (letter, kept) = the_letter(&store).await;
    assert_eq!(letter.reason, "it is no JSON\u{fffd}");
    let all = |raw: &OwnedMessage| {
        let headers = raw.headers().into_iter().flat_map(Headers::iter);
        let headers: Vec<(String, Option<Vec<u8>>)> = headers
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect();
        let place = (raw.topic().to_owned(), raw.partition(), raw.offset());
        let bytes = (
            raw.key().map(<[u8]>::to_vec),
            raw.payload().map(<[u8]>::to_vec),
        );
        (place, bytes, headers)
    };
    let back = all(&raw_message(&kept));
    assert_eq!(back.2.len(), 3);
    assert_eq!(back, all(&raw));
}

#[tokio::test]
async fn a_store_that_is_away_is_waited_for_and_one_that_refuses_gets_what_is_left() {
    let store = MemoryStore::new();
    let raw = message(Some(b"no json".to_vec()));
    let detail = || "the disk is full".to_owned();
    store.fail_next(StoreError::Unavailable { detail: detail() });
    let away = keep(&store, &raw, "why").await;
    assert!(
        matches!(&away, Verdict::Away(words) if words.contains("disk")),
        "{away:?}"
    );
    store.fail_next(StoreError::Corrupt { detail: detail() });
    assert_eq!(
        keep(&store, &raw, "why").await,
        Verdict::Done(Outcome::Dead)
    );
    let (letter, kept) = the_letter(&store).await;
    assert_eq!((kept.value, kept.key, kept.headers.len()), (None, None, 0));
    assert_eq!(letter.reason, "why");
    assert!(kept.omitted_bytes > 0);
    // Whatever is refused for good keeps nothing else waiting: the topic has it.
    store.set_failing(Some(StoreError::Corrupt { detail: detail() }));
    assert_eq!(
        keep(&store, &raw, "why").await,
        Verdict::Done(Outcome::Dead)
    );
}

#[tokio::test]
async fn a_value_that_is_too_large_is_left_out() {
    let store = MemoryStore::new();
    let raw = message(Some(vec![b' '; MAX_KEPT_VALUE_BYTES + 1]));
    assert_eq!(
        keep(&store, &raw, "why").await,
        Verdict::Done(Outcome::Dead)
    );
    let (_, kept) = the_letter(&store).await;
    assert_eq!(
        (kept.value, kept.omitted_bytes),
        (None, MAX_KEPT_VALUE_BYTES as u64 + 1)
    );
    assert_eq!(kept.key.as_deref(), Some(&b"shop-1"[..]));
}

#[tokio::test]
async fn a_message_is_redriven_as_if_it_had_just_come() {
    let store = MemoryStore::new();
    let redriver = Redriver::new(orders(&store));
    let order = Desk::new().placed(&store, new_order()).await;
    let value = |order: &str, id: &str| {
        let data = serde_json::json!({ "order_id": order, "reservation_id": "res" });
        let event = serde_json::json!({ "specversion": "1.0", "type": "stock.reserved.v1",
            "source": "/stock", "id": id, "data": data });
        dead_message(&message(Some(event.to_string().into_bytes())), "why")
    };
    let fact = value(&order.order_id.to_string(), "m1");
    for outcome in [FactOutcome::Applied, FactOutcome::Duplicate] {
        let Handled::Done(receipt) = redriver.handle(&fact).await else {
            panic!("it is well-formed")
        };
        assert_eq!(receipt.outcome, outcome);
        assert_eq!(receipt.order_id, Some(order.order_id));
        assert_eq!(receipt.version, Some(2));
    }
    let bad = redriver.handle(&value("no id", "m2")).await;
    assert!(
        matches!(&bad, Handled::Refused(why) if why.contains("order_id")),
        "{bad:?}"
    );
    let nothing = dead_message(&message(None), "why");
    assert!(matches!(
        redriver.handle(&nothing).await,
        Handled::Refused(_)
    ));
    store.set_failing(Some(StoreError::Unavailable {
        detail: "away".to_owned(),
    }));
    let away = redriver.handle(&fact).await;
    assert!(
        matches!(&away, Handled::Failed(why) if why.contains("away")),
        "{away:?}"
    );
}
