//! What is counted of shipping.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counters of one kind of thing that is shipped.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    /// The collector took them.
    pub(crate) sent: Counter,
    /// Nobody has them any more: the queue was full, the collector was away for too long or refused them.
    pub(crate) dropped: Counter,
}

/// The counters of all kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    sent: Family<Signal, Counter>,
    dropped: Family<Signal, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Signal {
    signal: &'static str,
}

impl Metrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "otlp_sent",
            "Spans and log lines that the collector took",
            self.sent.clone(),
        );
        registry.register(
            "otlp_dropped",
            "Spans and log lines that the collector never got: it was away or too slow for too long, or refused them",
            self.dropped.clone(),
        );
    }

    /// `traces` or `logs`.
    pub(crate) fn of(&self, signal: &'static str) -> Counts {
        let signal = Signal { signal };
        Counts {
            sent: self.sent.get_or_create_owned(&signal),
            dropped: self.dropped.get_or_create_owned(&signal),
        }
    }
}
