//! Every bound of the batcher, in one visible place.

use std::{error::Error, fmt};

/// The bounds of one batcher. The number of writers is the number of flushers that it is started with.
///
/// What can be in memory at once is the queue's bound plus, for each writer, one batch's bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Items that may wait, not counting the batches that are being written. One more is refused.
    pub max_queued_items: usize,
    /// Weight that may wait, in the unit that callers of `submit` use, by convention bytes.
    pub max_queued_weight_bytes: usize,
    /// Items of one batch, so of one transaction.
    pub max_batch_items: usize,
    /// Weight of one batch. An item heavier than this is written in a batch of its own.
    pub max_batch_weight_bytes: usize,
    /// How full the queue must be, in percent of the last batch's items, before a further writer
    /// starts beside one that is already writing. Lower values split batches rather than overlap
    /// them; without effect where there is one writer.
    pub further_writer_percent: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_queued_items: 4096,
            max_queued_weight_bytes: 32 * 1024 * 1024,
            max_batch_items: 512,
            max_batch_weight_bytes: 4 * 1024 * 1024,
            further_writer_percent: 80,
        }
    }
}

impl Config {
    /// Refuses bounds with which nothing could ever be written.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let bounds = [
            ("max_queued_items", self.max_queued_items),
            ("max_queued_weight_bytes", self.max_queued_weight_bytes),
            ("max_batch_items", self.max_batch_items),
            ("max_batch_weight_bytes", self.max_batch_weight_bytes),
        ];
        match bounds.iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(ConfigError::Zero { field }),
            None => Ok(()),
        }
    }
}

/// Why a batcher could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// The bound is zero, so that nothing could ever be accepted.
    Zero {
        /// The field of [`Config`].
        field: &'static str,
    },
    /// No flusher was given, so that nobody would write.
    NoWriter,
    /// Writers are tasks, and there is no tokio runtime around the call to run them.
    NoRuntime,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { field } => {
                write!(
                    f,
                    "group commit cannot start: {field} is 0; set it to at least 1"
                )
            }
            Self::NoWriter => {
                f.write_str("group commit cannot start: no flusher was given; pass at least one")
            }
            Self::NoRuntime => {
                f.write_str("group commit cannot start: no tokio runtime here; start it inside one")
            }
        }
    }
}

impl Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError};

    #[test]
    fn the_default_is_valid_and_every_bound_of_zero_is_named() {
        assert_eq!(Config::default().validate(), Ok(()));
        let ones = Config {
            max_queued_items: 1,
            max_queued_weight_bytes: 1,
            max_batch_items: 1,
            max_batch_weight_bytes: 1,
            further_writer_percent: 0,
        };
        assert_eq!(ones.validate(), Ok(()));
        let zeros = [
            (
                "max_queued_items",
                Config {
                    max_queued_items: 0,
                    ..ones
                },
            ),
            (
                "max_queued_weight_bytes",
                Config {
                    max_queued_weight_bytes: 0,
                    ..ones
                },
            ),
            (
                "max_batch_items",
                Config {
                    max_batch_items: 0,
                    ..ones
                },
            ),
            (
                "max_batch_weight_bytes",
                Config {
                    max_batch_weight_bytes: 0,
                    ..ones
                },
            ),
        ];
        for (field, config) in zeros {
            let refusal = ConfigError::Zero { field };
            assert_eq!(config.validate(), Err(refusal));
            assert!(refusal.to_string().contains(field));
        }
    }
}
