//! The control of the rows about dying publishers: how one would publish without transactions. An
//! idempotent producer, with its cursor kept in a file. Killed between the two it doubles, and
//! `tests/it/control.rs` has to see that: a check that cannot see doubles has proven nothing.
//!
//! `naive_publisher BROKERS TOPIC CURSOR_FILE EVENTS`

use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::error::Error;
use std::time::Duration;

/// Events that are published at once.
const BATCH: u64 = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic, file, events] = &arguments[..] else {
        return Err("usage: naive_publisher BROKERS TOPIC CURSOR_FILE EVENTS".into());
    };
    let events: u64 = events.parse()?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .create()?;
    let mut cursor: u64 = match std::fs::read_to_string(file) {
        Ok(text) => text.parse()?,
        Err(_) => 0,
    };
    while cursor < events {
        let last = (cursor + BATCH).min(events);
        for offset in cursor + 1..=last {
            send(&producer, topic, offset);
        }
        while producer.in_flight_count() > 0 {
            producer.poll(Duration::from_millis(1));
        }
        // As a database would: the new cursor stands beside the old one, and takes its place whole.
        let next = format!("{file}.next");
        std::fs::write(&next, last.to_string())?;
        std::fs::rename(&next, file)?;
        cursor = last;
    }
    Ok(())
}

/// As an event of the feed looks, as far as the check reads it: each of an order of its own.
fn send(producer: &BaseProducer, topic: &str, offset: u64) {
    let (key, position) = (format!("order-{offset}"), offset.to_string());
    let id = format!("{key}/1");
    let mut headers = OwnedHeaders::new();
    for (key, value) in [
        ("ce_id", id.as_str()),
        ("ce_position", &position),
        ("ce_orderversion", "1"),
        ("content-type", "application/json"),
    ] {
        let value = Some(value);
        headers = headers.insert(Header { key, value });
    }
    let mut record = BaseRecord::to(topic)
        .key(&key)
        .payload("{}")
        .headers(headers);
    while let Err((_, back)) = producer.send(record) {
        record = back;
        producer.poll(Duration::from_millis(1));
    }
}
