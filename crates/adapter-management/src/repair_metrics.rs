//! What administrators did about what went wrong.

use order_core::app::RepairError;
use order_core::ports::EntryKind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Counts repairs. Clones count into the same.
#[derive(Clone, Debug, Default)]
pub struct RepairMetrics {
    repairs: Family<Labels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    kind: &'static str,
    action: &'static str,
    outcome: &'static str,
}

impl RepairMetrics {
    /// Metrics that are registered as `orders_repairs`.
    pub fn new(registry: &mut Registry) -> RepairMetrics {
        let metrics = RepairMetrics::default();
        registry.register(
            "orders_repairs",
            "Dead letters and parked facts that administrators redrove or dropped, and what came of it",
            metrics.repairs.clone(),
        );
        metrics
    }

    pub(crate) fn redriven(&self, kind: EntryKind, outcome: Result<(), &RepairError>) {
        let outcome = match outcome {
            Ok(()) => "done",
            Err(RepairError::StillWrong { .. } | RepairError::Incomplete { .. }) => "still_wrong",
            Err(RepairError::Unknown { .. }) => "unknown",
            Err(RepairError::NotNow { .. } | RepairError::App(_)) => "failed",
        };
        self.count(kind, "redrive", outcome);
    }

    pub(crate) fn dropped(&self, kind: EntryKind) {
        self.count(kind, "drop", "done");
    }

    fn count(&self, kind: EntryKind, action: &'static str, outcome: &'static str) {
        let kind = match kind {
            EntryKind::Parked => "parked",
            EntryKind::Fact => "fact",
            EntryKind::Message => "message",
        };
        let labels = Labels {
            kind,
            action,
            outcome,
        };
        self.repairs.get_or_create(&labels).inc();
    }
}
