//! The topics that the adapter needs: looked at before anything is sent, made where they are missing
//! and may be made, refused where their settings would lose or block messages.

mod check;

pub use check::{Found, Wanted};

use crate::client::{admin, failed, producer, settings};
use crate::config::Config;
use crate::context::Context;
use crate::error::TopicError;
use check::{check, tell};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication, TopicResult,
};
use rdkafka::error::{KafkaError as Cause, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseProducer, Producer};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How long a topic that was just made may take to be known everywhere.
const APPEAR: Duration = Duration::from_secs(10);
/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks at these topics, makes what is missing where that is allowed, and tells in one log line what
/// was found. Must be called inside a runtime; what blocks, blocks a thread of its own.
pub async fn ensure(config: Arc<Config>, wanted: Vec<Wanted>) -> Result<Vec<Found>, TopicError> {
    let handle = Handle::current();
    let (answer, answered) = oneshot::channel();
    let work = move || {
        let topics = Topics::open(&config, &handle);
        let ensured = topics.and_then(|topics| {
            let ensured = topics.ensure(&wanted);
            ensured.map_err(|error| error.because(&topics.context))
        });
        _ = answer.send(ensured);
    };
    let failed = |detail: String| TopicError::Unfit {
        topic: "(all)".to_owned(),
        detail,
    };
    // A thread of its own: the runtime would wait for one of its pool when it ends, whatever Kafka does.
    let thread = std::thread::Builder::new().name("kafka-topics".to_owned());
    thread
        .spawn(work)
        .map_err(|error| failed(format!("no thread to look at it: {error}")))?;
    let ended = |_| failed("the thread that looked at it has ended".to_owned());
    answered.await.map_err(ended)?
}

struct Topics<'a> {
    config: &'a Config,
    handle: &'a Handle,
    context: Context,
    admin: AdminClient<Context>,
    /// For the metadata: what an admin client says of its connections cannot be heard.
    asking: BaseProducer<Context>,
}

impl TopicError {
    fn because(self, context: &Context) -> TopicError {
        match self {
            TopicError::Kafka { error, .. } => TopicError::Kafka {
                error,
                reason: context.reason(),
            },
            other => other,
        }
    }
}

