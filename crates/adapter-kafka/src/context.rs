//! What every client of the adapter carries: its plane, and what it last said of its connections.

use crate::client::{OnPlane, log};
use planes::Plane;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The context of producers, of consumers that only look, and of questions about topics.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    plane: Plane,
    /// Why a connection or a delivery failed last. Calls only say that they timed out; this says why.
    reason: Arc<Mutex<Option<String>>>,
    /// Connections that broke, and requests that were not answered in time.
    breaks: Arc<AtomicU64>,
}

/// Facilities of librdkafka's log that tell of a broken connection and of an unanswered request. They are
/// written before anything is sent once more.
const BREAKS: [&str; 2] = ["FAIL", "REQTMOUT"];

impl Context {
    pub(crate) fn on(plane: &Plane) -> Context {
        Context {
            plane: plane.clone(),
            reason: Arc::default(),
            breaks: Arc::default(),
        }
    }

    /// How many connections broke and requests were not answered in time: what was under way then may
    /// arrive at a broker any time later, though the client has sent it once more.
    pub(crate) fn breaks(&self) -> u64 {
        self.breaks.load(Ordering::SeqCst)
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
        if BREAKS.contains(&facility) {
            self.breaks.fetch_add(1, Ordering::SeqCst);
            self.remember(message.to_owned());
        }
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
