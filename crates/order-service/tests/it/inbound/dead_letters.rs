//! Bytes that are no message.

use super::queue::{INVENTORY, PAYMENTS, Queue, SHIPMENTS};
use super::shop::{Dice, Feed, handled, life, place, start, until_handled};
use crate::store::Store;
use testkit::rows;

/// A line of arbitrary bytes without those that end keys and lines.
fn garbage(dice: &mut Dice) -> Vec<u8> {
    let length = 1 + dice.below(300);
    let byte = |_| match u8::try_from(dice.below(256)).unwrap() {
        b'\n' | b'\t' => b'?',
        byte => byte,
    };
    (0..length).map(byte).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_bytes_that_are_no_message_go_to_the_dead_letters_and_the_partition_goes_on() {
    let (queue, store) = (Queue::start().await, Store::postgres());
    let service = start(&queue, &store.url(), &[]);
    let mut client = service.client();
    let mut dice = Dice(rows::seed());
    let orders = place(&mut client, rows::times(60, 2_000)).await;
    let mut bad = Vec::new();
    let mut good = 0;
    // Garbage under the orders' own keys stands before and between their facts, in their partitions.
    for topic in [INVENTORY, PAYMENTS, SHIPMENTS] {
        let mut lines = Vec::new();
        for order in &orders {
            for fact in life(order).iter().filter(|fact| fact.topic == topic) {
                let value = garbage(&mut dice);
                lines.extend([order.as_bytes(), b"\t", &value, b"\n"].concat());
                lines.extend(format!("{}\t{}\n", fact.key, fact.value).into_bytes());
                bad.push((topic, order.clone(), value));
                good += 1;
            }
        }
        let headers = ["content-type=application/cloudevents+json", "own=kept"];
        queue.write(topic, &headers, lines).await;
    }
    until_handled(&service, good + bad.len()).await;
    Feed::read(&mut client).await.assert_all_completed(&orders);

    let letters = queue.dead_letters().await;
    assert_eq!(letters.len(), bad.len());
    for (topic, key, value) in &bad {
        let letter = letters
            .iter()
            .find(|letter| letter.value == *value && letter.key == *key);
        let headers = &letter.expect("untouched, with its key").headers;
        let told = format!("dl_topic={topic},dl_partition=");
        for words in [
            "own=kept",
            "content-type=application/cloudevents+json",
            "dl_reason=",
            &told,
            "dl_offset=",
        ] {
            assert!(headers.contains(words), "{words} in {headers}");
        }
    }
    assert_eq!(handled(&service).await["dead"], bad.len() as u64);
    rows::told(
        "C4",
        "random bytes before every fact, under the order's own key",
        &[
            ("messages that were none", bad.len() as u64),
            ("dead letters, byte for byte", letters.len() as u64),
            ("facts applied between them", good as u64),
        ],
    );
}
