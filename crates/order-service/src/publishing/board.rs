//! What is known of the publishing: for logs, metrics and health. Each change is told once.

use order_core::app::Halt;
use order_core::ports::Component;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What an operator does about a partition that stands still.
const WAY_OUT: &str = "publishing of this partition stands still until somebody decides: look with \
    `order-service feed status`, compare with what consumers have, and let it go on with \
    `order-service feed resume --partition N --after OFFSET`";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Partition {
    partition: u16,
}

/// How a partition that this replica holds is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    TakingOver,
    Going,
    Failing(String),
    Halted(String),
}

#[derive(Debug, Default)]
struct Known {
    partitions: BTreeMap<u16, (State, Option<u64>)>,
    /// Why the topics could not be looked at; empty once they were.
    unprepared: String,
}

/// The board.
#[derive(Debug)]
pub(super) struct Board {
    brokers: String,
    known: Mutex<Known>,
    lag_seconds: Family<Partition, Gauge<f64, AtomicU64>>,
    lag_events: Family<Partition, Gauge>,
    held: Family<Partition, Gauge>,
    halted: Family<Partition, Gauge>,
    published: Counter,
    errors: Counter,
}

impl Board {
    pub(super) fn new(brokers: &str, registry: &mut Registry) -> Board {
        let board = Board {
            brokers: brokers.to_owned(),
            known: Mutex::default(),
            lag_seconds: Family::default(),
            lag_events: Family::default(),
            held: Family::default(),
            halted: Family::default(),
            published: Counter::default(),
            errors: Counter::default(),
        };
        registry.register_with_unit(
            "feed_lag",
            "Age of the oldest event that is not yet in Kafka, of the partitions that this replica publishes",
            Unit::Seconds,
            board.lag_seconds.clone(),
        );
        registry.register(
            "feed_lag_events",
            "Events that are not yet in Kafka, of the partitions that this replica publishes",
            board.lag_events.clone(),
        );
        registry.register(
            "feed_lease_held",
            "1 for each partition that this replica publishes",
            board.held.clone(),
        );
        registry.register(
            "feed_partition_halted",
            "1 for each partition that stands still until an operator has looked",
            board.halted.clone(),
        );
        registry.register(
            "feed_published",
            "Events that this replica has published",
            board.published.clone(),
        );
        registry.register(
            "kafka_publish_errors",
            "Take-overs and transactions that failed",
            board.errors.clone(),
        );
        board
    }

    /// This replica has the partition now.
    pub(super) fn hold(&self, partition: u16) {
        let mut known = self.known();
        known
            .partitions
            .insert(partition, (State::TakingOver, None));
        self.held.get_or_create(&Partition { partition }).set(1);
        self.halted.get_or_create(&Partition { partition }).set(0);
    }

    /// This replica has it no more, and knows nothing of it.
    pub(super) fn lose(&self, partition: u16) {
        self.known().partitions.remove(&partition);
        let label = Partition { partition };
        self.held.remove(&label);
        self.halted.remove(&label);
        self.lag_seconds.remove(&label);
        self.lag_events.remove(&label);
    }

    /// The partition was taken over and goes on after this offset.
    pub(super) fn going(&self, partition: u16, cursor: u64) {
        self.change(partition, State::Going, Some(cursor), || {
            tracing::info!(partition, after = cursor, "publishing the feed");
        });
        self.halted.get_or_create(&Partition { partition }).set(0);
    }

    pub(super) fn published(&self, partition: u16, count: usize, cursor: u64) {
        self.published.inc_by(count as u64);
        if let Some((_, known)) = self.known().partitions.get_mut(&partition) {
            *known = Some(cursor);
        }
    }

    /// Another replica has it: the lease tells who goes on.
    pub(super) fn fenced(&self, partition: u16) {
        self.change(partition, State::TakingOver, None, || {
            tracing::info!(
                partition,
                "another replica publishes this partition of the feed"
            );
        });
    }

    pub(super) fn failed(&self, partition: u16, detail: &str) {
        self.errors.inc();
        let cursor = self.cursor(partition);
        self.change(partition, State::Failing(detail.to_owned()), cursor, || {
            tracing::warn!(partition, detail, "the feed is not published; trying again");
        });
    }

    pub(super) fn halted(&self, partition: u16, halt: &Halt) {
        self.change(partition, State::Halted(halt.to_string()), None, || {
            tracing::error!(partition, reason = %halt, "{WAY_OUT}");
        });
        self.halted.get_or_create(&Partition { partition }).set(1);
    }

    pub(super) fn prepared(&self) {
        self.known().unprepared.clear();
    }

    pub(super) fn unprepared(&self, detail: &str) {
        self.errors.inc();
        let mut known = self.known();
        if known.unprepared != detail {
            tracing::warn!(detail, "Kafka is not ready; trying again");
            detail.clone_into(&mut known.unprepared);
        }
    }

    /// How far the partition is published, as this replica knows.
    pub(super) fn cursor(&self, partition: u16) -> Option<u64> {
        let known = self.known();
        known
            .partitions
            .get(&partition)
            .and_then(|(_, cursor)| *cursor)
    }

    pub(super) fn lag(&self, partition: u16, events: u64, since: Duration) {
        if self.known().partitions.contains_key(&partition) {
            let label = Partition { partition };
            let events = i64::try_from(events).unwrap_or(i64::MAX);
            self.lag_events.get_or_create(&label).set(events);
            self.lag_seconds
                .get_or_create(&label)
                .set(since.as_secs_f64());
        }
    }

    /// For `/readyz?verbose`.
    pub(super) fn component(&self) -> Component {
        let known = self.known();
        let wrong = known
            .partitions
            .iter()
            .filter_map(|(partition, (state, _))| match state {
                State::Going | State::TakingOver => None,
                State::Failing(detail) => Some(format!("feed partition {partition}: {detail}")),
                State::Halted(detail) => {
                    Some(format!("feed partition {partition} is halted: {detail}"))
                }
            });
        let mut wrong: Vec<String> = wrong.collect();
        if wrong.is_empty() && !known.unprepared.is_empty() {
            wrong.push(known.unprepared.clone());
        }
        let going = known.partitions.values();
        let going = going.filter(|(state, _)| *state == State::Going).count();
        Component {
            name: "kafka".to_owned(),
            ok: wrong.is_empty(),
            required: false,
            detail: if wrong.is_empty() {
                format!("{}; feed partitions published here: {going}", self.brokers)
            } else {
                wrong.join("; ")
            },
        }
    }

    /// A new state, told if it is another one than before.
    fn change(&self, partition: u16, state: State, cursor: Option<u64>, tell: impl FnOnce()) {
        let mut known = self.known();
        if let Some(entry) = known.partitions.get_mut(&partition) {
            let changed = entry.0 != state;
            *entry = (state, cursor);
            drop(known);
            if changed {
                tell();
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
