//! The consumer's thread: polls, hands messages to their lanes, stores offsets, pauses and resumes.
//!
//! It never waits for an effect, so that it stays in its group whatever the store does. A short lack
//! of room is waited for; only a long one, and a store that is away, pause partitions, since librdkafka
//! throws away what it has fetched ahead of a partition that is paused.

use super::config::InboundConfig;
use super::context::{Context, store_offsets};
use super::decode;
use super::flow::{Room, Taken};
use super::metrics::InboundMetrics;
use super::status::Status;
use super::work::Hands;
use crate::client;
use crate::config::Config;
use crate::error::KafkaError;
use crate::network::Network;
use planes::Backoff;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as Cause, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message, OwnedMessage};
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How long one look for a message takes.
const POLL: Duration = Duration::from_millis(100);
/// How long room is waited for before partitions are paused.
const ROOM_WAIT: Duration = Duration::from_millis(500);
/// How often offsets are handed to librdkafka.
const STORE_EVERY: Duration = Duration::from_millis(100);
/// How often missing topics are looked for, while any is missing, and how long that may take.
const LOOK_FOR_TOPICS_EVERY: Duration = Duration::from_secs(5);
const LOOK_FOR_TOPICS_TIMEOUT: Duration = Duration::from_secs(2);
/// How often statistics come, from which the lag is read.
const STATISTICS_MILLIS: &str = "2000";
/// What a message weighs beside its bytes.
const MESSAGE_OVERHEAD_BYTES: usize = 512;
/// Waits between consumers, where one cannot be made or must be given up.
const AGAIN_FIRST: Duration = Duration::from_millis(500);
const AGAIN_LONGEST: Duration = Duration::from_secs(10);

/// What the thread needs.
pub(crate) struct Loop {
    pub(crate) config: Arc<Config>,
    pub(crate) bounds: Arc<InboundConfig>,
    pub(crate) hands: Arc<Hands>,
    pub(crate) metrics: InboundMetrics,
    pub(crate) status: Arc<Status>,
    pub(crate) stop: Arc<AtomicBool>,
    /// Where lanes are worked off.
    pub(crate) runtime: Handle,
    pub(crate) hasher: RandomState,
}

impl InboundConfig {
    pub(crate) fn room(&self) -> Room {
        Room {
            messages: self.max_in_flight_messages,
            bytes: self.max_in_flight_bytes,
        }
    }
}

impl Loop {
    /// Consumes until it is told to stop.
    pub(crate) fn run(&self) {
        self.prepare();
        let mut backoff = Backoff::new(AGAIN_FIRST, AGAIN_LONGEST);
        while !self.is_stopping() {
            let error = match self.consumer() {
                Ok(consumer) => match self.consume(&consumer) {
                    Ok(()) => return self.leave(consumer),
                    Err(error) => error,
                },
                Err(error) => *error.cause,
            };
            self.metrics.errors.inc();
            self.status.trouble(error.to_string());
            tracing::error!(%error, "the consumer is made anew");
            let until = Instant::now() + backoff.next_delay();
            while !self.is_stopping() && Instant::now() < until {
                std::thread::sleep(POLL);
            }
        }
    }

    fn consumer(&self) -> Result<BaseConsumer<Context>, KafkaError> {
        let bounds = &self.bounds;
        let mut settings = client::settings(&self.config, "inbound");
        let millis = |time: Duration| time.as_millis().to_string();
        settings
            .set("group.id", &bounds.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", millis(bounds.session_timeout))
            .set("heartbeat.interval.ms", millis(bounds.session_timeout / 4))
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", millis(bounds.commit_interval))
            .set("isolation.level", "read_committed")
            .set("allow.auto.create.topics", "false")
            .set("topic.metadata.refresh.interval.ms", "30000")
            .set("statistics.interval.ms", STATISTICS_MILLIS)
            .set(
                "queued.max.messages.kbytes",
                bounds.max_prefetched_kbytes.to_string(),
            )
            .set("fetch.wait.max.ms", "100");
        let context = Context {
            network: Network::of(&self.config),
            flow: Arc::clone(&self.hands.flow),
            metrics: self.metrics.clone(),
            status: Arc::clone(&self.status),
            revoke_timeout: bounds.revoke_timeout,
            assignments: AtomicU64::default(),
        };
        let consumer = client::consumer(&self.config, &settings, context)?;
        let topics = self.config.topics.inbound();
        let failed = |cause| client::failed(&self.config, "subscribing", cause);
        consumer.subscribe(&topics).map_err(failed)?;
        Ok(consumer)
    }

    /// Until it is told to stop; an error means that this consumer is of no use any more.
    fn consume(&self, consumer: &BaseConsumer<Context>) -> Result<(), Cause> {
        let flow = &self.hands.flow;
        let mut brake = Brake::default();
        let mut store_at = Instant::now();
        let mut topics = MissingTopics::default();
        while !self.is_stopping() {
            let room = flow.room(if brake.on { Duration::ZERO } else { ROOM_WAIT });
            let away = flow.is_waiting();
            brake.set(consumer, &self.metrics, &self.status, away, room)?;
            match consumer.poll(POLL) {
                Some(Ok(message)) => self.take(&message),
                Some(Err(cause)) => self.look_at(cause, &mut topics)?,
                None => {}
            }
            if store_at.elapsed() >= STORE_EVERY {
                store_at = Instant::now();
                store_offsets(consumer);
                let held = i64::try_from(flow.held().0).unwrap_or(i64::MAX);
                self.metrics.in_flight.set(held);
                topics.look(consumer, &self.config.topics.inbound(), &self.status);
            }
        }
        Ok(())
    }

    fn take(&self, message: &BorrowedMessage<'_>) {
        let message = message.detach();
        let (offset, bytes) = (message.offset(), weight_bytes(&message));
        let lane = decode::lane(&message, &self.hasher);
        let (topic, partition) = (message.topic().to_owned(), message.partition());
        let place = (topic.as_str(), partition, offset);
        if self.hands.flow.take(lane, place, message, bytes) == Taken::First {
            self.runtime.spawn(Arc::clone(&self.hands).work(lane));
        }
    }

    /// What polling told; an error that the consumer does not get over by itself is given on.
    fn look_at(&self, cause: Cause, topics: &mut MissingTopics) -> Result<(), Cause> {
        if matches!(cause, Cause::MessageConsumptionFatal(_)) {
            return Err(cause);
        }
        self.metrics.errors.inc();
        if let Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) =
            cause.rdkafka_error_code()
        {
            topics.suspected = true;
        } else {
            tracing::debug!(error = %cause, "polling told of an error");
        }
        Ok(())
    }

