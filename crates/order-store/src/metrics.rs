//! The store's metrics: `db_*` for the database, `orders_events_total` for what happened to orders.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::time::Duration;

/// From a fast disk's fsync to the time after which callers give up.
const COMMIT_SECONDS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0,
];
const BATCH_CHANGES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// False in a build that shows what counting costs (`cargo xtask bench --metrics`), and in no other.
const COUNTING: bool = !cfg!(feature = "no-metrics");

/// What is counted while a store works.
#[derive(Debug)]
pub(crate) struct Metrics {
    commit_seconds: Histogram,
    batch_changes: Histogram,
    commit_errors: Counter,
    events: Family<EventLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    r#type: &'static str,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            batch_changes: Histogram::new(BATCH_CHANGES),
            commit_errors: Counter::default(),
            events: Family::default(),
        }
    }
}

impl Metrics {
    pub(crate) fn committed(&self, changes: usize, took: Duration) {
        if !COUNTING {
            return;
        }
        self.commit_seconds.observe(took.as_secs_f64());
        self.batch_changes
            .observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
    }

    pub(crate) fn failed(&self) {
        self.commit_errors.inc();
    }

    pub(crate) fn events(&self, type_name: &'static str, count: u64) {
        if !COUNTING {
            return;
        }
        self.events
            .get_or_create(&EventLabels { r#type: type_name })
            .inc_by(count);
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "db_commit",
            "Time of a commit, looking up and fsync included",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
        registry.register(
            "db_batch_changes",
            "Changes of a commit",
            self.batch_changes.clone(),
        );
        registry.register(
            "db_commit_errors",
            "Commits that failed",
            self.commit_errors.clone(),
        );
        registry.register("orders_events", "Events committed", self.events.clone());
    }
}

/// Shows a gauge in `registry` that is read when it is scraped, rather than kept.
pub fn register_gauge(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    read: impl Fn() -> i64 + Send + Sync + 'static,
) {
    registry.register_collector(Box::new(Gauge {
        name,
        help,
        unit,
        read,
    }));
}

struct Gauge<F> {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    read: F,
}

/// What is read has nothing to show.
impl<F> fmt::Debug for Gauge<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gauge").field(&self.name).finish()
    }
}

impl<F: Fn() -> i64 + Send + Sync + 'static> Collector for Gauge<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauge = ConstGauge::new((self.read)());
        let unit = self.unit.as_ref();
        gauge.encode(encoder.encode_descriptor(self.name, self.help, unit, gauge.metric_type())?)
    }
}
