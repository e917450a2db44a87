//! The suite of `EventPublisher`, each rule on topics of its own.

use crate::bench::{Bench as Topics, kafka};
use async_trait::async_trait;
use order_core::ports::EventPublisher;
use std::sync::Arc;
use testkit::suites::event_publisher::{Bench, Broker};

struct Real(Topics);

#[async_trait]
impl Broker for Real {
    async fn publisher(&self) -> Arc<dyn EventPublisher> {
        Arc::new(self.0.publisher())
    }

    async fn published(&self, partition: u16) -> Vec<String> {
        let topics = self.0.clone();
        let read = tokio::task::spawn_blocking(move || topics.read()).await;
        let of_partition = read.unwrap().into_iter().filter_map(|message| {
            let (found, _) = message.place();
            (found == partition).then(|| message.header("ce_id"))
        });
        of_partition.collect()
    }
}

async fn make() -> ((), Bench) {
    let server = kafka().await;
    ((), Arc::new(Real(Topics::new(&server.bootstrap(), 1))))
}

testkit::event_publisher_suite!(make);
