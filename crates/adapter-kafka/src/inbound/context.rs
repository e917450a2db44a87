//! What librdkafka tells of while it is polled: partitions that come and go, errors, statistics.

use super::flow::{Flow, Partition};
use super::metrics::InboundMetrics;
use super::status::Status;
use crate::client;
use crate::network::{Network, OnPlane};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedMessage;
use rdkafka::statistics::{self, Statistics};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The consumer's context.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) network: Network,
    pub(crate) flow: Arc<Flow<OwnedMessage>>,
    pub(crate) metrics: InboundMetrics,
    pub(crate) status: Arc<Status>,
    pub(crate) revoke_timeout: Duration,
    /// Grows with each change of what is ours.
    pub(crate) assignments: AtomicU64,
}

/// Hands the offsets of everything that is done to librdkafka, which commits them.
pub(crate) fn store_offsets(consumer: &BaseConsumer<Context>) {
    let moved = consumer.context().flow.progress();
    if moved.is_empty() {
        return;
    }
    let mut list = TopicPartitionList::with_capacity(moved.len());
    for ((topic, partition), next) in &moved {
        // Only a partition that is not in the list could be refused.
        let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*next));
    }
    if let Err(error) = consumer.store_offsets(&list) {
        // Taken away meanwhile: whoever has it now handles some messages again, as duplicates.
        tracing::debug!(%error, "offsets of a partition that is not ours any more");
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    let elements = list.elements();
    let one = elements
        .iter()
        .map(|element| (element.topic().to_owned(), element.partition()));
    one.collect()
}

impl OnPlane for Context {
    fn network(&self) -> &Network {
        &self.network
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let message = self.network.explained(message);
        // Only here librdkafka says why a connection failed; the error that polling gives has a code.
        if facility == client::FAILED {
            self.status.trouble(message.to_string());
        }
        client::log(level, facility, &message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.metrics.errors.inc();
        let reason = self.network.explained(reason);
        self.status.or_trouble(format!("{error}: {reason}"));
    }

    fn stats(&self, statistics: Statistics) {
        for (name, topic) in &statistics.topics {
            let ours = topic
                .partitions
                .values()
                .filter(|partition| partition.desired);
            self.metrics.lag(name, ours.map(lag).sum());
        }
        let up = statistics
            .brokers
            .values()
            .any(|broker| broker.state == "UP");
        self.status.looked(up);
    }
}

/// Messages that are there and not committed. Before anything was, all that are there.
fn lag(partition: &statistics::Partition) -> i64 {
    let newest = partition.hi_offset.max(partition.ls_offset);
    let done = partition.stored_offset.max(partition.committed_offset);
    let from = if done < 0 { partition.lo_offset } else { done };
    if from < 0 { 0 } else { (newest - from).max(0) }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Context>, rebalance: &Rebalance<'_>) {
        self.metrics.rebalances.inc();
        self.assignments.fetch_add(1, Ordering::Relaxed);
        match rebalance {
            Rebalance::Assign(list) => {
                let ours = partitions(list);
                tracing::info!(partitions = ?ours, "partitions came");
                self.flow.assign(ours);
            }
            Rebalance::Revoke(list) => {
                let gone = partitions(list);
                let quiet = self.flow.quiet(&gone, self.revoke_timeout);
                store_offsets(consumer);
                self.flow.forget(&gone);
                let by_force = consumer.assignment_lost();
                tracing::info!(partitions = ?gone, quiet, by_force, "partitions go");
            }
            Rebalance::Error(error) => {
                tracing::error!(%error, "the group could not be rebalanced");
            }
        }
    }
}
