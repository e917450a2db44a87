//! What a topic has to be, and what it was found to be.

use crate::config::{Config, NewTopics};
use crate::error::TopicError;

/// Bytes of a segment of a compacted topic: only what is not the newest segment is compacted.
const COMPACTED_SEGMENT_BYTES: &str = "16777216";
/// Messages below this many bytes have to fit, whatever the topic.
const LEAST_MESSAGE_BYTES: usize = 64 * 1024;

/// A topic that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// How many partitions it gets where it is made.
    pub partitions: u32,
    /// Whether only the newest message of each key is kept. Such a topic needs its partitions, and gets
    /// more where it has fewer.
    pub compacted: bool,
    /// Bytes of a message that it should take, where it is made.
    pub max_message_bytes: usize,
}

impl Wanted {
    /// A topic of this name that carries messages.
    pub(crate) fn of_messages(config: &Config, name: &str) -> Wanted {
        Wanted {
            name: name.to_owned(),
            partitions: config.new_topics.partitions,
            compacted: false,
            max_message_bytes: config.max_event_bytes,
        }
    }

    /// The settings that it gets where it is made with so many replicas; the contract tells them too.
    pub(crate) fn settings(&self, new: &NewTopics, replicas: u32) -> Vec<(&'static str, String)> {
        let in_sync = if replicas >= 3 { "2" } else { "1" };
        let mut all = vec![
            ("min.insync.replicas", in_sync.to_owned()),
            ("max.message.bytes", self.max_message_bytes.to_string()),
        ];
        if self.compacted {
            all.push(("cleanup.policy", "compact".to_owned()));
            all.push(("segment.bytes", COMPACTED_SEGMENT_BYTES.to_owned()));
            all.push(("min.cleanable.dirty.ratio", "0.1".to_owned()));
        } else {
            all.push(("cleanup.policy", "delete".to_owned()));
            all.push(("retention.ms", new.retention.as_millis().to_string()));
        }
        all
    }
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// Its partitions.
    pub partitions: u32,
    /// Copies of each partition.
    pub replicas: u32,
    /// How many of them have to have a message before it is acknowledged.
    pub min_in_sync: u32,
    /// `delete`, `compact` or both.
    pub cleanup: String,
    /// How long messages are kept, in milliseconds; -1 for good.
    pub retention_millis: i64,
    /// Bytes of a batch of messages that it takes.
    pub max_message_bytes: usize,
}

/// Refuses what would lose messages or block them for good.
pub(super) fn check(wanted: &Wanted, found: &Found) -> Result<(), TopicError> {
    let unfit = |detail: String| {
        let topic = wanted.name.clone();
        Err(TopicError::Unfit { topic, detail })
    };
    if wanted.compacted && found.cleanup != "compact" {
        return unfit(format!(
            "its cleanup.policy is {:?}, so that what it keeps would be deleted by age: set it to compact",
            found.cleanup
        ));
    }
    if !wanted.compacted && found.cleanup.contains("compact") {
        return unfit(format!(
            "its cleanup.policy is {:?}, so that all but the newest message of an order would be lost: set it to delete",
            found.cleanup
        ));
    }
    if found.max_message_bytes < LEAST_MESSAGE_BYTES {
        return unfit(format!(
            "its max.message.bytes is {}: set it to {LEAST_MESSAGE_BYTES} at least",
            found.max_message_bytes
        ));
    }
    if found.replicas > 0 && found.min_in_sync > found.replicas {
        return unfit(format!(
            "min.insync.replicas is {} of {} replicas, so nothing can be written: set it lower",
            found.min_in_sync, found.replicas
        ));
    }
    Ok(())
}

/// One line with the whole table.
pub(super) fn tell(found: &[Found], made: &[&Wanted]) {
    let line = |topic: &Found| {
        format!(
            "{} (partitions {}, replicas {}, min.insync {}, {}, retention {} ms, messages up to {} bytes{})",
            topic.name,
            topic.partitions,
            topic.replicas,
            topic.min_in_sync,
            topic.cleanup,
            topic.retention_millis,
            topic.max_message_bytes,
            if made.iter().any(|made| made.name == topic.name) {
                ", made now"
            } else {
                ""
            }
        )
    };
    let lines: Vec<String> = found.iter().map(line).collect();
    tracing::info!(topics = lines.join("; "), "topics of Kafka");
    for topic in found
        .iter()
        .filter(|topic| topic.replicas < 3 || topic.min_in_sync < 2)
    {
        tracing::warn!(
            topic = topic.name,
            replicas = topic.replicas,
            min_in_sync = topic.min_in_sync,
            "a broker's loss can lose messages; production wants 3 replicas and min.insync.replicas 2"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(compacted: bool) -> Wanted {
        Wanted {
            name: "t".to_owned(),
            partitions: 1,
            compacted,
            max_message_bytes: 1_000_000,
        }
    }

    fn found(cleanup: &str) -> Found {
        Found {
            name: "t".to_owned(),
            partitions: 1,
            replicas: 2,
            min_in_sync: 1,
            cleanup: cleanup.to_owned(),
            retention_millis: -1,
            max_message_bytes: 1_000_000,
        }
    }

    #[test]
    fn topics_that_would_lose_or_block_messages_are_refused() {
        assert!(check(&wanted(true), &found("compact")).is_ok());
        assert!(check(&wanted(false), &found("delete")).is_ok());
        let small = Found {
            max_message_bytes: 1_000,
            ..found("delete")
        };
        let strict = Found {
            min_in_sync: 3,
            ..found("delete")
        };
        for (wanted, found, word) in [
            (wanted(true), found("delete"), "compact"),
            (wanted(true), found("compact,delete"), "compact"),
            (wanted(false), found("compact"), "delete"),
            (wanted(false), small, "max.message.bytes"),
            (wanted(false), strict, "min.insync.replicas"),
        ] {
            let refused = check(&wanted, &found).unwrap_err().to_string();
            assert!(refused.contains(word), "{refused}");
        }
    }
}
