//! What every client of the adapter carries: its network, and what it last said of its connections.

use crate::client::{FAILED, log};
use crate::config::Config;
use crate::network::{Network, OnPlane};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The context of producers, of consumers that only look, and of questions about topics.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    network: Network,
    /// Why a connection or a delivery failed last. Calls only say that they timed out; this says why.
    reason: Arc<Mutex<Option<String>>>,
    /// Connections that were closed.
    closed: Arc<AtomicU64>,
}

impl Context {
    pub(crate) fn of(config: &Config) -> Context {
        Context {
            network: Network::of(config),
            reason: Arc::default(),
            closed: Arc::default(),
        }
    }

    /// How many connections were closed so far: what was under way on one may reach a broker any time
    /// later, though the client has sent it once more.
    pub(crate) fn closed(&self) -> u64 {
        self.closed.load(Ordering::SeqCst)
    }

    /// Why a connection or a delivery failed last, as far as the client's queue was polled.
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
    fn network(&self) -> &Network {
        &self.network
    }

    fn closed(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let message = self.network.explained(message);
        if facility == FAILED {
            self.remember(message.to_string());
        }
        log(level, facility, &message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "a client of Kafka complains");
        // It says how many are down; why was said before.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.remember(self.network.explained(reason).into_owned());
        }
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
