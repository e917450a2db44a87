//! What the edge measures. Handles are looked up once and kept: a call looks nothing up.

use crate::method::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tonic::Code;

/// Upper bounds of the duration's buckets, in seconds; REST has the same.
const BUCKETS_SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The codes of gRPC: 0 to 16.
const CODES: usize = 17;

/// The edge's metrics. Clones count into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    durations: Durations,
    /// One handle for each method and code.
    handles: Arc<Vec<OnceLock<Histogram>>>,
    pub(crate) active_requests: Gauge,
    pub(crate) watch_streams: Gauge,
}

type Durations = Family<Labels, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    code: &'static str,
}

impl Metrics {
    /// Metrics that are registered under `rpc_server_*`.
    pub fn new(registry: &mut Registry) -> Metrics {
        let handles = (0..Method::ALL.len() * CODES).map(|_| OnceLock::new());
        let metrics = Metrics {
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS_SECONDS)),
            handles: Arc::new(handles.collect()),
            active_requests: Gauge::default(),
            watch_streams: Gauge::default(),
        };
        registry.register(
            "rpc_server_request_duration_seconds",
            "Time from a call's head to its answer; of a stream, to its beginning",
            metrics.durations.clone(),
        );
        registry.register(
            "rpc_server_active_requests",
            "Calls that are being answered",
            metrics.active_requests.clone(),
        );
        registry.register(
            "rpc_server_watch_streams",
            "Open watchers",
            metrics.watch_streams.clone(),
        );
        metrics
    }

    /// Counts a call that was answered with `code` after `elapsed`.
    pub(crate) fn answered(&self, method: Method, code: Code, elapsed: Duration) {
        let number = code as usize;
        let make = || {
            self.durations.get_or_create_owned(&Labels {
                method: method.name(),
                code: name_of(code),
            })
        };
        let handle = &self.handles[method.index() * CODES + number.min(CODES - 1)];
        handle.get_or_init(make).observe(elapsed.as_secs_f64());
    }
}

/// The code's name in the protocol's own spelling.
const fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
