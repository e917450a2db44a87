//! What the inbound side measures, by topic.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its effect is committed.
    Applied,
    /// Known before; nothing changed.
    Duplicate,
    /// A fact that waits for its order.
    Parked,
    /// A fact that put a hold on its order.
    Held,
    /// Sent to the dead letters.
    Dead,
}

impl Outcome {
    const ALL: [Outcome; 5] = [
        Outcome::Applied,
        Outcome::Duplicate,
        Outcome::Parked,
        Outcome::Held,
        Outcome::Dead,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Duplicate => "duplicate",
            Outcome::Parked => "parked",
            Outcome::Held => "held",
            Outcome::Dead => "dead",
        }
    }
}

/// The inbound side's metrics. Clones count into the same ones.
#[derive(Clone, Debug, Default)]
pub struct InboundMetrics {
    handled: Family<HandledLabels, Counter>,
    lag: Family<TopicLabels, Gauge>,
    paused: Family<TopicLabels, Gauge>,
    /// What librdkafka told of, connections that broke included.
    pub(crate) errors: Counter,
    /// Partitions that came or went.
    pub(crate) rebalances: Counter,
    /// Attempts that failed and are made again.
    pub(crate) retries: Counter,
    pub(crate) in_flight: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandledLabels {
    topic: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TopicLabels {
    topic: String,
}

impl InboundMetrics {
    /// Metrics that are registered under `kafka_*`.
    pub fn new(registry: &mut Registry) -> InboundMetrics {
        let metrics = InboundMetrics::default();
        registry.register(
            "kafka_handled",
            "Messages whose effect is committed, or that went to the dead letters",
            metrics.handled.clone(),
        );
        registry.register(
            "kafka_consumer_lag",
            "Messages of this replica's partitions whose offsets are not committed yet",
            metrics.lag.clone(),
        );
        registry.register(
            "kafka_paused",
            "Partitions of which nothing is taken, since the store is away or too much is in flight",
            metrics.paused.clone(),
        );
        registry.register(
            "kafka_consumer_errors",
            "Errors that the client told of, connections that broke included",
            metrics.errors.clone(),
        );
        registry.register(
            "kafka_rebalances",
            "Times that partitions came to this replica or went",
            metrics.rebalances.clone(),
        );
        registry.register(
            "kafka_retries",
            "Attempts at a message that failed and are made again",
            metrics.retries.clone(),
        );
        registry.register(
            "kafka_in_flight_messages",
            "Messages taken and not done yet",
            metrics.in_flight.clone(),
        );
        metrics
    }

    /// Shows every outcome of a topic from 0 on: an alert cannot see a series rise that begins with 1.
    pub(crate) fn begin(&self, topic: &str) {
        for outcome in Outcome::ALL {
            let topic = topic.to_owned();
            let outcome = outcome.as_str();
            _ = self
                .handled
                .get_or_create(&HandledLabels { topic, outcome });
        }
        self.paused(topic, 0);
    }

    pub(crate) fn handled(&self, topic: &str, outcome: Outcome) {
        let labels = HandledLabels {
            topic: topic.to_owned(),
            outcome: outcome.as_str(),
        };
        self.handled.get_or_create(&labels).inc();
    }

    pub(crate) fn lag(&self, topic: &str, messages: i64) {
        self.lag.get_or_create(&of(topic)).set(messages);
    }

    pub(crate) fn paused(&self, topic: &str, partitions: i64) {
        self.paused.get_or_create(&of(topic)).set(partitions);
    }
}

fn of(topic: &str) -> TopicLabels {
    TopicLabels {
        topic: topic.to_owned(),
    }
}
