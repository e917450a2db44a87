//! The thread of one partition: librdkafka's transactions block, and the async runtime must not.

use super::producer::Transactions;
use super::scan::newest_cursor;
use crate::config::Config;
use order_core::ports::{Cursor, PublishError, RecordedEvent};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// Where an answer goes. Whoever asked may be gone; then it is dropped.
pub(super) type Answer<T> = oneshot::Sender<Result<T, PublishError>>;

/// What the thread is asked, one at a time.
pub(super) enum Command {
    /// Fence, and read the cursor. Messages may have so many bytes.
    TakeOver(usize, Answer<Option<Cursor>>),
    SetCursor(Cursor, Answer<()>),
    Publish(Vec<RecordedEvent>, Answer<()>),
    Look(Answer<Option<Cursor>>),
    LetGo(Answer<()>),
}

/// Serves until the last sender is gone.
pub(super) fn run(config: &Arc<Config>, partition: u16, commands: &Receiver<Command>) {
    let mut worker = Worker {
        config,
        partition,
        held: None,
    };
    while let Ok(command) = commands.recv() {
        match command {
            Command::TakeOver(max_event_bytes, answer) => {
                _ = answer.send(worker.take_over(max_event_bytes));
            }
            Command::SetCursor(cursor, answer) => _ = answer.send(worker.set_cursor(cursor)),
            Command::Publish(events, answer) => _ = answer.send(worker.publish(&events)),
            Command::Look(answer) => _ = answer.send(newest_cursor(config, partition)),
            Command::LetGo(answer) => {
                worker.held = None;
                _ = answer.send(Ok(()));
            }
        }
    }
}

struct Worker<'a> {
    config: &'a Config,
    partition: u16,
    /// The producer, and the cursor that stands; none after an error.
    held: Option<(Transactions<'a>, Option<Cursor>)>,
}

impl Worker<'_> {
    fn take_over(&mut self, max_event_bytes: usize) -> Result<Option<Cursor>, PublishError> {
        // The old producer is of no use, and must not outlive the new one's fencing.
        self.held = None;
        let producer = Transactions::take_over(self.config, self.partition, max_event_bytes)?;
        let found = newest_cursor(self.config, self.partition);
        if matches!(found, Ok(_) | Err(PublishError::BadCursor { .. })) {
            let cursor = found.as_ref().ok().cloned().flatten();
            self.held = Some((producer, cursor));
        }
        found
    }

    fn set_cursor(&mut self, cursor: Cursor) -> Result<(), PublishError> {
        let partition = self.partition;
        let held = self.held.take();
        let (producer, _) = held.ok_or(PublishError::Fenced { partition })?;
        producer.commit(&[], &cursor)?;
        self.held = Some((producer, Some(cursor)));
        Ok(())
    }

    fn publish(&mut self, events: &[RecordedEvent]) -> Result<(), PublishError> {
        let partition = self.partition;
        let held = self.held.as_ref();
        let (_, cursor) = held.ok_or(PublishError::Fenced { partition })?;
        let cursor = cursor.as_ref();
        // Refused before anything was begun, so the producer is as good as it was.
        let cursor = cursor.ok_or(PublishError::NoCursor { partition })?;
        let next = after(partition, cursor, events)?;
        match self.held.take() {
            Some((producer, _)) if !events.is_empty() => {
                producer.commit(events, &next)?;
                self.held = Some((producer, Some(next)));
            }
            held => self.held = held,
        }
        Ok(())
    }
}

/// The cursor that stands after these events, which have to begin right after it.
fn after(
    partition: u16,
    cursor: &Cursor,
    events: &[RecordedEvent],
) -> Result<Cursor, PublishError> {
    let mut next = cursor.clone();
    for event in events {
        let expected = next.offset + 1;
        let got = event.position;
        if got.partition != partition || got.offset != expected {
            return Err(PublishError::OutOfOrder { got, expected });
        }
        next.offset = expected;
    }
    if let Some(last) = events.last() {
        next.event = Some(last.event.id());
    }
    Ok(next)
}
