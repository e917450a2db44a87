//! The dead-letter topic: messages that can have no effect, untouched, with the reason beside them.

use super::config::InboundConfig;
use crate::client;
use crate::config::Config;
use crate::headers::{
    DL_OFFSET, DL_OMITTED_BYTES, DL_PARTITION, DL_REASON, DL_REASON_MAX_CHARS, DL_TOPIC,
};
use crate::network::{Network, OnPlane};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, ProducerContext};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long one look for acknowledgements takes, and so how long a producer outlives its use.
const POLL: Duration = Duration::from_millis(100);

/// The producer of dead letters, made when the first one is written.
pub(crate) struct DeadLetters {
    config: Arc<Config>,
    bounds: Arc<InboundConfig>,
    producer: Mutex<Option<Arc<Producer>>>,
}

type Producer = BaseProducer<Context>;
type Acknowledgement = oneshot::Sender<Result<(), KafkaError>>;

impl DeadLetters {
    pub(crate) fn new(config: Arc<Config>, bounds: Arc<InboundConfig>) -> DeadLetters {
        DeadLetters {
            config,
            bounds,
            producer: Mutex::default(),
        }
    }

    /// Writes the message with its reason; done when the brokers have it. One that is larger than a
    /// dead letter may be goes without its value, which `dl_topic`, `dl_partition` and `dl_offset`
    /// still find.
    pub(crate) async fn write(&self, raw: &OwnedMessage, reason: &str) -> Result<(), String> {
        let headers = headers(raw, reason);
        match self.send(raw, raw.payload(), headers.clone()).await {
            Err(error) if is_too_large(&error) => {
                let bytes = raw.payload().map_or(0, <[u8]>::len).to_string();
                let headers = headers.insert(header(DL_OMITTED_BYTES, bytes.as_bytes()));
                self.send(raw, None, headers).await
            }
            sent => sent,
        }
        .map_err(|error| self.told(&error))
    }

    async fn send(
        &self,
        raw: &OwnedMessage,
        value: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<(), KafkaError> {
        let acknowledged = self.hand_over(raw, value, headers)?;
        let lost = KafkaError::Canceled;
        let answer = acknowledged.await.unwrap_or(Err(lost));
        if let Err(error) = &answer
            && error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal)
        {
            self.let_go();
        }
        answer
    }

    fn hand_over(
        &self,
        raw: &OwnedMessage,
        value: Option<&[u8]>,
        headers: OwnedHeaders,
    ) -> Result<oneshot::Receiver<Result<(), KafkaError>>, KafkaError> {
        let producer = self.producer()?;
        let (sender, acknowledged) = oneshot::channel();
        let record = BaseRecord::<[u8], [u8], Box<Acknowledgement>> {
            key: raw.key(),
            payload: value,
            headers: Some(headers),
            ..BaseRecord::with_opaque_to(&self.config.topics.dead_letters, Box::new(sender))
        };
        producer.send(record).map_err(|(error, _)| error)?;
        Ok(acknowledged)
    }

    fn producer(&self) -> Result<Arc<Producer>, KafkaError> {
        let mut kept = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*kept {
            return Ok(Arc::clone(producer));
        }
        let mut settings = client::settings(&self.config, "dead-letters");
        let timeout = self.bounds.dead_letter_timeout.as_millis().to_string();
        settings
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", timeout)
            .set(
                "message.max.bytes",
                self.bounds.dead_letter_max_bytes.to_string(),
            )
            .set("partitioner", "murmur2_random");
        let network = Network::of(&self.config);
        let producer = client::producer(&self.config, &settings, Context { network })
            .map_err(|error| *error.cause)?;
        let producer = Arc::new(producer);
        poll(Arc::downgrade(&producer))?;
        *kept = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// The next letter gets a producer of its own.
    fn let_go(&self) {
        *self.producer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn told(&self, error: &KafkaError) -> String {
        let topic = &self.config.topics.dead_letters;
        let advice = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                ": make the topic"
            }
            _ => "",
        };
        format!(
            "a dead letter cannot be written to {topic} at {}: {error}{advice}",
            self.config.brokers
        )
    }
}

/// The message's own headers, and ours.
fn headers(raw: &OwnedMessage, reason: &str) -> OwnedHeaders {
    let own = raw.headers().cloned().unwrap_or_default();
    let reason: String = reason.chars().take(DL_REASON_MAX_CHARS).collect();
    let (partition, offset) = (raw.partition().to_string(), raw.offset().to_string());
    own.insert(header(DL_REASON, reason.as_bytes()))
        .insert(header(DL_TOPIC, raw.topic().as_bytes()))
        .insert(header(DL_PARTITION, partition.as_bytes()))
        .insert(header(DL_OFFSET, offset.as_bytes()))
}

fn header<'a>(key: &'a str, value: &'a [u8]) -> Header<'a, &'a [u8]> {
    let value = Some(value);
    Header { key, value }
}

fn is_too_large(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(
        code,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize)
    )
}

/// Serves acknowledgements until the producer is let go.
fn poll(producer: Weak<Producer>) -> Result<(), KafkaError> {
    let serve = move || {
        while let Some(producer) = producer.upgrade() {
            producer.poll(POLL);
        }
    };
    let thread = std::thread::Builder::new().name("kafka-dead-letters".to_owned());
    thread
        .spawn(serve)
        .map(drop)
        .map_err(|error| KafkaError::ClientCreation(error.to_string()))
}

/// The producer's network.
#[derive(Debug)]
struct Context {
    network: Network,
}

impl OnPlane for Context {
    fn network(&self) -> &Network {
        &self.network
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, &self.network.explained(message));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "the producer of dead letters has trouble");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Acknowledgement>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Box<Acknowledgement>) {
        let result = result
            .as_ref()
            .map(drop)
            .map_err(|(error, _)| error.clone());
        // Whoever waited may have gone with its partition.
        let _ = waiting.send(result);
    }
}
