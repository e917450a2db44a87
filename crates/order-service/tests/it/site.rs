//! Replicas that publish to a Kafka: started, watched, and held against what consumers see.

use crate::client::Client;
use crate::consumer::{Message, Seen, assert_exactly_once, read};
use crate::service::{Service, asyncapi, binary};
use crate::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::contract::Contract;
use testkit::servers::Kafka;
use testkit::servers::kafka::Options;

/// How long anything may take on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Of each type so many events are held against the contract: more would tell no more.
const HELD_OF_EACH_TYPE: usize = 20;
/// What a publisher says when it has taken a partition over.
pub(crate) const TAKEN_OVER: &str = "publishing the feed";

/// A store, a Kafka, and how services are started on them.
pub(crate) struct Site {
    pub(crate) kafka: Arc<Kafka>,
    pub(crate) store: Store,
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Site {
    pub(crate) async fn new(options: Options, lease: &str) -> Site {
        let start = move || (Kafka::start(options), Store::postgres());
        let (kafka, store) = tokio::task::spawn_blocking(start).await.unwrap();
        let environment = vec![
            ("KAFKA_BROKERS", kafka.bootstrap()),
            ("FEED_LEASE", lease.to_owned()),
        ];
        Site {
            kafka: Arc::new(kafka),
            store,
            environment,
        }
    }

    pub(crate) fn start(&self) -> Service {
        let environment = self.environment.iter();
        let environment: Vec<(&str, &str)> = environment
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Service::start_on(&self.store.url(), &environment)
    }

    /// Does something to the brokers, which blocks.
    pub(crate) async fn brokers(&self, what: impl FnOnce(&Kafka) + Send + 'static) {
        let kafka = Arc::clone(&self.kafka);
        tokio::task::spawn_blocking(move || what(&kafka))
            .await
            .unwrap();
    }

    /// Waits until everything is published; answers how many events that are.
    pub(crate) async fn drained(&self) -> u64 {
        self.until(|head, cursor| head == cursor).await
    }

    /// Waits until everything is published that is in the feed now, whatever comes meanwhile.
    pub(crate) async fn caught_up(&self) {
        let now = self.until(|_, _| true).await;
        self.until(|_, cursor| cursor >= now).await;
    }

    /// Waits until the newest event and the cursor are as they should be; answers the newest event.
    async fn until(&self, fits: impl Fn(u64, u64) -> bool) -> u64 {
        let started = Instant::now();
        loop {
            let (code, said) = self.command(&["feed", "status"]);
            let numbers = said.lines().find(|line| line.starts_with("partition 0"));
            let numbers = numbers.map(numbers_of).unwrap_or_default();
            // The partition, its newest event, its cursor.
            if let [0, head, cursor, ..] = numbers[..]
                && fits(head, cursor)
            {
                return head;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "it does not get there ({code}): {said}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Runs a command of the service on this store and Kafka; its exit code, and what it said.
    pub(crate) fn command(&self, words: &[&str]) -> (i32, String) {
        let output = binary()
            .args(words)
            .env("DATABASE_URL", self.store.url())
            .env("LOG_LEVEL", "error")
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8(said).unwrap(),
        )
    }

    /// Everything is in Kafka, once and in order.
    pub(crate) async fn check(&self) -> Seen {
        self.check_and_read().await.0
    }

    /// The same, and what consumers have.
    pub(crate) async fn check_and_read(&self) -> (Seen, Vec<Message>) {
        let (head, messages) = self.read().await;
        assert_told(&messages);
        (assert_exactly_once(&messages, &[head]), messages)
    }

    /// Waits until everything is published; answers how many events that are, and what consumers have: as many,
    /// or what is there when there was time enough.
    pub(crate) async fn read(&self) -> (u64, Vec<Message>) {
        let head = self.drained().await;
        let started = Instant::now();
        loop {
            let brokers = self.kafka.bootstrap();
            let messages = tokio::task::spawn_blocking(move || read(&brokers, "orders.events.v1"));
            let messages = messages.await.unwrap();
            // A commit reaches one partition after the other (KIP-98, "WriteTxnMarkerRequest"): that of the
            // cursor may be the first.
            if messages.len() as u64 >= head || started.elapsed() >= PATIENCE {
                return (head, messages);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Events are what the contract says.
fn assert_told(messages: &[Message]) {
    let contract = Contract::of(&asyncapi());
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    for message in messages {
        let kind = message.header("ce_type");
        let so_far = held.entry(kind.clone()).or_default();
        if *so_far < HELD_OF_EACH_TYPE {
            let told = message.told_as(&contract, "orders.events.v1");
            assert_eq!(told, Ok(kind), "{message:?}");
            *so_far += 1;
        }
    }
}

fn numbers_of(line: &str) -> Vec<u64> {
    let words = line.split(|letter: char| !letter.is_ascii_digit());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Waits until the log holds these words so often; answers how long that took.
pub(crate) async fn until_logged(service: &Service, words: &str, times: usize) -> Duration {
    until(
        || service.log().matches(words).count() >= times,
        || format!("{words:?} {times} times in:\n{}", service.log()),
    )
    .await
}

/// Waits until a condition holds; answers how long that took.
pub(crate) async fn until(holds: impl Fn() -> bool, what: impl Fn() -> String) -> Duration {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "in vain: {}", what());
        tokio::time::sleep(LOOK).await;
    }
    started.elapsed()
}

/// The sum of a metric over its labels; 0 where it is not there.
pub(crate) async fn metric(service: &Service, name: &str) -> f64 {
    let answer = Client::new(service.management).get("/metrics").await;
    let text = answer.body.as_str().unwrap().to_owned();
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let ours = rest.starts_with(' ') || rest.starts_with('{');
        ours.then(|| rest.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
    });
    values.sum()
}

/// Waits until a metric is as it should be.
pub(crate) async fn until_metric(service: &Service, name: &str, fits: impl Fn(f64) -> bool) {
    let started = Instant::now();
    loop {
        let value = metric(service, name).await;
        if fits(value) {
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{name} stays {value}: {}",
            service.log()
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// What readiness says of a component that is not needed: the status of all, whether it is well, and its
/// line.
pub(crate) async fn readiness(service: &Service, component: &str) -> (u16, bool, String) {
    let answer = service.client().get("/readyz?verbose").await;
    let text = answer.body.as_str().unwrap();
    let names = |line: &&str| line.contains(&format!("]{component} "));
    let line = text.lines().find(names);
    let line = line.unwrap_or_else(|| panic!("no {component}: {text}"));
    let well = line.starts_with("[+]");
    (answer.status.as_u16(), well, line.to_owned())
}