impl<'a> Topics<'a> {
    fn open(config: &'a Config, handle: &'a Handle) -> Result<Topics<'a>, TopicError> {
        let context = Context::of(config);
        let settings = settings(config, "topics");
        let failed = |error| TopicError::Kafka {
            error,
            reason: None,
        };
        let admin = admin(config, &settings, context.clone()).map_err(failed)?;
        let asking = producer(config, &settings, context.clone()).map_err(failed)?;
        Ok(Topics {
            config,
            handle,
            context,
            admin,
            asking,
        })
    }

    fn ensure(&self, wanted: &[Wanted]) -> Result<Vec<Found>, TopicError> {
        let known = self.metadata()?;
        let partitions = |topic: &Wanted| partitions(&known, &topic.name);
        let missing: Vec<&Wanted> = wanted
            .iter()
            .filter(|topic| partitions(topic) == 0)
            .collect();
        let short: Vec<&Wanted> = wanted
            .iter()
            .filter(|topic| topic.compacted && (1..topic.partitions).contains(&partitions(topic)))
            .collect();
        if !missing.is_empty() {
            self.create(&missing, u32::try_from(known.brokers().len()).unwrap_or(1))?;
        }
        if !short.is_empty() {
            self.grow(&short)?;
        }
        let known = if missing.is_empty() && short.is_empty() {
            known
        } else {
            self.until_led(wanted)?
        };
        let found = self.describe(wanted, &known)?;
        for (topic, found) in wanted.iter().zip(&found) {
            check(topic, found)?;
        }
        tell(&found, &missing);
        Ok(found)
    }

    fn metadata(&self) -> Result<Metadata, TopicError> {
        // All topics: asking for one by its name would make it where brokers make topics by themselves.
        let timeout = self.config.request_timeout;
        let asked = self.asking.client().fetch_metadata(None, timeout);
        asked.map_err(|cause| {
            self.asking.poll(LOOK_EVERY);
            self.failed("reading the metadata", cause)
        })
    }

    fn create(&self, missing: &[&Wanted], brokers: u32) -> Result<(), TopicError> {
        if !self.config.create_topics {
            return Err(TopicError::Missing {
                topics: missing.iter().map(|topic| topic.name.clone()).collect(),
                brokers: self.config.brokers.clone(),
            });
        }
        let new = &self.config.new_topics;
        let replicas = new.most_replicas.min(brokers).max(1);
        let settings: Vec<_> = missing
            .iter()
            .map(|topic| topic.settings(new, replicas))
            .collect();
        let topics = missing.iter().zip(&settings).map(|(topic, settings)| {
            let replication = TopicReplication::Fixed(i32::try_from(replicas).unwrap_or(1));
            let partitions = i32::try_from(topic.partitions).unwrap_or(1);
            let mut made = NewTopic::new(&topic.name, partitions, replication);
            for (key, value) in settings {
                made = made.set(key, value);
            }
            made
        });
        let topics: Vec<NewTopic<'_>> = topics.collect();
        let made = self
            .handle
            .block_on(self.admin.create_topics(&topics, &self.options()));
        self.each(
            made,
            "making the topics",
            RDKafkaErrorCode::TopicAlreadyExists,
        )
    }

    fn grow(&self, short: &[&Wanted]) -> Result<(), TopicError> {
        if !self.config.create_topics {
            return Err(TopicError::Unfit {
                topic: short[0].name.clone(),
                detail: format!(
                    "it needs {} partitions: add them, or set KAFKA_CREATE_TOPICS=true",
                    short[0].partitions
                ),
            });
        }
        let count = |topic: &&Wanted| usize::try_from(topic.partitions).unwrap_or(1);
        let more: Vec<NewPartitions<'_>> = short
            .iter()
            .map(|topic| NewPartitions::new(&topic.name, count(topic)))
            .collect();
        let made = self
            .handle
            .block_on(self.admin.create_partitions(&more, &self.options()));
        // Another replica may have been quicker.
        self.each(
            made,
            "adding partitions",
            RDKafkaErrorCode::InvalidPartitions,
        )
    }

    fn each(
        &self,
        made: Result<Vec<TopicResult>, Cause>,
        doing: &str,
        done_already: RDKafkaErrorCode,
    ) -> Result<(), TopicError> {
        for result in made.map_err(|cause| self.failed(doing, cause))? {
            match result {
                Ok(_) => {}
                Err((_, code)) if code == done_already => {}
                Err((topic, code)) => {
                    let doing = format!("{doing} ({topic})");
                    return Err(self.failed(&doing, Cause::AdminOp(code)));
                }
            }
        }
        Ok(())
    }

    /// Waits until every partition has a leader: what was just made is not known everywhere at once.
    fn until_led(&self, wanted: &[Wanted]) -> Result<Metadata, TopicError> {
        let started = Instant::now();
        loop {
            let known = self.metadata()?;
            let late = wanted.iter().find(|topic| {
                let found = known
                    .topics()
                    .iter()
                    .find(|found| found.name() == topic.name);
                let led = found.map_or(0, |found| {
                    let led = found.partitions().iter().filter(|part| part.leader() >= 0);
                    led.count()
                });
                led == 0 || (topic.compacted && led < topic.partitions as usize)
            });
            let Some(late) = late else {
                return Ok(known);
            };
            if started.elapsed() >= APPEAR {
                let detail = format!("it was made, but has no leaders after {APPEAR:?}");
                let topic = late.name.clone();
                return Err(TopicError::Unfit { topic, detail });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn describe(&self, wanted: &[Wanted], known: &Metadata) -> Result<Vec<Found>, TopicError> {
        let specifiers: Vec<ResourceSpecifier<'_>> = wanted
            .iter()
            .map(|topic| ResourceSpecifier::Topic(&topic.name))
            .collect();
        let described = self
            .handle
            .block_on(self.admin.describe_configs(&specifiers, &self.options()));
        let described =
            described.map_err(|cause| self.failed("reading the topics' settings", cause))?;
        wanted
            .iter()
            .zip(described)
            .map(|(topic, described)| {
                let described = described.map_err(|code| {
                    self.failed("reading a topic's settings", Cause::AdminOp(code))
                })?;
                Ok(found(&topic.name, known, &described))
            })
            .collect()
    }

    fn options(&self) -> AdminOptions {
        let timeout = Some(self.config.request_timeout);
        AdminOptions::new()
            .request_timeout(timeout)
            .operation_timeout(timeout)
    }

    fn failed(&self, doing: &str, cause: Cause) -> TopicError {
        TopicError::Kafka {
            error: failed(self.config, doing, cause),
            reason: None,
        }
    }
}

fn partitions(known: &Metadata, name: &str) -> u32 {
    let topic = known.topics().iter().find(|topic| topic.name() == name);
    topic.map_or(0, |topic| {
        u32::try_from(topic.partitions().len()).unwrap_or(0)
    })
}

fn found(name: &str, known: &Metadata, described: &ConfigResource) -> Found {
    let topic = known.topics().iter().find(|topic| topic.name() == name);
    let first = topic.and_then(|topic| topic.partitions().first());
    let text = |key: &str| {
        let entry = described.get(key);
        entry
            .and_then(|entry| entry.value.clone())
            .unwrap_or_default()
    };
    Found {
        name: name.to_owned(),
        partitions: partitions(known, name),
        replicas: first.map_or(0, |part| u32::try_from(part.replicas().len()).unwrap_or(0)),
        min_in_sync: text("min.insync.replicas").parse().unwrap_or(0),
        cleanup: text("cleanup.policy"),
        retention_millis: text("retention.ms").parse().unwrap_or(-1),
        max_message_bytes: text("max.message.bytes").parse().unwrap_or(0),
    }
}
