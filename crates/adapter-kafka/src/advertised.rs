//! Where the brokers tell their clients to connect: what matters once the first connection is made, and
//! what is wrong most often where brokers are on several networks (KIP-103).

use crate::client::{producer, settings};
use crate::config::Config;
use crate::context::Context;
use crate::error::KafkaError;
use rdkafka::producer::Producer;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Host and port of every broker of the cluster, as it advertises itself. Takes as long as
/// [`request_timeout`](Config::request_timeout) where no broker answers.
pub async fn advertised(config: Arc<Config>) -> Result<Vec<(String, u16)>, String> {
    let (answer, answered) = oneshot::channel();
    // A thread of its own: the runtime would wait for one of its pool when it ends, whatever Kafka does.
    let thread = std::thread::Builder::new().name("kafka-advertised".to_owned());
    let work = move || _ = answer.send(ask(&config));
    thread
        .spawn(work)
        .map_err(|error| format!("no thread to ask Kafka: {error}"))?;
    let told = answered
        .await
        .map_err(|_| "the thread that asked Kafka has ended".to_owned())?;
    told.map_err(|(error, reason)| match reason {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    })
}

fn ask(config: &Config) -> Result<Vec<(String, u16)>, (KafkaError, Option<String>)> {
    let context = Context::of(config);
    let asking = producer(config, &settings(config, "netcheck"), context.clone())
        .map_err(|error| (error, None))?;
    let told = asking.client().fetch_metadata(None, config.request_timeout);
    let told = told.map_err(|cause| {
        asking.poll(std::time::Duration::from_millis(50));
        let error = crate::client::failed(config, "asking for the brokers", cause);
        (error, context.reason())
    })?;
    let broker = |broker: &rdkafka::metadata::MetadataBroker| {
        (
            broker.host().to_owned(),
            u16::try_from(broker.port()).unwrap_or_default(),
        )
    };
    Ok(told.brokers().iter().map(broker).collect())
}
