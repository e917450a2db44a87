//! The store's metrics: `db_*` for the database, `orders_events_total` for what happened to orders.

use crate::commit::Flusher;
use group_commit::GroupCommit;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From a fast disk's fsync to the time after which callers give up.
const COMMIT_SECONDS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0,
];
const BATCH_CHANGES: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// What is counted while the store works. Clones share it.
#[derive(Clone, Debug)]
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

impl Metrics {
    pub(crate) fn new() -> Metrics {
        Metrics {
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            batch_changes: Histogram::new(BATCH_CHANGES),
            commit_errors: Counter::default(),
            events: Family::default(),
        }
    }

    pub(crate) fn committed(&self, changes: usize, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.batch_changes
            .observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
    }

    pub(crate) fn failed(&self) {
        self.commit_errors.inc();
    }

    pub(crate) fn event(&self, type_name: &'static str) {
        self.events
            .get_or_create(&EventLabels { r#type: type_name })
            .inc();
    }

    /// Shows everything in `registry`; the gauges are read when it is scraped.
    pub(crate) fn register(
        &self,
        registry: &mut Registry,
        path: &Path,
        commits: GroupCommit<Flusher>,
    ) {
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
        registry.register_collector(Box::new(Gauges {
            path: path.to_owned(),
            commits,
        }));
    }
}

/// What is read at the time of the scrape rather than kept.
#[derive(Debug)]
struct Gauges {
    path: PathBuf,
    commits: GroupCommit<Flusher>,
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let queued = i64::try_from(self.commits.stats().queued_items).unwrap_or(i64::MAX);
        gauge(
            &mut encoder,
            "db_queue_changes",
            "Changes that wait to be written",
            None,
            queued,
        )?;
        let bytes = file_bytes(&self.path).saturating_add(file_bytes(&wal(&self.path)));
        let help = "Size of the database file and its write-ahead log";
        gauge(&mut encoder, "db_file", help, Some(&Unit::Bytes), bytes)
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: i64,
) -> Result<(), std::fmt::Error> {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, unit, gauge.metric_type())?)
}

fn file_bytes(path: &Path) -> i64 {
    std::fs::metadata(path).map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX))
}

fn wal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
