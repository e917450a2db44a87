//! A broker in memory, and publishers that fence each other on it.

use super::locked;
use async_trait::async_trait;
use order_core::ports::{Cursor, EventPublisher, PublishError, RecordedEvent};
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
    cursor: Option<Cursor>,
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

    /// Forgets the cursor of a partition, as when the cursor topic is deleted, or puts another there.
    pub fn put_cursor(&self, partition: u16, cursor: Option<Cursor>) {
        let mut topics = locked(&self.0);
        topics.partitions.entry(partition).or_default().cursor = cursor;
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
    async fn take_over(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        let mut topics = locked(&self.broker.0);
        topics.check()?;
        let known = topics.partitions.entry(partition).or_default();
        known.epoch += 1;
        locked(&self.epochs).insert(partition, known.epoch);
        Ok(known.cursor.clone())
    }

    async fn set_cursor(&self, partition: u16, cursor: Cursor) -> Result<(), PublishError> {
        let mut topics = locked(&self.broker.0);
        self.held(&mut topics, partition)?.cursor = Some(cursor);
        Ok(())
    }

    async fn publish(
        &self,
        partition: u16,
        events: Vec<RecordedEvent>,
    ) -> Result<(), PublishError> {
        let mut topics = locked(&self.broker.0);
        let known = self.held(&mut topics, partition)?;
        let Some(cursor) = &mut known.cursor else {
            return Err(PublishError::NoCursor { partition });
        };
        let mut expected = cursor.offset;
        for event in &events {
            expected += 1;
            if event.position.partition != partition || event.position.offset != expected {
                return Err(PublishError::OutOfOrder {
                    got: event.position,
                    expected,
                });
            }
        }
        if let Some(last) = events.last() {
            cursor.offset = expected;
            cursor.event = Some(last.event.id());
        }
        known.events.extend(events);
        Ok(())
    }

    async fn let_go(&self, partition: u16) {
        locked(&self.epochs).remove(&partition);
    }

    async fn look(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        let topics = locked(&self.broker.0);
        topics.check()?;
        let known = topics.partitions.get(&partition);
        Ok(known.and_then(|known| known.cursor.clone()))
    }
}

impl MemoryPublisher {
    /// Whoever never took the partition over holds it as little as one who was fenced.
    fn held<'t>(
        &self,
        topics: &'t mut Topics,
        partition: u16,
    ) -> Result<&'t mut Partition, PublishError> {
        topics.check()?;
        let known = topics.partitions.entry(partition).or_default();
        if locked(&self.epochs).get(&partition) == Some(&known.epoch) {
            Ok(known)
        } else {
            Err(PublishError::Fenced { partition })
        }
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
