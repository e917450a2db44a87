//! Readiness as metrics, so that an alert says which dependency is down. Read when it is scraped, from what
//! the probes answer from.

use order_core::ports::HealthSource;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// Registers `orders_ready` and `orders_component_up{component,required}`.
pub fn register_health_metrics(registry: &mut Registry, health: Arc<dyn HealthSource>) {
    registry.register_collector(Box::new(Components(health)));
}

struct Components(Arc<dyn HealthSource>);

impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Components")
    }
}

impl Collector for Components {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let report = self.0.report();
        let help = "Whether traffic should come here: what /readyz answers";
        let ready = ConstGauge::new(i64::from(report.ready));
        ready.encode(encoder.encode_descriptor(
            "orders_ready",
            help,
            None,
            MetricType::Gauge,
        )?)?;
        if report.components.is_empty() {
            return Ok(());
        }
        let help = "Whether a dependency or plane works, and whether readiness depends on it";
        let mut family =
            encoder.encode_descriptor("orders_component_up", help, None, MetricType::Gauge)?;
        for component in &report.components {
            let required = if component.required { "true" } else { "false" };
            let labels = [
                ("component", component.name.as_str()),
                ("required", required),
            ];
            ConstGauge::new(i64::from(component.ok)).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
