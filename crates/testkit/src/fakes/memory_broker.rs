//! A broker in memory, and publishers that fence each other on it.

use super::locked;
use async_trait::async_trait;
use order_core::ports::{EventPublisher, PublishError, RecordedEvent};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// What is published, by partition. Clones are the same broker.
#[derive(Clone, Debug, Default)]
pub struct MemoryBroker(Arc<Mutex<Topics>>);

#[derive(Debug, Default)]
struct Topics {
    partitions: HashMap<u16, Partition>,
    away: Option<String>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Raised by every take-over: a publisher with a lower one is fenced.
    epoch: u64,
    /// Offset of the last event that was published.
    cursor: u64,
    events: Vec<RecordedEvent>,
}

impl MemoryBroker {
    /// A broker to which nothing was published.
    pub fn new() -> MemoryBroker {
        MemoryBroker::default()
    }

    /// A new publisher to this broker, as another replica has one.
    pub fn publisher(&self) -> MemoryPublisher {
        MemoryPublisher {
            broker: self.clone(),
            epochs: Mutex::new(HashMap::new()),
        }
    }

    /// What consumers of `partition` see, in their order.
    pub fn published(&self, partition: u16) -> Vec<RecordedEvent> {
        let topics = locked(&self.0);
        topics
            .partitions
            .get(&partition)
            .map(|known| known.events.clone())
            .unwrap_or_default()
    }

    /// Makes every call fail with this detail, or work again.
    pub fn set_away(&self, detail: Option<&str>) {
        locked(&self.0).away = detail.map(str::to_owned);
    }
}

/// One replica's publisher.
#[derive(Debug)]
pub struct MemoryPublisher {
    broker: MemoryBroker,
    /// The epoch under which it holds each partition.
    epochs: Mutex<HashMap<u16, u64>>,
}

#[async_trait]
impl EventPublisher for MemoryPublisher {
    async fn cursor(&self, partition: u16) -> Result<u64, PublishError> {
        let mut topics = locked(&self.broker.0);
        topics.check()?;
        let known = topics.partitions.entry(partition).or_default();
        known.epoch += 1;
        locked(&self.epochs).insert(partition, known.epoch);
        Ok(known.cursor)
    }

    async fn publish(&self, events: &[RecordedEvent]) -> Result<(), PublishError> {
        let mut topics = locked(&self.broker.0);
        topics.check()?;
        let Some(first) = events.first() else {
            return Ok(());
        };
        let partition = first.position.partition;
        let known = topics.partitions.entry(partition).or_default();
        // Whoever never took the partition over holds it as little as one who was fenced.
        if locked(&self.epochs).get(&partition) != Some(&known.epoch) {
            return Err(PublishError::Fenced { partition });
        }
        let mut expected = known.cursor;
        for event in events {
            expected += 1;
            if event.position.partition != partition || event.position.offset != expected {
                return Err(PublishError::OutOfOrder {
                    got: event.position,
                    expected,
                });
            }
        }
        known.cursor = expected;
        known.events.extend_from_slice(events);
        Ok(())
    }
}

impl Topics {
    fn check(&self) -> Result<(), PublishError> {
        match &self.away {
            Some(detail) => Err(PublishError::Unavailable {
                detail: detail.clone(),
            }),
            None => Ok(()),
        }
    }
}
