//! The same again: repeated, replayed, reordered, contradicting.

use super::queue::{PAYMENTS, Queue, Sent};
use super::shop::{
    Dice, FACTS, Feed, event, handled, life, metric, place, placing, renamed, start, until,
    until_handled,
};
use crate::store::Store;
use serde_json::json;
use testkit::rows;

/// Every fact of so many lives, each one to three times, some under a second id, in any order.
pub(crate) fn repeated(orders: &[String], dice: &mut Dice) -> Vec<Sent> {
    let mut messages = Vec::new();
    for fact in orders.iter().flat_map(|order| life(order)) {
        for repetition in 0..=dice.below(3) {
            let again = repetition > 0 && dice.below(10) == 0;
            messages.push(if again {
                renamed(&fact, "-again")
            } else {
                fact.clone()
            });
        }
    }
    dice.shuffle(&mut messages);
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_a_message_that_comes_several_times_has_one_effect() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let service = start(&queue, &store.url(), &[]);
    let mut client = service.client();
    let mut dice = Dice(rows::seed());
    let orders = place(&mut client, rows::times(1_000, 20_000)).await;
    let messages = repeated(&orders, &mut dice);
    queue.send(&messages).await;
    until_handled(&service, messages.len()).await;

    let feed = Feed::read(&mut client).await;
    feed.assert_all_completed(&orders);
    let outcomes = handled(&service).await;
    let facts = orders.len() * FACTS;
    assert_eq!(
        outcomes["duplicate"],
        (messages.len() - facts) as u64,
        "{outcomes:?}"
    );
    assert_eq!(queue.dead_letters().await, []);
    rows::told(
        "C1",
        "every fact one to three times, some under a second id, shuffled",
        &[
            ("facts", facts as u64),
            ("messages", messages.len() as u64),
            ("duplicates known", outcomes["duplicate"]),
            ("effects doubled", 0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c6_a_fact_before_its_order_waits_and_one_that_contradicts_holds() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let service = start(&queue, &store.url(), &[]);
    let mut client = service.client();
    let count = rows::times(100, 5_000);
    let numbers: Vec<String> = (0..count).map(|n| format!("shop-{n}")).collect();
    // The provider knows the shop's own number, and is earlier than the order.
    let paid = |number: &String| {
        let data = json!({ "external_id": number, "payment_id": "pay", "amount": 1_000, "currency": "EUR" });
        let id = format!("{number}:payment.captured.v1");
        event(PAYMENTS, number, "payment.captured.v1", &id, &data)
    };
    let early: Vec<Sent> = numbers.iter().map(paid).collect();
    queue.send(&early).await;
    until_handled(&service, count).await;
    assert_eq!(handled(&service).await["parked"], count as u64);
    assert_eq!(
        Feed::read(&mut client).await.events,
        0,
        "nothing happened yet"
    );

    let placings: Vec<Sent> = numbers.iter().map(|number| placing(number, 2)).collect();
    queue.send(&placings).await;
    queue.send(&placings).await;
    queue.send(&early).await;
    until_handled(&service, 4 * count).await;
    let feed = Feed::read(&mut client).await;
    assert_eq!(feed.versions.len(), count, "each order was placed once");
    assert_eq!(feed.effects.len(), count);
    assert!(
        feed.effects.values().all(|times| *times == 1),
        "{:?}",
        feed.effects
    );

    // More is refunded than was captured, late, twice.
    let orders: Vec<&String> = feed.versions.keys().collect();
    let contradicts = |order: &&String| {
        let data = json!({ "order_id": order, "payment_id": "pay", "reference": "r", "amount": 9_000, "currency": "EUR" });
        let id = format!("{order}:payment.refunded.v1");
        event(PAYMENTS, order, "payment.refunded.v1", &id, &data)
    };
    let late: Vec<Sent> = orders.iter().map(contradicts).collect();
    queue.send(&late).await;
    queue.send(&late).await;
    until_handled(&service, 6 * count).await;
    let outcomes = handled(&service).await;
    assert_eq!(outcomes["held"], count as u64, "{outcomes:?}");
    let order = client.get(&format!("/v1/orders/{}", orders[0])).await.body;
    assert_eq!(order["holds"][0]["kind"], "CONTRADICTION", "{order}");
    assert_eq!(queue.dead_letters().await, []);
    rows::told(
        "C6",
        "facts before their orders, then repeated, then an over-refund twice",
        &[
            ("parked", outcomes["parked"]),
            ("applied once", feed.effects.len() as u64),
            ("held", outcomes["held"]),
            ("effects doubled", 0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_an_id_that_is_used_again_for_something_else_is_told_and_has_no_effect() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let service = start(&queue, &store.url(), &[]);
    let mut client = service.client();
    let orders = place(&mut client, rows::times(50, 1_000)).await;
    let captured = |order: &String, amount: i64| {
        let data =
            json!({ "order_id": order, "payment_id": "pay", "amount": amount, "currency": "EUR" });
        event(
            PAYMENTS,
            order,
            "payment.captured.v1",
            &format!("{order}:id"),
            &data,
        )
    };
    let first: Vec<Sent> = orders.iter().map(|order| captured(order, 400)).collect();
    let other: Vec<Sent> = orders.iter().map(|order| captured(order, 600)).collect();
    queue.send(&first).await;
    until_handled(&service, orders.len()).await;
    queue.send(&other).await;
    // A command's id is its key: another order under it is refused as well.
    queue.send(&[placing("one", 2)]).await;
    until_handled(&service, 2 * orders.len() + 1).await;
    queue.send(&[placing("one", 3)]).await;
    until_handled(&service, 2 * orders.len() + 2).await;

    let letters = queue.dead_letters().await;
    assert_eq!(letters.len(), orders.len() + 1);
    queue.assert_letters_are_told(letters.len()).await;
    for (letter, words) in letters.iter().map(|letter| {
        let of_fact = letter.headers.contains("dl_topic=payments.events.v1");
        (
            letter,
            if of_fact {
                "source and id were used for another fact"
            } else {
                "the idempotency key was used"
            },
        )
    }) {
        assert!(letter.headers.contains(words), "{letter:?}");
    }
    for sent in &other {
        let as_sent = |letter: &&super::queue::Letter| {
            letter.value == sent.value.as_bytes() && letter.key == sent.key
        };
        assert_eq!(letters.iter().filter(as_sent).count(), 1, "untouched");
    }
    let feed = Feed::read(&mut client).await;
    assert!(
        feed.effects.values().all(|times| *times == 1),
        "{:?}",
        feed.effects
    );
    for order in &orders {
        let order = client.get(&format!("/v1/orders/{order}")).await.body;
        assert_eq!(order["payment"]["captured"], 400);
    }
    rows::told(
        "C7",
        "the id of a fact, and of a command, used again with another body",
        &[
            ("ids reused", letters.len() as u64),
            ("dead letters", letters.len() as u64),
            ("second effects", 0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c8_a_topic_that_is_replayed_from_its_beginning_changes_nothing() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let mut dice = Dice(rows::seed());
    let (orders, messages, before) = {
        let service = start(&queue, &store.url(), &[]);
        let mut client = service.client();
        let orders = place(&mut client, rows::times(300, 20_000)).await;
        let messages = repeated(&orders, &mut dice);
        queue.send(&messages).await;
        until_handled(&service, messages.len()).await;
        (orders, messages.len(), Feed::read(&mut client).await)
    };
    before.assert_all_completed(&orders);

    // A new group begins at the beginning.
    let service = start(&queue, &store.url(), &[("KAFKA_GROUP", "again")]);
    let mut client = service.client();
    until_handled(&service, messages).await;
    let outcomes = handled(&service).await;
    assert_eq!(outcomes["duplicate"], messages as u64, "{outcomes:?}");
    let after = Feed::read(&mut client).await;
    assert_eq!(
        (after.events, &after.versions),
        (before.events, &before.versions)
    );
    until(&service, "nothing is left", async || {
        metric(&service, "kafka_consumer_lag").await == 0
    })
    .await;
    rows::told(
        "C8",
        "every topic read again from offset 0 by a new group",
        &[
            ("messages replayed", messages as u64),
            ("events before", before.events as u64),
            ("events added", 0),
        ],
    );
}
