//! The bounds of what comes in.

use std::time::Duration;

/// How messages are taken and handled.
#[derive(Clone, Debug)]
pub struct InboundConfig {
    /// The consumer group; replicas of one deployment share it.
    pub group: String,
    /// Messages taken and not done yet; above it nothing more is taken.
    pub max_in_flight_messages: usize,
    /// Bytes of them.
    pub max_in_flight_bytes: usize,
    /// Orders whose messages are handled at one time, and so may share a commit.
    pub max_orders_at_once: usize,
    /// What librdkafka fetches ahead, for all partitions together. Kilobytes.
    pub max_prefetched_kbytes: u32,
    /// The first wait after something failed; each next one is twice as long, with jitter.
    pub retry_first: Duration,
    /// The longest.
    pub retry_longest: Duration,
    /// Attempts at a message that fails while the store works; then it is a dead letter.
    pub max_attempts: u32,
    /// How long a broker may take to take a dead letter.
    pub dead_letter_timeout: Duration,
    /// The largest dead letter. Where it does not fit, it goes without its value. Bytes.
    pub dead_letter_max_bytes: u32,
    /// How often offsets go to the broker: so much is handled again after a crash, as duplicates.
    pub commit_interval: Duration,
    /// After so long without a sign of life the group gives this member's partitions to others.
    pub session_timeout: Duration,
    /// How long partitions that are taken away wait for what is under way in them.
    pub revoke_timeout: Duration,
    /// How long a stop waits for what is under way.
    pub drain_timeout: Duration,
}

impl InboundConfig {
    /// The default bounds in this group.
    pub fn in_group(group: impl Into<String>) -> InboundConfig {
        InboundConfig {
            group: group.into(),
            max_in_flight_messages: 8_192,
            max_in_flight_bytes: 32 * 1024 * 1024,
            max_orders_at_once: 256,
            max_prefetched_kbytes: 16 * 1024,
            retry_first: Duration::from_millis(100),
            retry_longest: Duration::from_secs(2),
            max_attempts: 8,
            dead_letter_timeout: Duration::from_secs(30),
            dead_letter_max_bytes: 2 * 1024 * 1024,
            commit_interval: Duration::from_secs(1),
            session_timeout: Duration::from_secs(10),
            revoke_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
