//! What every client of the adapter carries: its plane, and what it last said of its connections.

use crate::client::{OnPlane, log};
use planes::Plane;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::sync::{Arc, Mutex, PoisonError};

/// The context of producers, of consumers that only look, and of questions about topics.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    plane: Plane,
    /// Why a connection or a delivery failed last. Calls only say that they timed out; this says why.
    reason: Arc<Mutex<Option<String>>>,
}

impl Context {
    pub(crate) fn on(plane: &Plane) -> Context {
        Context {
            plane: plane.clone(),
            reason: Arc::default(),
        }
    }

    /// Why a connection or a delivery failed last.
    pub(crate) fn reason(&self) -> Option<String> {
        let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        reason.clone()
    }

    fn remember(&self, reason: String) {
        let mut known = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(reason);
    }
}

impl OnPlane for Context {
    fn plane(&self) -> &Plane {
        &self.plane
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "a client of Kafka complains");
        self.remember(reason.to_owned());
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.remember(error.to_string());
        }
    }
}
