//! What consumers get: the form of an event, and what becomes of one that is too large.

use crate::bench::{Bench, Feed, kafka};
use crate::consumer::assert_exactly_once;
use adapter_kafka::Topics;
use order_core::ports::{Cursor, EventPublisher, FeedPosition, RecordedEvent, StoreId};
use std::sync::Arc;
use testkit::contract::Contract;
use testkit::desk::done;
use testkit::servers::kafka::Topic;
use testkit::{Desk, event_of_every_kind, full_order, new_order, rows};

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_a_cloud_event_in_binary_mode() {
    let bench = Bench::new(&kafka().await.bootstrap(), 3);
    let publisher = bench.publisher();
    let desk = Desk::new();
    let order = full_order(&desk);
    let events: Vec<RecordedEvent> = (1..)
        .zip(event_of_every_kind(&desk, &order))
        .map(|(offset, event)| {
            let partition = 0;
            let position = FeedPosition { partition, offset };
            RecordedEvent { position, event }
        })
        .collect();
    publisher.take_over(0).await.unwrap();
    let start = Cursor {
        offset: 0,
        store: StoreId(1),
        event: None,
    };
    publisher.set_cursor(0, start).await.unwrap();
    publisher.publish(0, events.clone()).await.unwrap();
    let reading = bench.clone();
    let messages = tokio::task::spawn_blocking(move || reading.read())
        .await
        .unwrap();
    assert_eq!(messages.len(), events.len());
    let contract = Contract::of(&adapter_kafka::asyncapi());
    let topic = Topics::default().events;
    for recorded in &events {
        let (event, id) = (&recorded.event, recorded.event.id());
        let position = recorded.position.offset;
        let found = messages
            .iter()
            .filter(|message| message.place() == (0, position));
        let found: Vec<_> = found.collect();
        let [message] = found[..] else {
            panic!("{position}: {found:?}");
        };
        let order_id = event.order.order_id.to_string();
        assert_eq!(message.key, order_id);
        for (name, value) in [
            ("ce_specversion", "1.0"),
            ("ce_id", &id),
            ("ce_source", "order-service"),
            ("ce_type", event.data.type_name()),
            ("ce_subject", &order_id),
            ("ce_orderversion", &event.version().to_string()),
            ("content-type", "application/json"),
        ] {
            assert_eq!(message.header(name), value);
        }
        assert_eq!(
            message.headers.get("traceparent"),
            event.cause.traceparent.as_ref()
        );
        assert!(!message.headers.contains_key("ce_dataref"));
        let data: serde_json::Value = serde_json::from_str(&message.value).unwrap();
        assert_eq!(data["order_id"], order_id);
        assert_eq!(data["order"]["version"], event.version());
        let told = message.told_as(&contract, &topic);
        assert_eq!(told.as_deref(), Ok(event.data.type_name()));
    }
}

/// R11: an order of 1,000 lines is larger than the topic takes. It goes out without its order, and what
/// comes after it goes out as well.
#[tokio::test(flavor = "multi_thread")]
async fn r11_an_event_above_the_topics_bound_never_blocks_the_feed() {
    let server = kafka().await;
    let bench = Bench::new(&server.bootstrap(), 1);
    let topic = Topic::new(&bench.config.topics.events, 1).with("max.message.bytes", "100000");
    tokio::task::spawn_blocking(move || server.create_topics(&[topic]))
        .await
        .unwrap();
    let feed = Feed::new();
    for lines in [1, 1_000, 2, 1_000, 300] {
        let order = new_order().lines(lines);
        done(&feed.store, feed.desk.place_in(0, order)).await;
    }
    feed.publish_all(Arc::new(bench.publisher())).await.unwrap();
    let head = feed.head().await;
    let messages = tokio::task::spawn_blocking(move || bench.read())
        .await
        .unwrap();
    let seen = assert_exactly_once(&messages, &[head]);
    let reduced: Vec<u64> = messages
        .iter()
        .filter(|message| message.headers.contains_key("ce_dataref"))
        .map(|message| message.place().1)
        .collect();
    assert_eq!(reduced, [2, 4]);
    let contract = Contract::of(&adapter_kafka::asyncapi());
    for message in &messages {
        let data: serde_json::Value = serde_json::from_str(&message.value).unwrap();
        let cut = reduced.contains(&message.place().1);
        assert_eq!(data["order"].is_null(), cut);
        assert_eq!(data["order_omitted"] == true, cut);
        let reference = format!("/v1/orders/{}/events", message.key);
        assert!(!cut || message.header("ce_dataref") == reference);
        let told = message.told_as(&contract, &Topics::default().events);
        let wanted = if cut {
            "event-without-order"
        } else {
            "order.placed.v1"
        };
        assert_eq!(told.as_deref(), Ok(wanted));
    }
    let counted = seen.counted(&[("without their order", reduced.len() as u64)]);
    rows::told(
        "R11",
        "orders of 1,000 lines, max.message.bytes 100,000",
        &counted,
    );
}
