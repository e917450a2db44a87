//! Reads the cursor back: the newest record of a partition that was committed, however many
//! transactions were aborted after it.

use super::cursor;
use crate::client::{consumer, failed, settings};
use crate::config::Config;
use crate::context::Context;
use order_core::ports::{Cursor, PublishError};
use rdkafka::Message;
use rdkafka::TopicPartitionList;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as Cause;
use rdkafka::topic_partition_list::Offset;
use std::time::{Duration, Instant};

/// Offsets that are looked at first: some dozen transactions of two offsets each.
const FIRST_WINDOW: i64 = 128;
/// So many times more at each further look.
const WINDOW_GROWTH: i64 = 16;
/// How long a broker waits for more at the end of a partition. Milliseconds.
const END_WAIT_MILLIS: &str = "10";
/// How often the end of a foreign transaction is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The newest committed cursor of `partition`.
pub(super) fn newest_cursor(
    config: &Config,
    partition: u16,
) -> Result<Option<Cursor>, PublishError> {
    let context = Context::of(config);
    let scan = Scan {
        config,
        context,
        partition,
    };
    scan.run()
}

struct Scan<'a> {
    config: &'a Config,
    context: Context,
    partition: u16,
}

impl Scan<'_> {
    fn run(&self) -> Result<Option<Cursor>, PublishError> {
        let committed = self.consumer("read_committed")?;
        let (low, end) = self.settled_end(&committed)?;
        let mut window = FIRST_WINDOW;
        let mut from = end;
        while from > low {
            from = low.max(end.saturating_sub(window));
            if let Some(value) = self.last_after(&committed, from, end)? {
                let partition = self.partition;
                let cursor = cursor::read(&value);
                return cursor
                    .map(Some)
                    .map_err(|detail| PublishError::BadCursor { partition, detail });
            }
            window = window.saturating_mul(WINDOW_GROWTH);
        }
        Ok(None)
    }

    /// The first offset, and the end once no transaction is open: what an open one wrote may be the
    /// cursor yet.
    fn settled_end(&self, committed: &BaseConsumer<Context>) -> Result<(i64, i64), PublishError> {
        let all = self.consumer("read_uncommitted")?;
        let deadline = Instant::now() + self.config.transaction_timeout;
        loop {
            let (_, high) = self.watermarks(&all)?;
            let (low, stable) = self.watermarks(committed)?;
            if stable >= high {
                return Ok((low, stable));
            }
            if Instant::now() >= deadline {
                return Err(PublishError::Unavailable {
                    detail: format!(
                        "{} partition {} holds a transaction of somebody else that does not end: no other deployment may write there",
                        self.config.topics.cursors, self.partition
                    ),
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The value of the last record of this partition's key from `from` on.
    fn last_after(
        &self,
        consumer: &BaseConsumer<Context>,
        from: i64,
        end: i64,
    ) -> Result<Option<Vec<u8>>, PublishError> {
        let failed = |cause| self.failed("reading the cursor", cause);
        let mut assigned = TopicPartitionList::new();
        let topic = &self.config.topics.cursors;
        assigned
            .add_partition_offset(topic, i32::from(self.partition), Offset::Offset(from))
            .map_err(failed)?;
        consumer.assign(&assigned).map_err(failed)?;
        let key = cursor::key(self.partition);
        let mut last = None;
        let mut deadline = Instant::now() + self.config.request_timeout;
        loop {
            match consumer.poll(self.config.request_timeout) {
                Some(Ok(message)) => {
                    if message.key() == Some(key.as_bytes()) {
                        last = message.payload().map(<[u8]>::to_vec);
                    }
                    if message.offset() + 1 >= end {
                        return Ok(last);
                    }
                    deadline = Instant::now() + self.config.request_timeout;
                }
                Some(Err(Cause::PartitionEOF(_))) => return Ok(last),
                // The client tries again by itself; the deadline ends that.
                Some(Err(cause)) if Instant::now() >= deadline => return Err(failed(cause)),
                None if Instant::now() >= deadline => return Err(failed(Cause::NoMessageReceived)),
                Some(Err(_)) | None => {}
            }
        }
    }

    fn consumer(&self, isolation: &str) -> Result<BaseConsumer<Context>, PublishError> {
        let mut settings: ClientConfig = settings(self.config, "cursors");
        settings
            // No group is joined; librdkafka gives out messages only where one is named.
            .set("group.id", format!("{}-cursors", self.config.cluster))
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("allow.auto.create.topics", "false")
            .set("fetch.wait.max.ms", END_WAIT_MILLIS)
            .set("isolation.level", isolation);
        let made = consumer(self.config, &settings, self.context.clone());
        made.map_err(|error| PublishError::Unavailable {
            detail: error.to_string(),
        })
    }

    fn watermarks(&self, consumer: &BaseConsumer<Context>) -> Result<(i64, i64), PublishError> {
        let (topic, partition) = (&self.config.topics.cursors, i32::from(self.partition));
        let asked = consumer.fetch_watermarks(topic, partition, self.config.request_timeout);
        asked.map_err(|cause| {
            // What the client says of its connections comes by the queue of messages.
            _ = consumer.poll(LOOK_EVERY);
            self.failed("looking for the cursor", cause)
        })
    }

    fn failed(&self, doing: &str, cause: Cause) -> PublishError {
        let reason = self.context.reason();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        PublishError::Unavailable {
            detail: format!("{}{reason}", failed(self.config, doing, cause)),
        }
    }
}
