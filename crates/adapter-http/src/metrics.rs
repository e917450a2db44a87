//! What the edge measures. Handles are looked up once and kept: a request looks nothing up.

use crate::operation::Operation;
use observe::Durations;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Statuses whose handles are kept; any other is looked up.
const STATUSES: [u16; 13] = [
    200, 201, 204, 304, 400, 404, 409, 412, 415, 422, 429, 500, 503,
];

/// The edge's metrics. Clones count into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    durations: Family<Labels, Durations>,
    /// One handle for each call and status.
    handles: Arc<Vec<OnceLock<Durations>>>,
    pub(crate) active_requests: Gauge,
    pub(crate) watch_streams: Gauge,
}

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
            durations: Family::default(),
            handles: Arc::new(
                (0..Operation::ALL.len() * STATUSES.len())
                    .map(|_| OnceLock::new())
                    .collect(),
            ),
            active_requests: Gauge::default(),
            watch_streams: Gauge::default(),
        };
        registry.register_with_unit(
            "http_server_request_duration",
            "Time from a request's head to its answer",
            Unit::Seconds,
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

    /// Counts a request that was answered with `status` after `elapsed`; its trace may be an example.
    pub(crate) fn answered(
        &self,
        operation: Operation,
        status: u16,
        elapsed: Duration,
        traceparent: Option<&str>,
    ) {
        let labels = || Labels {
            method: method(operation),
            route: operation.route(),
            status,
        };
        match STATUSES.iter().position(|known| *known == status) {
            Some(nth) => {
                let handle = &self.handles[operation.index() * STATUSES.len() + nth];
                let durations =
                    handle.get_or_init(|| self.durations.get_or_create_owned(&labels()));
                durations.observe(elapsed, traceparent);
            }
            None => self
                .durations
                .get_or_create_owned(&labels())
                .observe(elapsed, traceparent),
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