    /// Lets what is under way end, commits, and leaves the group.
    fn leave(&self, consumer: BaseConsumer<Context>) {
        let quiet = self.hands.flow.stop(self.bounds.drain_timeout);
        store_offsets(&consumer);
        // Nothing stored is no failure; closing tries again.
        if let Err(error) = consumer.commit_consumer_state(CommitMode::Sync)
            && error.rdkafka_error_code() != Some(RDKafkaErrorCode::NoOffset)
        {
            tracing::warn!(%error, "the last offsets may not be committed; some messages come again");
        }
        drop(consumer);
        tracing::info!(quiet, "left the consumer group");
    }

    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn weight_bytes(message: &OwnedMessage) -> usize {
    let of = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    let headers: usize = headers
        .map(|header| header.key.len() + of(header.value))
        .sum();
    of(message.payload()) + of(message.key()) + headers + MESSAGE_OVERHEAD_BYTES
}

/// Whether partitions are paused, and of which assignment.
#[derive(Debug, Default)]
struct Brake {
    on: bool,
    assignment: u64,
}

impl Brake {
    /// Pauses what is ours while the store is `away` or there is no `room`; resumes it after.
    fn set(
        &mut self,
        consumer: &BaseConsumer<Context>,
        metrics: &InboundMetrics,
        status: &Status,
        away: bool,
        room: bool,
    ) -> Result<(), Cause> {
        let wanted = away || !room;
        let assignment = consumer.context().assignments.load(Ordering::Relaxed);
        if wanted == self.on && (!wanted || assignment == self.assignment) {
            return Ok(());
        }
        let ours = consumer.assignment()?;
        if wanted {
            consumer.pause(&ours)?;
        } else {
            consumer.resume(&ours)?;
        }
        let reason = match (wanted, away) {
            (false, _) => None,
            (true, true) => Some("the store or the dead letters are away".to_owned()),
            (true, false) => Some("too much is in flight".to_owned()),
        };
        if wanted != self.on {
            tracing::warn!(paused = wanted, reason, "taking messages");
        }
        let mut topics = std::collections::BTreeMap::new();
        for element in ours.elements() {
            *topics.entry(element.topic().to_owned()).or_insert(0) += i64::from(wanted);
        }
        for (topic, partitions) in topics {
            metrics.paused(&topic, partitions);
        }
        status.paused(reason);
        (self.on, self.assignment) = (wanted, assignment);
        Ok(())
    }
}

/// Topics that are subscribed and not there, once one is suspected.
#[derive(Debug, Default)]
struct MissingTopics {
    suspected: bool,
    looked: Option<Instant>,
}

impl MissingTopics {
    fn look(&mut self, consumer: &BaseConsumer<Context>, wanted: &[&str], status: &Status) {
        let lately = |looked: Instant| looked.elapsed() < LOOK_FOR_TOPICS_EVERY;
        if !self.suspected || self.looked.is_some_and(lately) {
            return;
        }
        self.looked = Some(Instant::now());
        let Ok(known) = consumer.fetch_metadata(None, LOOK_FOR_TOPICS_TIMEOUT) else {
            return;
        };
        let there = |name: &&&str| known.topics().iter().any(|topic| topic.name() == **name);
        let missing: Vec<String> = wanted
            .iter()
            .filter(|name| !there(name))
            .map(|name| (*name).to_owned())
            .collect();
        self.suspected = !missing.is_empty();
        if self.suspected {
            tracing::error!(topics = missing.join(", "), "topics are missing; make them");
        }
        status.missing(missing);
    }
}
