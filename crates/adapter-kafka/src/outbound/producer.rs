//! One transactional producer: made, fenced, and never used again after an error.

use super::cursor;
use super::message::message;
use crate::client::{failed, producer, settings};
use crate::config::Config;
use crate::context::Context;
use order_core::ports::{Cursor, PublishError, RecordedEvent};
use rdkafka::error::{KafkaError as Cause, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::{Duration, Instant};

/// How long messages are gathered before they are sent: not at all, since a transaction is handed over
/// faster than it is sent.
const LINGER_MILLIS: &str = "0";
/// How long is waited for deliveries before they are counted again.
const DELIVERY_POLL: Duration = Duration::from_millis(1);
/// Messages that the client holds: more than a transaction has.
const QUEUE_MESSAGES: &str = "20000";
/// KiB of them; a transaction that is larger is handed over piece by piece.
const QUEUE_KIB: &str = "65536";
/// Bytes of a batch on the wire.
const BATCH_BYTES: usize = 1_000_000;

/// How long after a commit the next transaction may begin. The broker is still writing the end of this one
/// to every partition; librdkafka, told so, would wait for 20 ms before it asks again, and the events of
/// that time with it. What is committed meanwhile joins the next transaction.
const BREATH: Duration = Duration::from_millis(8);

/// A producer that holds a partition of the feed.
pub(super) struct Transactions<'a> {
    config: &'a Config,
    partition: u16,
    context: Context,
    producer: BaseProducer<Context>,
    max_event_bytes: usize,
}

impl<'a> Transactions<'a> {
    /// Makes a producer and fences every earlier one of this partition.
    pub(super) fn take_over(
        config: &'a Config,
        partition: u16,
        max_event_bytes: usize,
    ) -> Result<Transactions<'a>, PublishError> {
        let timeout = config.transaction_timeout;
        let millis = timeout.as_millis().to_string();
        let mut settings = settings(config, &format!("feed-{partition}"));
        settings
            .set("transactional.id", transactional_id(config, partition))
            .set("transaction.timeout.ms", &millis)
            .set("message.timeout.ms", &millis)
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("compression.codec", "lz4")
            .set("linger.ms", LINGER_MILLIS)
            .set("queue.buffering.max.messages", QUEUE_MESSAGES)
            .set("queue.buffering.max.kbytes", QUEUE_KIB)
            .set("batch.size", BATCH_BYTES.min(max_event_bytes).to_string())
            .set("message.max.bytes", max_event_bytes.to_string());
        let context = Context::of(config);
        let made = producer(config, &settings, context.clone());
        let transactions = Transactions {
            producer: made.map_err(|error| PublishError::Unavailable {
                detail: error.to_string(),
            })?,
            config,
            partition,
            context,
            max_event_bytes,
        };
        let fenced = transactions.producer.init_transactions(timeout);
        fenced.map_err(|cause| transactions.failed("taking a partition over", cause))?;
        Ok(transactions)
    }

    /// One transaction: these events, and the cursor after them.
    pub(super) fn commit(
        &self,
        events: &[RecordedEvent],
        cursor: &Cursor,
    ) -> Result<(), PublishError> {
        let closed = self.context.closed();
        let begun = self.producer.begin_transaction();
        begun.map_err(|cause| self.failed("beginning a transaction", cause))?;
        let deadline = Instant::now() + self.config.transaction_timeout;
        for event in events {
            let message = message(event, self.max_event_bytes);
            if message.reduced {
                tracing::warn!(
                    event = event.event.id(),
                    max_event_bytes = self.max_event_bytes,
                    "the event is larger than its topic takes: published without its order; raise max.message.bytes"
                );
            }
            let record = BaseRecord::to(&self.config.topics.events)
                .key(&message.key)
                .payload(&message.value)
                .headers(message.headers);
            self.send(record, deadline)?;
        }
        let (key, value) = (cursor::key(self.partition), cursor::value(cursor));
        let record = BaseRecord::to(&self.config.topics.cursors)
            .partition(i32::from(self.partition))
            .key(&key)
            .payload(&value);
        self.send(record, deadline)?;
        // rdkafka's own flush polls for 100 ms at a time, even when everything is delivered.
        while self.producer.in_flight_count() > 0 {
            if Instant::now() >= deadline {
                let late = Cause::Flush(RDKafkaErrorCode::OperationTimedOut);
                return Err(self.failed("delivering events", late));
            }
            self.producer.poll(DELIVERY_POLL);
        }
        let committed = self
            .producer
            .commit_transaction(self.config.transaction_timeout);
        committed.map_err(|cause| self.failed("committing a transaction", cause))?;
        // librdkafka sends an EndTxn that was not answered once more, and tells nobody. The first one may
        // arrive yet, and would end the next transaction in the middle, for all transactions of a producer
        // have one epoch (KIP-890). So the producer ends here: the next one's epoch is higher.
        if self.context.closed() != closed {
            let broken = Cause::Global(RDKafkaErrorCode::BrokerTransportFailure);
            return Err(self.failed("committing a transaction without a break", broken));
        }
        std::thread::sleep(BREATH);
        Ok(())
    }

    /// Hands a message to the client, as soon as it has room.
    fn send(
        &self,
        mut record: BaseRecord<'_, String, Vec<u8>>,
        deadline: Instant,
    ) -> Result<(), PublishError> {
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((Cause::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < deadline =>
                {
                    record = back;
                    self.producer.poll(DELIVERY_POLL);
                }
                Err((cause, _)) => return Err(self.failed("sending an event", cause)),
            }
        }
    }

    fn failed(&self, doing: &str, cause: Cause) -> PublishError {
        let fatal = self.producer.client().fatal_error().map(|(code, _)| code);
        if is_fenced(&cause) || fatal.is_some_and(fences) {
            let partition = self.partition;
            return PublishError::Fenced { partition };
        }
        // What the client says of its connections comes by the same queue as deliveries.
        self.producer.poll(DELIVERY_POLL);
        let reason = self.context.reason();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        PublishError::Unavailable {
            detail: format!("{}{reason}", failed(self.config, doing, cause)),
        }
    }
}

/// The name by which the broker fences: one for each partition of the feed.
pub(super) fn transactional_id(config: &Config, partition: u16) -> String {
    format!("{}-feed-{partition}", config.cluster)
}

fn is_fenced(cause: &Cause) -> bool {
    match cause {
        Cause::Transaction(error) => fences(error.code()),
        _ => cause.rdkafka_error_code().is_some_and(fences),
    }
}

/// Whether another producer of the same name came later (KIP-360).
fn fences(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
    )
}
