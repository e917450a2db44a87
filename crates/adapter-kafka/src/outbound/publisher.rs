//! [`EventPublisher`] on Kafka: looks after the topics, and hands each partition to its thread.

use super::worker::{Answer, Command, run};
use crate::config::Config;
use crate::spans::publishing;
use crate::topics::{Found, Wanted, ensure};
use async_trait::async_trait;
use order_core::ports::{Cursor, EventPublisher, PublishError, RecordedEvent};
use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tracing::Instrument;

/// Publishes partitions of the feed to Kafka, each in transactions of its own.
#[derive(Debug)]
pub struct KafkaPublisher {
    config: Arc<Config>,
    /// The topics as they were found; nothing after an error, so that they are looked at again.
    topics: Mutex<Option<Topics>>,
    threads: Mutex<HashMap<u16, Sender<Command>>>,
}

#[derive(Clone, Copy, Debug)]
struct Topics {
    cursor_partitions: u32,
    max_event_bytes: usize,
}

impl KafkaPublisher {
    /// Connects to nothing yet.
    pub fn new(config: Config) -> KafkaPublisher {
        KafkaPublisher {
            config: Arc::new(config),
            topics: Mutex::new(None),
            threads: Mutex::default(),
        }
    }

    /// Looks at the topics, and makes them where they are missing and may be made. A take-over does it
    /// where it was not done before; done ahead, the take-over is quicker.
    pub async fn prepare(&self) -> Result<(), PublishError> {
        self.ready(0).await.map(drop)
    }

    async fn ready(&self, partition: u16) -> Result<Topics, PublishError> {
        let needed = u32::from(partition) + 1;
        let known = *locked(&self.topics);
        if let Some(known) = known.filter(|known| known.cursor_partitions >= needed) {
            return Ok(known);
        }
        let found = ensure(Arc::clone(&self.config), self.wanted(needed)).await;
        let found = found.map_err(|error| PublishError::Unavailable {
            detail: error.to_string(),
        })?;
        let topics = self.topics_of(&found);
        *locked(&self.topics) = Some(topics);
        Ok(topics)
    }

    fn wanted(&self, cursor_partitions: u32) -> Vec<Wanted> {
        let new = &self.config.new_topics;
        let events = Wanted::of_messages(&self.config, &self.config.topics.events);
        let cursors = Wanted {
            name: self.config.topics.cursors.clone(),
            partitions: new.cursor_partitions.max(cursor_partitions),
            compacted: true,
            ..events.clone()
        };
        vec![events, cursors]
    }

    fn topics_of(&self, found: &[Found]) -> Topics {
        let (mut cursor_partitions, mut max_event_bytes) = (0, self.config.max_event_bytes);
        for topic in found {
            if topic.name == self.config.topics.cursors {
                cursor_partitions = topic.partitions;
            } else {
                max_event_bytes = max_event_bytes.min(topic.max_message_bytes);
            }
        }
        Topics {
            cursor_partitions,
            max_event_bytes,
        }
    }

    /// Has the partition's thread do something, and waits for its answer.
    async fn ask<T>(
        &self,
        partition: u16,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T, PublishError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.thread(partition)?.send(command(answer));
        let gone = || PublishError::Unavailable {
            detail: format!("the thread of feed partition {partition} has ended"),
        };
        let answered = match sent {
            Ok(()) => answered.await.map_err(|_| gone()),
            Err(_) => Err(gone()),
        };
        let answered = answered.inspect_err(|_| {
            // It panicked; the next call starts another.
            locked(&self.threads).remove(&partition);
        })?;
        answered.inspect_err(|error| {
            if matches!(error, PublishError::Unavailable { .. }) {
                *locked(&self.topics) = None;
            }
        })
    }

    fn thread(&self, partition: u16) -> Result<Sender<Command>, PublishError> {
        let mut threads = locked(&self.threads);
        if let Some(thread) = threads.get(&partition) {
            return Ok(thread.clone());
        }
        let (sender, commands) = channel();
        let config = Arc::clone(&self.config);
        let started = std::thread::Builder::new()
            .name(format!("kafka-feed-{partition}"))
            .spawn(move || run(&config, partition, &commands));
        started.map_err(|error| PublishError::Unavailable {
            detail: format!("no thread for feed partition {partition}: {error}"),
        })?;
        threads.insert(partition, sender.clone());
        Ok(sender)
    }
}

#[async_trait]
impl EventPublisher for KafkaPublisher {
    async fn take_over(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        let max_event_bytes = self.ready(partition).await?.max_event_bytes;
        let command = |answer| Command::TakeOver(max_event_bytes, answer);
        self.ask(partition, command).await
    }

    async fn set_cursor(&self, partition: u16, cursor: Cursor) -> Result<(), PublishError> {
        let command = |answer| Command::SetCursor(cursor, answer);
        self.ask(partition, command).await
    }

    async fn publish(
        &self,
        partition: u16,
        events: Vec<RecordedEvent>,
    ) -> Result<(), PublishError> {
        let span = publishing(&self.config.topics.events, partition, &events);
        let command = |answer| Command::Publish(events, answer);
        let asked = self.ask(partition, command);
        let published = asked.instrument(span.clone()).await;
        if let Err(error) = &published {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", kind(error));
        }
        published
    }

    async fn let_go(&self, partition: u16) {
        let thread = locked(&self.threads).remove(&partition);
        if let Some(thread) = thread {
            let (answer, answered) = oneshot::channel();
            if thread.send(Command::LetGo(answer)).is_ok() {
                // With the last sender gone the thread ends after this.
                drop(thread);
                _ = answered.await;
            }
        }
    }

    async fn look(&self, partition: u16) -> Result<Option<Cursor>, PublishError> {
        self.ready(partition).await?;
        self.ask(partition, Command::Look).await
    }
}

/// What traces call an error.
const fn kind(error: &PublishError) -> &'static str {
    match error {
        PublishError::Fenced { .. } => "fenced",
        PublishError::Unavailable { .. } => "unavailable",
        _ => "failed",
    }
}

/// What is kept is whole at every moment, whoever panicked.
fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
