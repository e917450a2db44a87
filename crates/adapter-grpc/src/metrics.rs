//! What the edge measures. Handles are looked up once and kept: a call looks nothing up.

use crate::method::Method;
use observe::Durations;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tonic::Code;

/// The codes of gRPC: 0 to 16.
const CODES: usize = 17;

/// The edge's metrics. Clones count into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    durations: Family<Labels, Durations>,
    /// One handle for each method and code.
    handles: Arc<Vec<OnceLock<Durations>>>,
    pub(crate) active_requests: Gauge,
    pub(crate) watch_streams: Gauge,
}

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
            durations: Family::default(),
            handles: Arc::new(handles.collect()),
            active_requests: Gauge::default(),
            watch_streams: Gauge::default(),
        };
        registry.register_with_unit(
            "rpc_server_request_duration",
            "Time from a call's head to its answer; of a stream, to its beginning",
            Unit::Seconds,
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

    /// Counts a call that was answered with `code` after `elapsed`; its trace may be an example.
    pub(crate) fn answered(
        &self,
        method: Method,
        code: Code,
        elapsed: Duration,
        traceparent: Option<&str>,
    ) {
        let number = code as usize;
        let make = || {
            self.durations.get_or_create_owned(&Labels {
                method: method.name(),
                code: name_of(code),
            })
        };
        let handle = &self.handles[method.index() * CODES + number.min(CODES - 1)];
        handle.get_or_init(make).observe(elapsed, traceparent);
    }
}

/// The code's name in the protocol's own spelling.
pub(crate) const fn name_of(code: Code) -> &'static str {
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
