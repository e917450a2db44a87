//! Where the brokers tell their clients to connect: what matters once the first connection is made, and
//! what is wrong most often where brokers are on several networks (KIP-103).

use crate::client::{failed, producer, settings};
use crate::config::Config;
use crate::context::Context;
use rdkafka::producer::Producer;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// So long is listened for why no broker answered.
const POLL: Duration = Duration::from_millis(50);

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
    let ended = |_| "the thread that asked Kafka has ended".to_owned();
    answered.await.map_err(ended)?
}

fn ask(config: &Config) -> Result<Vec<(String, u16)>, String> {
    let context = Context::of(config);
    let asking = producer(config, &settings(config, "netcheck"), context.clone())
        .map_err(|error| error.to_string())?;
    let told = asking.client().fetch_metadata(None, config.request_timeout);
    let told = told.map_err(|cause| {
        asking.poll(POLL);
        let error = failed(config, "asking for the brokers", cause);
        match context.reason() {
            Some(reason) => format!("{error}: {reason}"),
            None => error.to_string(),
        }
    })?;
    let broker = |broker: &rdkafka::metadata::MetadataBroker| {
        (
            broker.host().to_owned(),
            u16::try_from(broker.port()).unwrap_or_default(),
        )
    };
    Ok(told.brokers().iter().map(broker).collect())
}
