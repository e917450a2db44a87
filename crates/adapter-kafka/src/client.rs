//! Clients of librdkafka whose every socket is made by `planes`, and whose every name is asked there.
//!
//! rdkafka has no hook for either in its Rust API, so the callbacks are set on the live
//! configuration of a client that knows no broker yet: until [`connect`] adds them no broker
//! thread exists, so no socket can be made and no name asked before the callbacks are there.

use crate::config::{Config, Tls};
use crate::error::KafkaError;
use crate::network::OnPlane;
use crate::rarely::Rarely;
use crate::resolve::{rd_kafka_conf_set_resolve_cb, resolve};
use crate::sockets::{close_socket, connect_socket, open_socket};
use rdkafka::admin::AdminClient;
use rdkafka::client::Client;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Cause;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use rdkafka::types::RDKafkaConf;
use std::ffi::CString;
use std::time::Duration;

/// The settings that every client has.
pub(crate) fn settings(config: &Config, role: &str) -> ClientConfig {
    let millis = config.request_timeout.as_millis().to_string();
    let mut settings = ClientConfig::new();
    settings
        .set("client.id", format!("{}-{role}", config.cluster))
        .set("socket.timeout.ms", &millis)
        .set("socket.connection.setup.timeout.ms", &millis)
        .set("socket.keepalive.enable", "true")
        .set("socket.nagle.disable", "true")
        .set("reconnect.backoff.ms", "100")
        .set("reconnect.backoff.max.ms", "2000")
        .set_log_level(RDKafkaLogLevel::Info);
    if let Some(Tls { ca, identity }) = &config.tls {
        settings
            .set("security.protocol", "ssl")
            .set("ssl.ca.location", ca.to_string_lossy())
            .set("ssl.endpoint.identification.algorithm", "https");
        if let Some((certificate, key)) = identity {
            settings
                .set("ssl.certificate.location", certificate.to_string_lossy())
                .set("ssl.key.location", key.to_string_lossy());
        }
    }
    settings
}

/// A consumer that is bound to its context's plane and knows the brokers.
pub(crate) fn consumer<C: ConsumerContext + OnPlane>(
    config: &Config,
    settings: &ClientConfig,
    context: C,
) -> Result<BaseConsumer<C>, KafkaError> {
    let failed = |cause| failed(config, "making a consumer", cause);
    let consumer: BaseConsumer<C> = settings.create_with_context(context).map_err(failed)?;
    connect(consumer.client(), config).map_err(failed)?;
    Ok(consumer)
}

/// A producer that is bound to its context's plane and knows the brokers.
pub(crate) fn producer<C: ProducerContext + OnPlane>(
    config: &Config,
    settings: &ClientConfig,
    context: C,
) -> Result<BaseProducer<C>, KafkaError> {
    let failed = |cause| failed(config, "making a producer", cause);
    let producer: BaseProducer<C> = settings.create_with_context(context).map_err(failed)?;
    connect(producer.client(), config).map_err(failed)?;
    Ok(producer)
}

/// A client for questions about topics, bound to its context's plane.
pub(crate) fn admin<C: OnPlane>(
    config: &Config,
    settings: &ClientConfig,
    context: C,
) -> Result<AdminClient<C>, KafkaError> {
    let failed = |cause| failed(config, "making a client", cause);
    let admin: AdminClient<C> = settings.create_with_context(context).map_err(failed)?;
    connect(admin.inner(), config).map_err(failed)?;
    Ok(admin)
}

/// The error of something that was asked of these brokers.
pub(crate) fn failed(config: &Config, doing: &str, cause: Cause) -> KafkaError {
    KafkaError {
        doing: doing.to_owned(),
        brokers: config.brokers.clone(),
        cause: Box::new(cause),
    }
}

/// Binds all sockets to come, and only then tells the client its brokers.
#[expect(
    unsafe_code,
    reason = "rdkafka's Rust API has no way to set these callbacks or to add brokers"
)]
fn connect<C: OnPlane>(client: &Client<C>, config: &Config) -> Result<(), Cause> {
    let invalid = |_| Cause::ClientCreation("the list of brokers holds a zero byte".to_owned());
    let brokers = CString::new(config.brokers.as_str()).map_err(invalid)?;
    // SAFETY: the pointer is of a live client, whose configuration lives as long as it does. No
    // broker thread reads it yet, since no broker is known. `opaque` of the callbacks is the context
    // that rdkafka keeps in an `Arc` beside the client for as long as that lives.
    let known = unsafe {
        let conf: *mut RDKafkaConf =
            rdkafka::bindings::rd_kafka_conf(client.native_ptr()).cast_mut();
        rdkafka::bindings::rd_kafka_conf_set_socket_cb(conf, Some(open_socket::<C>));
        rdkafka::bindings::rd_kafka_conf_set_connect_cb(conf, Some(connect_socket::<C>));
        rdkafka::bindings::rd_kafka_conf_set_closesocket_cb(conf, Some(close_socket::<C>));
        rd_kafka_conf_set_resolve_cb(conf, Some(resolve::<C>));
        rdkafka::bindings::rd_kafka_brokers_add(client.native_ptr(), brokers.as_ptr())
    };
    if known > 0 {
        Ok(())
    } else {
        Err(Cause::ClientCreation(format!(
            "no broker in {:?}; expected HOST:PORT, several separated by commas",
            config.brokers
        )))
    }
}

/// The facility of librdkafka's log that tells of a connection that failed.
pub(crate) const FAILED: &str = "FAIL";
/// How often the log tells of connections that failed: every client tries every broker anew about once a second.
const FAILURES_TOLD_EVERY: Duration = Duration::from_secs(10);

/// librdkafka's log lines, as ours.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    static FAILURES: Rarely = Rarely::every(FAILURES_TOLD_EVERY);
    match level {
        // A broker that is away is no error of this service: /readyz, metrics and alerts tell of it.
        _ if facility == FAILED => {
            if let Some(kept_back) = FAILURES.now() {
                tracing::warn!(facility, kept_back, "{message}");
            }
        }
        // Brokers are added once sockets are sure to be bound ([`connect`]).
        _ if facility == "CONFWARN" && message.contains("bootstrap.servers") => {}
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(facility, "{message}"),
        RDKafkaLogLevel::Warning => tracing::warn!(facility, "{message}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "{message}"),
        RDKafkaLogLevel::Debug => tracing::debug!(facility, "{message}"),
    }
}
