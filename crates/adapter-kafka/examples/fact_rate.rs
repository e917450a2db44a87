//! Prints how many facts a second come by Kafka into PostgreSQL, broker, database and consumer on this
//! machine: `cargo run --release -p adapter-kafka --example fact_rate [ORDERS] [binary|structured]
//! [id|number] [ORDERS AT ONCE]`. Facts name their order by our id or by its caller's number.
//!
//! Orders are placed and all facts of their lives are written first; what is measured is from the
//! start of the consumer to the last fact's commit.

use adapter_kafka::{Config, Inbound, InboundConfig, InboundMetrics};
use adapter_postgres::PostgresStore;
use order_core::app::{Orders, PlaceRequest};
use order_core::domain::{Cause, OrderId, Timestamp};
use order_core::ports::IdSource;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use testkit::fakes::ManualClock;
use testkit::new_order;
use testkit::servers::kafka::{Options as Brokers, Topic};
use testkit::servers::{Kafka, Options, Postgres, Version, cpu_millis};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const BATCH: usize = 1_000;
/// Of 10.00 EUR, as `testkit::new_order` places it.
const FACTS: [(&str, &str, &str); 5] = [
    (
        "inventory.events.v1",
        "stock.reserved.v1",
        r#""reservation_id":"res-1""#,
    ),
    (
        "payments.events.v1",
        "payment.authorized.v1",
        r#""payment_id":"pay-1","amount":1000,"currency":"EUR""#,
    ),
    (
        "payments.events.v1",
        "payment.captured.v1",
        r#""payment_id":"pay-1","amount":1000,"currency":"EUR""#,
    ),
    (
        "shipments.events.v1",
        "shipment.shipped.v1",
        r#""shipment_id":"box-1","lines":[{"line_no":1,"quantity":1}]"#,
    ),
    (
        "shipments.events.v1",
        "shipment.delivered.v1",
        r#""shipment_id":"box-1""#,
    ),
];

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let count: usize = words.next().map_or(Ok(20_000), |word| word.parse())?;
    let structured = words.next().as_deref() == Some("structured");
    let by_number = words.next().as_deref() == Some("number");
    let at_once = words.next().map(|word| word.parse()).transpose()?;
    let (server, kafka) = tokio::task::spawn_blocking(servers).await?;
    let config = adapter_postgres::Config::from_url(&server.tcp_url("postgres"))?;
    let store = Arc::new(PostgresStore::open(config).await?);
    let orders = Orders::new(
        store.clone(),
        store.clone(),
        Arc::new(ManualClock::default()),
        Arc::new(Ids(AtomicU64::new(1))),
    );
    let names = place(&orders, count, by_number).await?;
    let bootstrap = kafka.bootstrap();
    let facts = count * FACTS.len();
    tokio::task::spawn_blocking(move || send(&bootstrap, &names, structured)).await??;
    report(&format!(
        "{count} orders placed, {facts} facts wait in Kafka"
    ));

    let mut registry = Registry::default();
    let metrics = InboundMetrics::new(&mut registry);
    let before = [
        cpu_millis(std::process::id()),
        server.cpu_millis(),
        kafka.cpu_millis(),
    ];
    let commits = store.stats().commits;
    let started = Instant::now();
    let mut bounds = InboundConfig::in_group("rate");
    bounds.max_orders_at_once = at_once.unwrap_or(bounds.max_orders_at_once);
    let config = Config::at(kafka.bootstrap());
    let inbound = Inbound::start(config, bounds, orders, store.clone(), metrics)?;
    let mut first = None;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let done = handled(&registry)?;
        if done > 0 && first.is_none() {
            first = Some((Instant::now(), done));
        }
        if done >= facts {
            break;
        }
        if started.elapsed() > Duration::from_mins(5) {
            return Err(format!(
                "{done} of {facts} after {:?}: {:?}",
                started.elapsed(),
                inbound.status().told()
            )
            .into());
        }
    }
    let (from, already) = first.ok_or("nothing was handled")?;
    let took = from.elapsed();
    let after = [
        cpu_millis(std::process::id()),
        server.cpu_millis(),
        kafka.cpu_millis(),
    ];
    let rate = (facts - already) as u128 * 1_000_000 / took.as_micros().max(1);
    let micros = |at: usize| u128::from(after[at] - before[at]) * 1_000 / facts as u128;
    let now = store.stats().commits;
    report(&format!(
        "{rate} facts/s; CPU a fact: consumer {} µs, PostgreSQL {} µs, Kafka {} µs; {} changes a commit; group joined after {:?}",
        micros(0),
        micros(1),
        micros(2),
        (now.items - commits.items) / (now.batches - commits.batches).max(1),
        from - started,
    ));
    let outcomes = outcomes(&registry)?;
    report(&outcomes);
    let left = inbound.stop().await;
    report(&format!("left the group in time: {left}"));
    store.close().await?;
    Ok(())
}

