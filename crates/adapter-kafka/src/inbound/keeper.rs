//! How many dead letters the store is given: as many as anybody looks at. Behind that the topic has to be
//! enough, so a producer gone wild does not fill the database.

use super::apply::Verdict;
use super::keep::keep;
use super::metrics::Outcome;
use crate::rarely::Rarely;
use order_core::domain::limits::MAX_COUNTED_ENTRIES;
use order_core::ports::{Repair, StoreError};
use rdkafka::message::{Message as _, OwnedMessage};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a count is believed; other replicas keep messages too, and operators drop them.
const BELIEVED_FOR: Duration = Duration::from_secs(10);

/// Keeps messages in the store while there is room.
pub(crate) struct Keeper {
    kept: Arc<dyn Repair>,
    room: Mutex<Room>,
    told: Rarely,
}

#[derive(Debug, Default)]
struct Room {
    counted: Option<Instant>,
    left: u64,
}

impl Keeper {
    pub(crate) fn new(kept: Arc<dyn Repair>) -> Keeper {
        Keeper {
            kept,
            room: Mutex::default(),
            told: Rarely::default(),
        }
    }

    /// Keeps a message that the dead-letter topic has, if the store has fewer than are counted.
    pub(crate) async fn keep(&self, raw: &OwnedMessage, reason: &str) -> Verdict {
        match self.has_room().await {
            Ok(true) => keep(&*self.kept, raw, reason).await,
            Ok(false) => {
                if let Some(kept_back) = self.told.now() {
                    let (topic, partition, offset) = (raw.topic(), raw.partition(), raw.offset());
                    tracing::warn!(
                        topic,
                        partition,
                        offset,
                        kept_back,
                        most = MAX_COUNTED_ENTRIES,
                        "the store has as many dead letters as it keeps; only the dead-letter topic has this one"
                    );
                }
                Verdict::Done(Outcome::Dead)
            }
            Err(error) => Verdict::Away(error.to_string()),
        }
    }

    /// Takes a place, after counting where the last count is old.
    async fn has_room(&self) -> Result<bool, StoreError> {
        if !self.is_known() {
            let messages = self.kept.counts().await?.dead_messages;
            let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            *room = Room {
                counted: Some(Instant::now()),
                left: if messages.capped {
                    0
                } else {
                    MAX_COUNTED_ENTRIES.saturating_sub(messages.number)
                },
            };
        }
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = room.left > 0;
        room.left = room.left.saturating_sub(1);
        Ok(has_room)
    }

    fn is_known(&self) -> bool {
        let room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.counted
            .is_some_and(|counted| counted.elapsed() < BELIEVED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use order_core::ports::DeadMessage;
    use rdkafka::message::Timestamp;
    use testkit::fakes::MemoryStore;

    fn raw(offset: i64) -> OwnedMessage {
        let topic = "payments.events.v1".to_owned();
        let value = Some(b"no json".to_vec());
        OwnedMessage::new(value, None, topic, Timestamp::NotAvailable, 0, offset, None)
    }

    async fn filled(store: &MemoryStore, messages: u64) {
        for offset in 0..i64::try_from(messages).unwrap() {
            let message = DeadMessage {
                topic: "orders.commands.v1".to_owned(),
                partition: 0,
                offset,
                key: None,
                headers: Vec::new(),
                value: None,
                omitted_bytes: 0,
                reason: "it is no JSON".to_owned(),
            };
            assert!(store.keep(message).await.unwrap());
        }
    }

    #[tokio::test]
    async fn the_store_is_given_no_more_than_is_counted() {
        let store = MemoryStore::new();
        filled(&store, MAX_COUNTED_ENTRIES - 2).await;
        let keeper = Keeper::new(Arc::new(store.clone()));
        for offset in 0..5 {
            let verdict = keeper.keep(&raw(offset), "it is no JSON").await;
            assert_eq!(verdict, Verdict::Done(Outcome::Dead));
        }
        let counts = store.counts().await.unwrap().dead_messages;
        assert_eq!((counts.number, counts.capped), (MAX_COUNTED_ENTRIES, false));
        // Once an operator has dropped one, the next count finds room.
        let listed = store.dead_letters(None, 1).await.unwrap();
        assert!(store.discard(listed[0].id).await.unwrap());
        keeper.room.lock().unwrap().counted = None;
        keeper.keep(&raw(9), "it is no JSON").await;
        let counts = store.counts().await.unwrap().dead_messages;
        assert_eq!(counts.number, MAX_COUNTED_ENTRIES);
    }
}
