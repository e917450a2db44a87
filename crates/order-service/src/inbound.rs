//! Facts and commands by Kafka: started with the service, stopped before its store.

use crate::config::Config;
use crate::health::Health;
use adapter_kafka::{Inbound, InboundMetrics};
use order_core::app::Orders;
use order_core::ports::{Component, Repair};
use std::sync::Arc;

/// Starts the consumer, if brokers are named and this replica is to consume.
pub(crate) fn start(
    config: &Config,
    orders: Orders,
    kept: Arc<dyn Repair>,
    metrics: InboundMetrics,
    health: &Health,
) -> Result<Option<Inbound>, String> {
    let Some(kafka) = &config.kafka else {
        return Ok(None);
    };
    let Some(bounds) = kafka.inbound.clone() else {
        return Ok(None);
    };
    let inbound = Inbound::start(kafka.client.clone(), bounds, orders, kept, metrics)
        .map_err(|error| format!("the consumer's thread cannot start: {error}"))?;
    let status = inbound.status();
    health.also(Box::new(move || {
        let (ok, detail) = status.told();
        // Without Kafka orders are still taken; what it brings comes later.
        Component {
            name: "kafka-inbound".to_owned(),
            ok,
            required: false,
            detail,
        }
    }));
    Ok(Some(inbound))
}

/// Lets what is under way end, and leaves the group.
pub(crate) async fn stop(inbound: Option<Inbound>) {
    let Some(inbound) = inbound else {
        return;
    };
    if !inbound.stop().await {
        tracing::warn!(
            "the consumer did not leave its group in time; some messages come again, as duplicates"
        );
    }
}