fn servers() -> (Postgres, Kafka) {
    let settings = vec![("shared_buffers", "512MB"), ("max_wal_size", "4GB")];
    let options = Options {
        settings,
        ..Options::default()
    };
    let kafka = Kafka::start(Brokers::default());
    let names = [
        "payments.events.v1",
        "inventory.events.v1",
        "shipments.events.v1",
        "orders.commands.v1",
    ];
    kafka.create_topics(&names.map(|name| Topic::new(name, 4)));
    kafka.create_topics(&[Topic::new("orders.dead-letter.v1", 1)]);
    (Postgres::start(Version::Reference, options), kafka)
}

/// Ids whose last bytes differ, as those of the service do: changes of one order wait for each other by
/// these bytes.
struct Ids(AtomicU64);

impl IdSource for Ids {
    fn order_id(&self, at: Timestamp) -> OrderId {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let random = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        OrderId::v7(
            at,
            u16::try_from(count % 4_096).unwrap_or(0),
            random ^ (random >> 29),
        )
    }
}

/// Answers how facts are to name the orders: the member's name and its value.
async fn place(
    orders: &Orders,
    count: usize,
    by_number: bool,
) -> Outcome<Vec<(&'static str, String)>> {
    let mut names = Vec::with_capacity(count);
    while names.len() < count {
        let number = |n: usize| format!("shop-{}", names.len() + n);
        let request = |n: usize| PlaceRequest {
            key: format!("key-{}", names.len() + n),
            order: new_order()
                .customer(&format!("customer-{n}"))
                .external(&number(n))
                .build(),
            cause: Cause::default(),
            key_field: "key",
        };
        let batch = (0..BATCH.min(count - names.len())).map(request).collect();
        for placed in orders.place_batch(batch).await {
            let order = placed?.order;
            names.push(match &order.external_id {
                Some(number) if by_number => ("external_id", number.clone()),
                _ => ("order_id", order.order_id.to_string()),
            });
        }
    }
    Ok(names)
}

/// All facts, stage by stage, as many shops' orders move on side by side.
fn send(bootstrap: &str, orders: &[(&str, String)], structured: bool) -> Outcome<()> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "20")
        .create()?;
    for (topic, kind, rest) in FACTS {
        for (member, key) in orders {
            let id = format!("{key}:{kind}");
            let data = format!(r#"{{"{member}":"{key}",{rest}}}"#);
            let value = if structured {
                format!(
                    r#"{{"specversion":"1.0","type":"{kind}","source":"/rate","id":"{id}","data":{data}}}"#
                )
            } else {
                data
            };
            let headers = if structured {
                vec![("content-type", "application/cloudevents+json")]
            } else {
                vec![
                    ("content-type", "application/json"),
                    ("ce_specversion", "1.0"),
                    ("ce_type", kind),
                    ("ce_source", "/rate"),
                    ("ce_id", &id),
                ]
            };
            let headers = headers
                .into_iter()
                .fold(OwnedHeaders::new(), |all, (key, value)| {
                    all.insert(Header {
                        key,
                        value: Some(value),
                    })
                });
            let mut record = BaseRecord::to(topic)
                .key(key)
                .payload(&value)
                .headers(headers);
            while let Err((error, back)) = producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(error.into());
                }
                std::thread::sleep(Duration::from_millis(10));
                record = back;
            }
        }
    }
    producer
        .flush(Duration::from_mins(1))
        .map_err(|error: KafkaError| error.into())
}

fn outcomes(registry: &Registry) -> Outcome<String> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    let lines = text
        .lines()
        .filter(|line| line.starts_with("kafka_handled_total"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn handled(registry: &Registry) -> Outcome<usize> {
    let mut sum = 0;
    for line in outcomes(registry)?.lines() {
        sum += line.rsplit(' ').next().unwrap_or("0").parse::<usize>()?;
    }
    Ok(sum)
}

#[expect(clippy::print_stdout, reason = "an example tells its result")]
fn report(line: &str) {
    println!("{line}");
}
