//! How the inbound side is doing, for readiness' words.

use std::sync::{Mutex, PoisonError};

/// What is known; refreshed by librdkafka's statistics and by the loop.
#[derive(Debug, Default)]
pub(crate) struct Status(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    connected: bool,
    trouble: Option<String>,
    missing_topics: Vec<String>,
    paused: Option<String>,
}

impl Status {
    /// An error that the client told of.
    pub(crate) fn trouble(&self, words: String) {
        self.with(|known| known.trouble = Some(words));
    }

    /// An error without a cause of its own: told only where no cause is.
    pub(crate) fn or_trouble(&self, words: String) {
        self.with(|known| {
            known.trouble.get_or_insert(words);
        });
    }

    /// Whether any broker is connected, as of now.
    pub(crate) fn looked(&self, connected: bool) {
        self.with(|known| {
            known.connected = connected;
            if connected {
                known.trouble = None;
            }
        });
    }

    /// Topics that are subscribed and not there.
    pub(crate) fn missing(&self, topics: Vec<String>) {
        self.with(|known| known.missing_topics = topics);
    }

    /// Whether, and why, nothing is taken.
    pub(crate) fn paused(&self, reason: Option<String>) {
        self.with(|known| known.paused = reason);
    }

    /// Whether it works, and one line for people.
    pub(crate) fn told(&self, what: &str) -> (bool, String) {
        self.with(|known| {
            if !known.missing_topics.is_empty() {
                let missing = known.missing_topics.join(", ");
                return (false, format!("{what}: no topic {missing}; make it"));
            }
            match (known.connected, &known.trouble, &known.paused) {
                (_, Some(trouble), _) => (false, format!("{what}: {trouble}")),
                (false, None, _) => (false, format!("{what}: no broker is connected yet")),
                (true, None, Some(reason)) => (false, format!("{what}: paused, {reason}")),
                (true, None, None) => (true, what.to_owned()),
            }
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
