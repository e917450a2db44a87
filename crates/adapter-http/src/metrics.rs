//! What the edge measures. Handles are looked up once and kept: a request looks nothing up.

use crate::operation::Operation;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Upper bounds of the duration's buckets, in seconds.
const BUCKETS_SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Statuses whose handles are kept; any other is looked up.
const STATUSES: [u16; 13] = [
    200, 201, 204, 304, 400, 404, 409, 412, 415, 422, 429, 500, 503,
];

/// The edge's metrics. Clones count into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    durations: Durations,
    /// One handle for each call and status.
    handles: Arc<Vec<OnceLock<Histogram>>>,
    pub(crate) active_requests: Gauge,
    pub(crate) watch_streams: Gauge,
}

type Durations = Family<Labels, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

impl Metrics {
    /// Metrics that are registered under `http_server_*`.
    pub fn new(registry: &mut Registry) -> Metrics {
        let metrics = Metrics {
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS_SECONDS)),
            handles: Arc::new(
                (0..Operation::ALL.len() * STATUSES.len())
                    .map(|_| OnceLock::new())
                    .collect(),
            ),
            active_requests: Gauge::default(),
            watch_streams: Gauge::default(),
        };
        registry.register(
            "http_server_request_duration_seconds",
            "Time from a request's head to its answer",
            metrics.durations.clone(),
        );
        registry.register(
            "http_server_active_requests",
            "Requests that are being answered",
            metrics.active_requests.clone(),
        );
        registry.register(
            "http_server_watch_streams",
            "Open watchers",
            metrics.watch_streams.clone(),
        );
        metrics
    }

    /// Counts a request that was answered with `status` after `elapsed`.
    pub(crate) fn answered(&self, operation: Operation, status: u16, elapsed: Duration) {
        let labels = || Labels {
            method: method(operation),
            route: operation.route(),
            status,
        };
        match STATUSES.iter().position(|known| *known == status) {
            Some(nth) => {
                let handle = &self.handles[operation.index() * STATUSES.len() + nth];
                let histogram =
                    handle.get_or_init(|| self.durations.get_or_create_owned(&labels()));
                histogram.observe(elapsed.as_secs_f64());
            }
            None => self
                .durations
                .get_or_create_owned(&labels())
                .observe(elapsed.as_secs_f64()),
        }
    }
}

/// The method's label; callers' own words would grow without end.
const fn method(operation: Operation) -> &'static str {
    match operation {
        Operation::Unmatched => "OTHER",
        _ if operation.takes_body() => "POST",
        _ => "GET",
    }
}
