//! The channel to the collector, and whether it is there, told once for each reason.

use crate::config::Config;
use outbound::{Connector, ConnectorOptions};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// Longer than any pause between batches; ends a connection whose peer is silent under a proxy.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// The collector as the shipping tasks see it.
#[derive(Clone, Debug)]
pub(crate) struct Collector {
    name: Arc<str>,
    connector: Connector,
    trouble: Arc<Mutex<Option<String>>>,
    pub(crate) gather: Duration,
    pub(crate) export_timeout: Duration,
    pub(crate) retry_for: Duration,
}

impl Collector {
    /// A channel that connects when something is to be sent. Must be called inside a Tokio runtime.
    pub(crate) fn connect(config: &Config) -> (Collector, Channel) {
        let options = ConnectorOptions {
            tls: config.tls.clone().unwrap_or_default(),
            http1: false,
            ..ConnectorOptions::by(config.plane.clone(), config.resolver.clone())
        };
        let connector = Connector::new(options);
        let endpoint = Endpoint::from(config.endpoint.clone())
            .http2_keep_alive_interval(KEEPALIVE)
            .timeout(config.export_timeout);
        let channel = endpoint.connect_with_connector_lazy(connector.clone());
        let collector = Collector {
            name: config.endpoint.to_string().into(),
            connector,
            trouble: Arc::default(),
            gather: config.gather,
            export_timeout: config.export_timeout,
            retry_for: config.retry_for,
        };
        (collector, channel)
    }

    /// A batch was taken.
    pub(crate) fn is_there(&self) {
        if self.swap(None).is_some() {
            tracing::info!(collector = %self.name, "the collector takes traces and logs again");
        }
    }

    /// A batch was not taken.
    pub(crate) fn is_away(&self, status: &Status) {
        // Why there is no connection the connector knows best.
        let reason = self.connector.trouble();
        let reason = reason.unwrap_or_else(|| format!("{:?}: {}", status.code(), status.message()));
        if self.swap(Some(reason.clone())).as_ref() != Some(&reason) {
            tracing::warn!(
                collector = %self.name, reason,
                "traces and logs do not reach the collector; orders go on, what waits too long is dropped (otlp_dropped_total)"
            );
        }
    }

    /// Why the last batch was not taken.
    pub(crate) fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    fn swap(&self, new: Option<String>) -> Option<String> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *trouble, new)
    }
}
